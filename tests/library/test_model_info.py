"""What files tell about a model that is not loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdplay.library.model_info import read_model_info
from tests.support.headers import SD2, SD15, SDXL, write_header


def told(path: Path) -> dict[str, str]:
    return {part.name: str(part) for part in read_model_info(path).parts}


def test_a_single_file_tells_its_parts(tmp_path: Path) -> None:
    path = write_header(tmp_path / "m.safetensors", SD15, metadata={"modelspec.license": "openrail"})
    assert told(path) == {
        "network": "0.1 million weights in F16, 4 channels in",
        "VAE": "0.0 million weights in F16",
        "text encoder": "37.9 million weights in F16, 49408 tokens, 768 wide",
    }
    body = read_model_info(path)
    assert (body.prediction, body.size, body.licence) == ("epsilon", path.stat().st_size, "openrail")


def test_the_two_text_encoders_of_sdxl_are_told_apart(tmp_path: Path) -> None:
    found = told(write_header(tmp_path / "m.safetensors", SDXL))
    assert "768 wide" in found["text encoder"]
    assert "1280 wide" in found["text encoder 2"]


def test_what_a_single_file_predicts(tmp_path: Path) -> None:
    said = {"modelspec.prediction_type": "v"}
    assert read_model_info(write_header(tmp_path / "m.safetensors", SD2, metadata=said)).prediction == "v_prediction"


def test_a_folder_tells_its_parts(tiny: Path, tiny_v: Path) -> None:
    found = told(tiny)
    assert found.keys() == {"network", "VAE", "text encoder"}
    assert found["network"].endswith("weights in F32, 4 channels in, texts 32 wide")
    assert found["VAE"].endswith("weights in F32, 4 channels")
    assert found["text encoder"].endswith("32 wide")
    assert (read_model_info(tiny).prediction, read_model_info(tiny_v).prediction) == ("epsilon", "v_prediction")
    assert read_model_info(tiny).size == sum(path.stat().st_size for path in tiny.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: creativeml-openrail-m\ntags: [art]\n---\n# A model", "creativeml-openrail-m"),
        ("---\nlicense: other\nlicense_name: stability-ai-community\n---\n", "stability-ai-community"),
        ("---\ntags: []\n---\n", None),
        ("---\n: [\n---\n", None),
        ("---\nno end", None),
        ("# A model", None),
        ("", None),
    ],
)
def test_the_licence_is_in_the_front_matter_of_the_card(
    card: str, licence: str | None, tiny: Path, tmp_path: Path
) -> None:
    shutil.copytree(tiny, tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text(card)
    assert read_model_info(tmp_path / "model").licence == licence

"""From the name somebody typed to a folder and its digest, or to a plain word about why not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.core.fields import LARGEST_SIDE, SMALLEST_SIDE
from sdplay.library.card import shipped_cards
from sdplay.library.digest import LARGE, file_digest, folder_digest, known_digest
from sdplay.library.resolve import USUAL, resolve


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be damaged."""
    shutil.copytree(tiny, tmp_path / "model")
    return tmp_path / "model"


def test_a_folder_is_found_by_its_path_in_any_spelling(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = resolve(str(model))
    assert (found.path, found.identity.name, found.card.name) == (model, "model", "model")
    assert found.identity.family == found.card.family == "sd"
    assert len(found.identity.digest) == 64
    monkeypatch.chdir(model.parent)
    monkeypatch.setenv("HOME", str(model.parent))
    for spelled in ("model", "./model", "model/", "model/unet/..", "~/model", str(model) + "//"):
        assert resolve(spelled).identity == found.identity
        assert resolve(spelled).path == model
    monkeypatch.chdir(model)
    assert resolve(".").identity == found.identity


def test_a_folder_of_ours_takes_the_general_card_at_its_own_size(model: Path) -> None:
    general = shipped_cards()["sd15"]
    found = resolve(str(model)).card
    assert found.size == 64
    assert (found.steps, found.sampler, found.schedule) == (general.steps, general.sampler, general.schedule)
    assert found.tile == general.tile


@pytest.mark.parametrize(
    ("sample_size", "side"), [(64, 512), (96, 768), (9, 72), (1, SMALLEST_SIDE), (10_000, LARGEST_SIDE)]
)
def test_the_size_of_a_folder_is_one_that_may_be_asked_for(sample_size: int, side: int, model: Path) -> None:
    rewrite(model / "unet" / "config.json", sample_size=sample_size)
    assert resolve(str(model)).card.size == side


def test_a_vae_of_another_depth_gives_another_size(model: Path) -> None:
    rewrite(model / "unet" / "config.json", sample_size=33)
    rewrite(model / "vae" / "config.json", block_out_channels=[8, 8])
    assert resolve(str(model)).card.size == 64  # 66 is not a multiple of 8


def rewrite(path: Path, **entries: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


NAMES_OF_NOTHING = {
    "a name": "no-such-model",
    "a path": "/no/such/folder",
    "a home that nobody has": "~nobody-has-this-name/model",
    "a name without end": "a" * 5000,
    "a path below a file": f"{__file__}/model",
    "a NUL": "a\0b",
    "blank": " ",
    "letters of other scripts": "モデル",
}


@pytest.mark.parametrize("name", NAMES_OF_NOTHING.values(), ids=NAMES_OF_NOTHING)
def test_what_is_nowhere_is_not_found(name: str) -> None:
    with pytest.raises(ModelNotFound, match="no model has this name") as caught:
        resolve(name)
    error = caught.value
    assert (error.field, error.value, error.exit_code) == ("model", name, 2)
    assert "builtin" in error.hint
    assert len(str(error)) < 6000


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelBroken, match="the file is empty"):
        resolve(str(tmp_path / "model.safetensors"))


@pytest.mark.parametrize("part", [part for part in USUAL if part != "vae"])
def test_a_folder_that_lacks_a_part_is_broken(part: str, model: Path) -> None:
    shutil.rmtree(model / part)
    with pytest.raises(ModelBroken, match=f"the folder has no {part}") as caught:
        resolve(str(model))
    assert caught.value.exit_code == 1


def test_an_empty_folder_lacks_everything(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match="has no scheduler, text_encoder, tokenizer, unet, vae"):
        resolve(str(tmp_path))


def write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize("part", ["unet", "vae"])
@pytest.mark.parametrize(
    "damage",
    [Path.unlink, write(b""), write(b"{"), write(b"[]"), write(b"{}"), write(b"\xff"), write(b'"unet"')],
    ids=["gone", "empty", "cut off", "a list", "nothing in it", "no text", "a word"],
)
def test_a_configuration_that_cannot_be_read_is_told(part: str, damage: Callable[[Path], object], model: Path) -> None:
    damage(model / part / "config.json")
    with pytest.raises(ModelBroken, match="configuration of its unet or vae cannot be read") as caught:
        resolve(str(model))
    assert caught.value.value == str(model)


@pytest.mark.parametrize("sample_size", [None, "big", [64, 64], {}])
def test_a_size_that_is_no_number_is_told(sample_size: object, model: Path) -> None:
    rewrite(model / "unet" / "config.json", sample_size=sample_size)
    with pytest.raises(ModelBroken):
        resolve(str(model))


def test_a_file_that_cannot_be_read_is_told(model: Path) -> None:
    (model / "unet" / "more.safetensors").symlink_to(model / "nowhere")
    with pytest.raises(ModelBroken, match="a file cannot be read"):
        resolve(str(model))


def test_a_folder_whose_name_is_no_text_can_be_used(tiny: Path, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/m\xffdel"
    shutil.copytree(tiny, os.fsdecode(folder))
    found = resolve(os.fsdecode(folder))
    assert found.identity.name == "m?del"
    assert found.identity.name.encode()


# --- the digest ------------------------------------------------------------------------------------------------------


def test_the_digest_is_of_contents_and_not_of_places(tiny: Path, model: Path) -> None:
    digest = folder_digest(tiny)
    assert folder_digest(model) == digest
    os.utime(model / "unet" / "config.json", (1, 1))
    (model / "README.md").write_text("about")
    (model / "unet" / "notes.md").write_text("about")
    (model / "model_index.json").write_text("{}")
    assert folder_digest(model) == digest


@pytest.mark.parametrize(
    "file",
    [
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ],
)
def test_one_bit_of_any_file_that_shapes_pictures_counts(file: str, model: Path) -> None:
    digest = folder_digest(model)
    content = bytearray((model / file).read_bytes())
    content[-1] ^= 1
    (model / file).write_bytes(content)
    assert folder_digest(model) != digest


def test_a_file_more_or_moved_counts(model: Path) -> None:
    digest = folder_digest(model)
    (model / "unet" / "extra.safetensors").write_bytes(b"")
    more = folder_digest(model)
    (model / "unet" / "extra.safetensors").rename(model / "vae" / "extra.safetensors")
    assert len({digest, more, folder_digest(model)}) == 3


# --- the cards -------------------------------------------------------------------------------------------------------


def test_every_shipped_card_can_be_settled_with() -> None:
    from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES

    cards = shipped_cards()
    assert {"builtin", "sd15"} <= cards.keys()
    for name, card in cards.items():
        assert card.name == name
        assert card.sampler in SAMPLER_ALIASES
        assert card.schedule in SCHEDULE_ALIASES
        assert card.size % 8 == 0
        assert card.tile >= 1
        assert card.licence
        assert card.title


def test_a_card_without_files_is_not_a_model() -> None:
    with pytest.raises(ModelNotFound):
        resolve("sd15")


def test_the_built_in_model_is_there_under_its_name(builtin: Path) -> None:
    found = resolve("builtin")
    assert found.path == builtin
    assert found.identity.name == "builtin"
    assert found.identity.digest == folder_digest(builtin)


def test_digest_of_a_large_file_is_known_once_it_was_hashed(tmp_path: Path) -> None:
    large, memory = tmp_path / "large.safetensors", tmp_path / "digests"
    with large.open("wb") as file:
        file.truncate(LARGE)
    assert known_digest(large, memory) is None
    assert known_digest(large, memory) is None  # to ask hashes nothing
    assert file_digest(large, memory) == known_digest(large, memory)
    (small := tmp_path / "small.safetensors").write_bytes(b"small")
    assert known_digest(small, memory) == file_digest(small)
    assert known_digest(tmp_path, memory) is None
    assert known_digest(tmp_path / "gone", memory) is None

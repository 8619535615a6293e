"""A new model takes the place of the built-in one, which keeps its files under another name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdplay.library.card import MODELS, read_card
from training.ship import PARTS, place, retire


def model(folder: Path, levels: int, weights: str) -> Path:
    for part in PARTS:
        (folder / part).mkdir(parents=True)
        (folder / part / "weights.safetensors").write_text(f"{weights} {part}")
    (folder / "unet" / "config.json").write_text(json.dumps({"sample_size": 16}))
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [8] * levels}))
    (folder / "model_index.json").write_text("{}")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of models with a small one in the place of the built-in one."""
    folder = tmp_path / "models"
    model(folder / "builtin", 4, "old")
    (folder / "builtin" / "vae" / "more.json").write_text("{}")
    (folder / "builtin" / "things.json").write_text("old")
    (folder / "cards").mkdir()
    card = read_card(MODELS / "cards" / "builtin.toml")
    text = (MODELS / "cards" / "builtin.toml").read_text().replace(f"= {card.size}\n", "= 128\n")
    text = (
        "\n".join(line for line in text.splitlines() if not line.startswith("few_steps")) + '\nfew_steps = "framed"\n'
    )
    (folder / "cards" / "builtin.toml").write_text(text)
    (folder / "addons" / "controlnet" / "builtin-canny").mkdir(parents=True)
    (folder / "addons" / "controlnet" / "builtin-canny" / "config.json").write_text("old")
    (folder / "addons" / "loras").mkdir()
    for name in ("framed", "framed-64"):
        (folder / "addons" / "loras" / f"{name}.safetensors").write_text(name)
    return folder


def test_the_old_one_is_kept_with_its_card_and_add_ons(models: Path) -> None:
    assert retire(models) == "builtin-128"
    card, was = (read_card(models / "cards" / f"{name}.toml") for name in ("builtin-128", "builtin"))
    assert (card.name, card.folder, card.controlnet) == ("builtin-128", models / "builtin-128", "builtin-canny-128")
    assert card.title == "Playground Icons, 128 px: the model that came with earlier releases"
    assert (card.size, card.largest, card.steps, card.sampler) == (128, 128, was.steps, was.sampler)
    assert card.few_steps == "framed-128"
    assert (models / "builtin-128" / "unet" / "weights.safetensors").read_text() == "old unet"
    assert (models / "addons" / "controlnet" / "builtin-canny-128" / "config.json").read_text() == "old"
    loras = {path.stem: path.read_text() for path in (models / "addons" / "loras").iterdir()}
    assert loras == {"framed": "framed", "framed-128": "framed", "framed-64": "framed-64"}
    with pytest.raises(FileExistsError):
        retire(models)


def test_the_new_one_has_its_name_and_says_its_size(models: Path, tmp_path: Path) -> None:
    place(model(tmp_path / "new", 5, "new"), models)
    card = read_card(models / "cards" / "builtin.toml")
    assert (card.name, card.size, card.largest, card.factor) == ("builtin", 256, 256, 16)
    assert (models / "builtin" / "vae" / "weights.safetensors").read_text() == "new vae"
    assert not (models / "builtin" / "vae" / "more.json").exists()
    assert (models / "builtin" / "things.json").read_text() == "old"  # until training.names writes another
    place(model(tmp_path / "small", 4, "small"), models)
    again = read_card(models / "cards" / "builtin.toml")
    assert (again.size, again.factor) == (128, 8)
    assert (models / "cards" / "builtin.toml").read_text().count("factor") == 1

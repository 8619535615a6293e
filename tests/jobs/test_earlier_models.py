"""What came with an earlier release and has another name now is found by its digest."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sdplay.core.errors import NotReproduced
from sdplay.library import add_ons, card
from sdplay.library.card import MODELS
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.fakemodel import fake_model
from tests.support.noisy import NoisyExecutor

LORAS = MODELS / "addons" / "loras"


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture by the "builtin" of one release and its LoRA, as the next release finds it: both have new names."""
    cards, loras = tmp_path / "models" / "cards", tmp_path / "addons" / "loras"
    cards.mkdir(parents=True)
    loras.mkdir(parents=True)
    monkeypatch.setattr(card, "CARDS", cards)
    monkeypatch.setattr(add_ons, "SHIPPED", loras.parent)
    for general in (MODELS / "cards").glob("sd*.toml"):
        shutil.copyfile(general, cards / general.name)

    def ship(name: str, folder: Path) -> None:
        text = (MODELS / "cards" / "builtin.toml").read_text()
        for was, now in (('name = "builtin"', f'name = "{name}"'), ('folder = "builtin"', f'folder = "{folder}"')):
            assert was in text
            text = text.replace(was, now)
        (cards / f"{name}.toml").write_text(text)

    first, second = fake_model(tmp_path / "first"), fake_model(tmp_path / "second", sample_size=16)
    ship("builtin", first)
    shutil.copyfile(LORAS / "framed.safetensors", loras / "framed.safetensors")
    asked = make_request(Txt2Img, prompt="a hat", lora=("framed",), seed=2, steps=1, size="64")
    (picture,) = Studio(NoisyExecutor()).draw(asked)
    path = picture.save(tmp_path / "old.png").path
    ship("builtin-64", first)
    ship("builtin", second)
    (loras / "framed.safetensors").rename(loras / "framed-64.safetensors")
    shutil.copyfile(LORAS / "blueprint.safetensors", loras / "framed.safetensors")
    return path


def test_it_is_proved_and_drawn_again(released: Path) -> None:
    studio = Studio(NoisyExecutor())
    assert studio.model("builtin").identity.digest != studio.model("builtin-64").identity.digest
    assert studio.verify(released).recipe.model.name == "builtin"
    varied = studio.draw_again(released, seed=3)[0].recipe
    assert (varied.model.name, varied.seed) == ("builtin-64", 3)


def test_none_is_looked_for_where_one_is_named(released: Path) -> None:
    with pytest.raises(NotReproduced, match="the model 'builtin' is not the one it was drawn with"):
        Studio(NoisyExecutor()).verify(released, model="builtin")


def test_one_that_is_not_there_any_more_is_told(released: Path, tmp_path: Path) -> None:
    (tmp_path / "addons" / "loras" / "framed-64.safetensors").unlink()
    with pytest.raises(NotReproduced, match="the LoRA 'framed' is not the one it was drawn with"):
        Studio(NoisyExecutor()).verify(released)

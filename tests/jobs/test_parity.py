"""Everything the command line can do, a Python user can: one test an ability."""

from __future__ import annotations

from pathlib import Path

import pytest

import sdplay
from sdplay.core.errors import BadRequest
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own
from sdplay.images.write import Embedded
from sdplay.interop import ParsedMetadata
from sdplay.jobs.resolve import Resolver
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.interop.samples import png
from tests.interop.test_read import CHUNKS
from tests.support.builtin import CARD, FOLDERS
from tests.support.given import mask, photo


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`sdplay.draw` pretends to draw, in an empty folder."""
    monkeypatch.setattr(Resolver, "executor", FakeExecutor())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def asked(tiny: Path) -> dict[str, object]:
    return {"model": tiny, "seed": 7, "steps": 2}


def test_one_call_draws_in_every_mode(asked: dict[str, object]) -> None:
    photo(Path("photo.png"))
    mask(Path("mask.png"), (64, 64), (8, 8, 24, 24))
    words = sdplay.draw("a cat", **asked)[0]
    picture = sdplay.draw("a cat", image="photo.png", strength=0.5, **asked)[0]
    masked = sdplay.draw("a cat", image=Path("photo.png"), mask=Path("mask.png"), mask_blur=2.0, **asked)[0]
    extended = sdplay.draw("a cat", image="photo.png", extend="left=8", **asked)[0]
    kinds = [type(drawn.recipe.request) for drawn in (words, picture, masked, extended)]
    assert kinds == [Txt2Img, Img2Img, Inpaint, Inpaint]
    assert extended.pixels.shape == (64, 72, 3)


def test_prompts_and_folders_are_drawn_one_by_one(asked: dict[str, object]) -> None:
    for name in ("b.png", "a.jpg"):
        Path("photos").mkdir(exist_ok=True)
        photo(Path("photos") / name)
    drawn = sdplay.draw(["a cat", "a dog"], image="photos", num=2, **asked)
    found = [(Path(one.recipe.assets["image"].path).name, one.recipe.request.prompt, one.seed) for one in drawn]
    prompts = ("a cat", "a dog")
    assert found == [(name, prompt, seed) for name in ("a.jpg", "b.png") for prompt in prompts for seed in (7, 8)]


def test_all_is_checked_before_any_is_drawn(asked: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="prompt"):
        sdplay.draw(["a cat", " "], out="kept", **asked)
    assert not Path("kept").exists()


@pytest.mark.parametrize(("kind", "suffix"), [("png", ".png"), ("webp", ".webp"), ("jpeg", ".jpg")])
def test_pictures_are_kept_where_that_is_asked(asked: dict[str, object], kind: str, suffix: str) -> None:
    drawn = sdplay.draw("a cat", out="kept", kind=kind, num=2, **asked)
    paths = sorted(Path("kept").iterdir())
    assert [path.name for path in paths] == [f"00000-7{suffix}", f"00001-8{suffix}"]
    assert [read_own(path)[0].digest for path in paths] == [one.digest for one in drawn]


def test_a_kept_picture_is_read_drawn_again_and_varied(asked: dict[str, object], tiny: Path) -> None:
    (first,) = sdplay.draw("a cat", out="kept", **asked)
    with Studio() as studio:
        said = studio.read("kept/00000-7.png")
        assert isinstance(said, Embedded)
        assert (said.recipe.digest, said.digest) == (first.recipe.digest, first.digest)
        (same,) = studio.draw_again("kept/00000-7.png", model=str(tiny))
        assert same.digest == first.digest
        varied = studio.draw_again("kept/00000-7.png", model=str(tiny), steps=5, num=2)
    assert [(one.recipe.steps, one.seed) for one in varied] == [(5, 7), (5, 8)]


def test_another_programs_picture_is_read_and_drawn_again(tiny: Path) -> None:
    path = png(Path("x.png"), **CHUNKS["A1111"])
    with Studio() as studio:
        said = studio.read(path)
        assert isinstance(said, ParsedMetadata)
        assert said.program == "A1111"
        adopted = studio.history.import_settings(said, model=str(tiny), width=64, height=64)
        assert "<lora:ghibli:0.8> in the prompt = 'ghibli': is left out: it is not here" in "\n".join(
            map(str, adopted.left)
        )
        (drawn,) = studio.draw_again(path, model=str(tiny), width=64, height=64)
        assert drawn.recipe == studio.resolve(adopted.request).recipe
    assert (drawn.seed, drawn.recipe.steps) == (965400086, 20)


def test_a_picture_that_says_nothing(asked: dict[str, object]) -> None:
    photo(Path("photo.png"))
    with Studio() as studio, pytest.raises(BadRequest, match="says nothing about how it was made"):
        studio.draw_again("photo.png")


def test_the_models_that_are_here_are_listed_and_described(
    builtin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_library = tmp_path / "models"
    in_library.mkdir()
    (in_library / "dream.safetensors").touch()
    monkeypatch.setenv("SDPLAY_MODELS", str(in_library))
    with Studio() as studio:
        assert studio.models() == {**FOLDERS, "dream": in_library / "dream.safetensors"}
        assert studio.model("builtin").card == CARD


def test_little_memory_is_a_field(asked: dict[str, object]) -> None:
    numerics = sdplay.draw("a cat", low_memory=True, **asked)[0].recipe.numerics
    assert (numerics.tile, numerics.attention_slice, numerics.decode_tile) == (1, True, 512)


def test_every_request_of_the_command_line_can_be_drawn_by_a_studio(asked: dict[str, object], tiny: Path) -> None:
    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), seed=7, num=3)
    with Studio() as studio:
        drawn = studio.draw(request, "kept")
    assert len(drawn) == len(list(Path("kept").iterdir())) == 3
    assert drawn._repr_html_().count("<img") == 3

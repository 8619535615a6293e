"""`verify` and `again` of files that were drawn from pictures, which may have moved since."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.images.own import read_own
from tests.support.commandline import Sdplay
from tests.support.given import mask, photo


@pytest.fixture
def model(here: Path) -> str:
    return str(here.parent / "models" / "fake")


@pytest.fixture
def given(here: Path) -> None:
    photo(Path("photo.png"))
    mask(Path("mask.png"), (64, 64), (8, 8, 24, 24))


INPAINT = ["inpaint", "a hat", "--image", "photo.png", "--mask", "mask.png", "--seed", "7"]
IMG2IMG = ["img2img", "a hat", "--image", "photo.png", "--seed", "7"]


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize("command", [IMG2IMG, INPAINT])
def test_what_stayed_is_made_again(sdplay: Sdplay, model: str, command: list[str]) -> None:
    (path,) = sdplay(*command).paths
    assert sdplay("verify", str(path), "--model", model).code == 0
    (again,) = sdplay("again", str(path), "--model", model, "-o", "more").paths
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(("command", "role"), [(IMG2IMG, "image"), (INPAINT, "image"), (INPAINT, "mask")])
def test_a_picture_that_moved_is_asked_for_and_found_again(
    sdplay: Sdplay, model: str, command: list[str], role: str
) -> None:
    (path,) = sdplay(*command).paths
    old = Path({"image": "photo.png", "mask": "mask.png"}[role])
    old.rename("moved.png")
    for verb in ("verify", "again"):
        lost = sdplay(verb, str(path), "--model", model)
        assert lost.code == 2
        assert "no such file" in lost.out + lost.err
        assert f"say with --{role} where the" in lost.out + lost.err
    found = sdplay("verify", str(path), "--model", model, f"--{role}", "moved.png")
    assert (found.code, found.err) == (0, "")
    again = sdplay("again", str(path), "--model", model, f"--{role}", "moved.png", "-o", "more")
    assert again.code == 0
    assert again.err.endswith(f"bit for bit the picture in {path}\n")
    assert "not bit for bit" not in again.err


@pytest.mark.usefixtures("given")
def test_another_picture_differs_for_verify_and_is_a_variation_for_again(sdplay: Sdplay, model: str) -> None:
    (path,) = sdplay(*IMG2IMG).paths
    photo(Path("other.png"), seed=4)
    differs = sdplay("verify", str(path), "--model", model, "--image", "other.png")
    assert differs.code == 1
    assert "differs: 'other.png' is not the picture it was drawn from" in differs.out
    (varied,) = sdplay("again", str(path), "--model", model, "--image", "other.png").paths
    before, after = read_own(path)[0].recipe, read_own(varied)[0].recipe
    assert after.assets["image"].digest != before.assets["image"].digest
    assert after.seed == before.seed
    photo(Path("photo.png"), seed=5)
    assert sdplay("verify", str(path), "--model", model).code == 1


@pytest.mark.usefixtures("given")
def test_a_picture_for_what_had_none_cannot_be_tried(sdplay: Sdplay, model: str) -> None:
    (from_words,) = sdplay("a hat").paths
    (from_picture,) = sdplay(*IMG2IMG).paths
    for path, role in ((from_words, "image"), (from_picture, "mask")):
        outcome = sdplay("verify", str(path), "--model", model, f"--{role}", "photo.png")
        assert outcome.code == 2
        assert f"it was drawn without the {'picture' if role == 'image' else 'mask'}" in outcome.out


@pytest.mark.usefixtures("given")
@pytest.mark.parametrize(
    ("flag", "value", "field"), [("--strength", "0.4", "strength"), ("--mask-blur", "2", "mask_blur")]
)
def test_again_changes_one_thing(sdplay: Sdplay, model: str, flag: str, value: str, field: str) -> None:
    (path,) = sdplay(*INPAINT).paths
    (again,) = sdplay("again", str(path), "--model", model, flag, value).paths
    before, after = (read_own(file)[0].recipe.to_dict() for file in (path, again))
    assert after == {**before, field: float(value)}

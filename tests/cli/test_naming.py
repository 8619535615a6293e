"""`--name`: what saved pictures are called."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sdplay.images.naming import LONGEST, PARTS
from sdplay.images.own import read_own
from tests.support.commandline import Sdplay
from tests.support.given import photo


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("[seed]-[prompt_words]", "7-a-red-cat-s-hat.png"),
        ("[seed]", "7.png"),
        ("x_[number]", "x_00000.png"),
        ("[width]x[height] [steps] [sampler] [model]", "64x128 4 euler fake.png"),
        ("[date]", f"{date.today().isoformat()}.png"),
        ("käse [seed].", "käse 7.png"),
    ],
)
def test_a_pattern_is_filled_in(sdplay: Sdplay, pattern: str, name: str) -> None:
    flags = ["--seed", "7", "--size", "64x128", "--steps", "4", "--sampler", "euler"]
    outcome = sdplay("a (red:1.2) cat/s: hat", *flags, "--name", pattern)
    assert outcome.code == 0, outcome.err
    assert [path.name for path in outcome.paths] == [name]
    assert read_own(outcome.paths[0])[0].recipe.seed == 7


def test_no_file_is_overwritten(sdplay: Sdplay, here: Path) -> None:
    for expected in (["s.png", "s-2.png"], ["s-3.png", "s-4.png"]):
        assert [path.name for path in sdplay("a cat", "-n", "2", "--name", "s").paths] == expected
    assert len(list((here / "images").iterdir())) == 4


def test_numbers_go_on_from_what_is_there(sdplay: Sdplay) -> None:
    numbered = ["--seed", "7", "--name", "[seed] [number]a", "-n", "2"]
    assert [path.name for path in sdplay("a cat", *numbered).paths] == ["7 00000a.png", "8 00000a.png"]
    assert [path.name for path in sdplay("a cat", *numbered).paths] == ["7 00001a.png", "8 00001a.png"]


def test_a_name_is_never_too_long_for_a_file_system(sdplay: Sdplay) -> None:
    (path,) = sdplay("猫" * 500, "--name", "[prompt_words] [number]").paths
    assert path.name.endswith("00000.png")
    assert len(path.name.encode()) <= LONGEST + 20


def test_the_picture_that_it_starts_from_can_be_in_the_name(sdplay: Sdplay, here: Path) -> None:
    photo(here / "my photo.png")
    (path,) = sdplay("img2img", "a cat", "--image", "my photo.png", "--name", "new [image]").paths
    assert path.name == "new my photo.png"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("[colour]", "[colour] is no part of a name"),
        ("[seed", "a bracket is not closed"),
        ("../[seed]", "a file name cannot hold '/'"),
        ("a:b", "a file name cannot hold ':'"),
        (" . ", "is no name"),
    ],
)
def test_a_wrong_pattern_is_refused_before_anything_is_drawn(
    sdplay: Sdplay, here: Path, pattern: str, why: str
) -> None:
    outcome = sdplay("a cat", "--name", pattern)
    assert (outcome.code, outcome.out) == (2, "")
    assert f"--name = {pattern!r}: " in outcome.err
    assert why in outcome.err
    assert all(f"[{part}]" in outcome.err for part in PARTS)
    assert not (here / "images").exists()


def test_a_grid_keeps_its_own_names(sdplay: Sdplay) -> None:
    outcome = sdplay("a cat", "--name", "[seed]", "--grid", "steps=2,3")
    assert outcome.code == 2
    assert "--name = '[seed]': means nothing for a grid" in outcome.err

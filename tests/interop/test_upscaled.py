"""What an enlarged picture keeps of the words of the smaller one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.write import chunk, encode
from sdplay.interop.upscaled import texts_in_file
from tests.interop.samples import A1111, commented
from tests.interop.test_cases import CASES
from tests.support.recipes import picture, recipe


@pytest.mark.parametrize("kind", SUFFIXES)
def test_words_and_recipe_of_our_own_files(kind: Format, tmp_path: Path) -> None:
    one = picture(recipe("a fox", seed=3), 0)
    path = tmp_path / f"x{SUFFIXES[kind]}"
    path.write_bytes(encode(one, kind, "1"))
    texts = texts_in_file(path)
    assert texts.keys() == {"parameters", "sdplay"}
    assert texts["parameters"].startswith("a fox\n")
    assert (kind == "png") <= (texts["sdplay"] == chunk(one, "1"))


def test_words_of_others(tmp_path: Path) -> None:
    path = commented(tmp_path / "x.jpg", b"UNICODE\0" + A1111.encode("utf-16-be"))
    assert texts_in_file(path) == {"parameters": A1111}
    hidden = texts_in_file(CASES / "04-stealth-png" / "a-alpha-info.png")
    assert hidden["parameters"].startswith("a tin robot")
    assert texts_in_file(tmp_path / "nowhere.png") == {}

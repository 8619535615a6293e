"""Pictures that several processes paint are the same as those that one paints, and are taken round and round."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.training import drawn
from training.paint import PART, WORDINGS, Painted, paint_all


def test_they_are_the_same_whatever_the_number_of_processes(tmp_path: Path) -> None:
    drawn.save(tmp_path)
    paint_all(tmp_path, "one", PART * 2 + 5, workers=1)
    paint_all(tmp_path, "two", PART * 2, workers=2)
    one, two = Painted(tmp_path, "one"), Painted(tmp_path, "two")
    assert np.array_equal(one.pixels, two.pixels)
    assert one.words == two.words
    assert len(one.words) == 2 * PART
    assert all(len(said) == WORDINGS for said in one.words)
    pixels, words = one.take(2 * PART - 1, 3)
    assert words == [one.words[-1], one.words[0], one.words[1]]
    assert np.array_equal(pixels[1], one.pixels[0])

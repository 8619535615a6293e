"""Sizes that are drawn small and enlarged: exactly those that were asked for, near what the model draws best."""

from __future__ import annotations

import pytest

from sdplay.server.http.openai.sizes import FREE, first_pass

OPENAI_SIZES = [(1024, 1024), (1536, 1024), (1024, 1536), (1792, 1024), (1024, 1792)]


@pytest.mark.parametrize("side", [128, 512])
@pytest.mark.parametrize(("width", "height"), [*OPENAI_SIZES, (3840, 2160), (1200, 800), (1536, 864)])
def test_enlarged_to_what_was_asked(width: int, height: int, side: int) -> None:
    found = first_pass(width, height, side)
    assert found is not None
    small_width, small_height, scale = found
    assert (int(small_width * scale) // 8 * 8, int(small_height * scale) // 8 * 8) == (width, height)
    assert small_width % 8 == small_height % 8 == 0
    assert 1 < scale <= 8


def test_same_shape_near_the_best_size() -> None:
    assert first_pass(1024, 1024, 128) == (128, 128, 8.0)
    assert first_pass(1792, 1024, 512) == (672, 384, 2.6667)
    assert first_pass(1024, 1536, 512) == (416, 624, 2.4616)


@pytest.mark.parametrize(("width", "height", "side"), [(128, 128, 128), (192, 192, 128), (768, 768, 512)])
def test_drawn_at_once(width: int, height: int, side: int) -> None:
    assert width * height <= FREE * side * side
    assert first_pass(width, height, side) is None


def test_nothing_that_fits() -> None:
    assert first_pass(1023, 1024, 128) is None  # no multiple of 8: the request refuses it
    assert first_pass(4096, 64, 128) is None  # its low side cannot be any lower

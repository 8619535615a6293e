"""Amounts of memory as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.core.values import amount_text, counted, read_amount
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img

GIB = 2**30


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        *(("4GiB", 4 * GIB), ("4G", 4 * GIB), ("4g", 4 * GIB), ("4 gib", 4 * GIB), ("4096MiB", 4 * GIB)),
        *(("4.5GB", 4_500_000_000), ("4294967296", 4 * GIB), ("1.5GiB", 3 * GIB // 2), ("800mb", 800_000_000)),
    ],
)
def test_every_spelling_is_read(text: str, amount: int) -> None:
    assert read_amount(text) == amount


@pytest.mark.parametrize("text", ["", "0", "0GiB", "-4GiB", "4 apples", "4GiBs", "GiB", "1e9", "4,5GB", "9" * 40])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount of memory: write 4GiB"):
        read_amount(text)
    with pytest.raises(BadRequest, match="max_memory"):
        make_request(Txt2Img, prompt="a", max_memory=text)


@given(st.integers(min_value=2**20, max_value=2**42))
def test_what_is_told_is_read_again_to_a_tenth(amount: int) -> None:
    unit = GIB if amount >= GIB else 2**20
    assert abs(read_amount(amount_text(amount)) - amount) <= unit * 0.051 + unit * (amount < GIB) / 2


def test_bytes_are_an_amount_too_and_truth_is_none() -> None:
    assert make_request(Txt2Img, prompt="a", max_memory=4 * GIB).run.max_memory == str(4 * GIB)
    with pytest.raises(BadRequest):
        make_request(Txt2Img, prompt="a", max_memory=True)


@pytest.mark.parametrize(("count", "said"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_one_is_no_several(count: int, said: str) -> None:
    assert counted(count, "frame") == said

"""The flags' names, and `size`, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.requests.base import field_names, flag_names, make_request
from sdplay.requests.request import STILLS
from sdplay.requests.txt2img import Txt2Img


def test_the_flags_names_stand_for_their_fields() -> None:
    short = make_request(Txt2Img, prompt="a", negative="b", guidance=3, syntax="plain")
    assert short == Txt2Img(prompt="a", negative_prompt="b", guidance_scale=3, prompt_syntax="plain")


def test_every_flag_that_is_not_called_as_its_field_is_understood() -> None:
    from sdplay.cli.flags import request_options

    for kind in STILLS.values():
        flags = {
            option.name: option.opts[-1].removeprefix("--")
            for option in request_options(kind, positional="prompt", for_new=True)
        }
        different = {
            flag: field
            for field, flag in flags.items()
            if field in field_names(kind) and flag.replace("-", "_") != field
        }
        assert different == flag_names(kind)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        (256, (256, 256)),
        ("256", (256, 256)),
        ("256x384", (256, 384)),
        ((256, 384), (256, 384)),
        ([8 * 9, 64], (72, 64)),
    ],
)
def test_a_size_is_both_sides(size: Any, sides: tuple[int, int]) -> None:
    request = make_request(Txt2Img, prompt="a", size=size)
    assert (request.width, request.height) == sides


def test_a_side_wins_over_the_size() -> None:
    request = make_request(Txt2Img, prompt="a", size="256x384", height=64)
    assert (request.width, request.height) == (256, 64)


@pytest.mark.parametrize("size", ["large", "1x2x3", (1, 2, 3), (), 2.5, {"width": 3}])
def test_what_is_no_size_is_refused(size: Any) -> None:
    with pytest.raises(BadRequest, match="is not a size") as caught:
        make_request(Txt2Img, prompt="a", size=size)
    assert caught.value.field == "size"


def test_a_side_that_cannot_be_is_named() -> None:
    with pytest.raises(BadRequest, match="height = 383: is not a multiple of 8"):
        make_request(Txt2Img, prompt="a", size=(256, 383))


def test_one_field_under_two_names_is_refused() -> None:
    with pytest.raises(BadRequest, match="guidance = 3: is given as `guidance_scale` too"):
        make_request(Txt2Img, prompt="a", guidance=3, guidance_scale=4)


def test_paths_are_texts() -> None:
    request = make_request(Txt2Img, prompt="a", model=Path("m"), styles_file=Path("s.csv"))
    assert (request.model, request.styles_file) == ("m", "s.csv")

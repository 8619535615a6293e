"""The flags' names, and `size`, in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

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


def test_numbers_of_numpy_and_torch_are_numbers() -> None:
    drawn = make_request(Txt2Img, prompt="a", seed=np.int64(3), steps=np.uint8(4), guidance=np.float32(2.5))
    assert drawn == Txt2Img(prompt="a", seed=3, steps=4, guidance_scale=2.5)
    assert make_request(Txt2Img, prompt="a", seed=torch.tensor(3)) == Txt2Img(prompt="a", seed=3)
    assert type(drawn.seed) is int


@pytest.mark.parametrize("own", ["auto", "Automatic", "None"])
def test_words_for_the_models_own_vae_are_as_none(own: str) -> None:
    assert Txt2Img(prompt="a", vae=own) == Txt2Img(prompt="a")


def test_a_text_that_is_written_otherwise_is_refused_without_the_pattern() -> None:
    from sdplay.requests.inpaint import Inpaint

    with pytest.raises(BadRequest) as caught:
        Inpaint(prompt="a", image="a.png", extend="64")
    assert caught.value.reason == "is not written as it must be"
    assert "left=64" in caught.value.hint

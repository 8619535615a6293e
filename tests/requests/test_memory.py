"""The plan for drawing in little memory: what is tried in which order, and what is said where nothing helps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.core.machine import memory_available
from sdplay.families.common.memory import ModelSize
from sdplay.requests.base import make_request
from sdplay.requests.memory import predicted, ways, within
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from tests.families.common.test_memory import CODEC, SD15
from tests.support.recipes import MACHINE, MODEL

SIZE = ModelSize(unet=SD15, vae=CODEC, text_encoders=(123_060_480,))
GIB = 2**30


def recipe_of(side: int = 512, *, tile: int = 1, dtype: str = "float32", **fields: Any) -> Recipe:
    fields = {"prompt": "a", "steps": 2, "seed": 5, "guidance_scale": 7.0, "max_memory": "1MiB", **fields}
    recipe = resolve_request(make_request(Txt2Img, width=side, height=side, **fields), MODEL, MACHINE, 7)
    return replace(recipe, numerics=replace(recipe.numerics, dtype=dtype, decode_dtype=dtype, tile=tile))


def steps(recipe: Recipe, limit: float, *, lossy: bool = False) -> tuple[str, ...]:
    return within(recipe, SIZE, round(limit * GIB), lossy=lossy).steps


TURNS = "one part of the model in memory at a time"


def test_the_first_steps_keep_every_bit_and_the_last_need_leave() -> None:
    one = "one picture at a time"
    assert steps(recipe_of(tile=4), 20) == ("4 pictures at a time",)
    assert steps(recipe_of(), 6) == (one,)
    assert steps(recipe_of(), 4.5) == (one, TURNS)
    assert steps(recipe_of(tile=4), 4.5) == (one, TURNS)
    assert steps(recipe_of(tile=4), 5) == ("2 pictures at a time", TURNS)
    assert steps(recipe_of(), 3, lossy=True) == (one, "calculating in bfloat16")
    assert steps(recipe_of(), 2.5, lossy=True) == (one, TURNS, "calculating in bfloat16")


def test_a_codec_that_holds_more_than_the_network_decodes_in_tiles() -> None:
    small = ModelSize(unet=replace(SD15, weights=10**7, widths=(32, 64, 128, 128)), vae=CODEC, text_encoders=(10**6,))
    recipe = recipe_of(1024)
    whole = predicted(recipe, small, in_turn=True)
    assert within(recipe, small, whole - 2**20, lossy=False).steps[-1] == "decoding in tiles of 512 px"
    assert within(recipe, small, whole // 2, lossy=False).numerics.decode_tile == 256


@pytest.mark.parametrize("tile", [1, 4])
@pytest.mark.parametrize("side", [256, 512, 1024])
def test_each_way_takes_no_more_than_the_one_before(side: int, tile: int) -> None:
    recipe = recipe_of(side, tile=tile)
    for lossy in (False, True):
        plans = [
            predicted(replace(recipe, numerics=numerics), SIZE, in_turn=in_turn)
            for numerics, in_turn in ways(recipe, lossy=lossy)
            if numerics.dtype == ("bfloat16" if lossy else "float32")
        ]
        assert len(plans) > 1
        assert plans == sorted(plans, reverse=True)


def test_what_is_impossible_is_refused_with_what_would_be_possible() -> None:
    with pytest.raises(BadRequest, match=r"not possible below 5\.\d GiB for 1024x1024") as refused:
        within(recipe_of(1024), SIZE, 4 * GIB + GIB // 4, lossy=False)
    hint = refused.value.hint
    assert "with `allow_lossy` (bfloat16) it would be" in hint
    size = hint.partition("size=")[2].partition("`")[0]
    side = int(size.partition("x")[0])
    assert 256 <= side < 1024
    assert within(recipe_of(side), SIZE, 4 * GIB + GIB // 4, lossy=False)
    with pytest.raises(BadRequest):
        within(recipe_of(side + 64), SIZE, 4 * GIB + GIB // 4, lossy=False)
    needed = int(hint.partition("max_memory=")[2].partition("MiB")[0])
    assert within(recipe_of(1024), SIZE, needed * 2**20, lossy=False)


def test_where_not_even_the_weights_fit_only_the_memory_for_them_is_named() -> None:
    with pytest.raises(BadRequest) as refused:
        within(recipe_of(dtype="bfloat16"), SIZE, GIB, lossy=True)
    assert "size" not in refused.value.hint
    assert "allow_lossy" not in refused.value.hint
    assert "this needs `max_memory" in refused.value.hint


@pytest.mark.parametrize("fields", [{"guidance_scale": 1.0}, {"prompt": "a AND b AND c"}, {"hires_scale": 2.0}])
def test_all_that_is_drawn_counts(fields: dict[str, Any]) -> None:
    """Guidance doubles what the network holds, each text of several adds to it, and a second pass is larger."""
    usual, other = (predicted(each, SIZE, in_turn=True) for each in (recipe_of(), recipe_of(**fields)))
    assert (other < usual) == ("guidance_scale" in fields)
    assert other != usual


def test_free_memory_is_what_the_system_says(tmp_path: Any) -> None:
    said = tmp_path / "meminfo"
    said.write_text("MemTotal:       24576000 kB\nMemAvailable:   20480000 kB\n")
    assert memory_available(said) == 20_480_000 * 1024
    said.write_text("MemTotal: 1 kB\n")
    assert memory_available(said) is None
    assert memory_available(tmp_path / "none") is None

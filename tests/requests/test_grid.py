"""Axes as they are written, and the cells they make; everything that is wrong is said at once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest, problems_of
from sdplay.requests.axes import MOST_VALUES, Axis
from sdplay.requests.base import make_request
from sdplay.requests.grid import MOST_PICTURES, Place, cells, read_axes, shape
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.request import AnyStill
from sdplay.requests.txt2img import Txt2Img
from tests.support.refusals import refused_at_once

CASTLE = make_request(Txt2Img, prompt="a castle, 3d render", negative_prompt="blurry", seed=1)


def values(text: str, request: AnyStill = CASTLE) -> tuple[Any, ...]:
    (axis,) = read_axes(request, [text], {})
    return axis.values


def wrong(*texts: str, request: AnyStill = CASTLE, **fields: Any) -> list[BadRequest]:
    with pytest.raises(BadRequest) as refused:
        read_axes(request, texts, fields)
    return problems_of(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A1111's own examples, of its X/Y/Z plot
        ("steps=1-5", (1, 2, 3, 4, 5)),
        ("steps=1-5 (+2)", (1, 3, 5)),
        ("steps=10-5 (-3)", (10, 7)),
        ("guidance=0-2 (+0.5)", (0.0, 0.5, 1.0, 1.5, 2.0)),
        ("steps=1-10 [5]", (1, 3, 5, 7, 10)),
        ("guidance=0-1 [6]", (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)),
        # and the rest
        ("steps=10,20,30", (10, 20, 30)),
        ("steps = 10 , 20-22, 40", (10, 20, 21, 22, 40)),
        ("steps=5-3", (5, 4, 3)),
        ("steps=7-7", (7,)),
        ("steps=3-9 [1]", (3,)),
        ("seed=4-6", (4, 5, 6)),
        ("guidance=1.5,2", (1.5, 2.0)),
        ("cfg scale=1,2", (1.0, 2.0)),
        ("--guidance=3", (3.0,)),
        ("guidance_scale=3", (3.0,)),
        ("sampler=Euler a, DPM++ 2M Karras", ("Euler a", "DPM++ 2M Karras")),
        ("low-memory=yes,no", (True, False)),
        ("size=128, 256x384", ((128, 128), (256, 384))),
        ("width=128,64", (128, 64)),
        ("num=1,4", (1, 4)),
        ("style=,photo", ((), ("photo",))),
        ("prompt=castle|house, big|tower", ("castle", "house, big", "tower")),
        ("prompt=castle,house,tower", ("castle", "house", "tower")),
        ('prompt=castle,"house, big"', ("castle", "house, big")),
        ('prompt=castle,"[a|b]"', ("castle", "[a|b]")),
        ("prompt=castle|a=b", ("castle", "a=b")),
        ("negative=blurry|", ("blurry", "")),
        ("Prompt S/R=castle|house", ("castle", "house")),
    ],
)
def test_an_axis_reads_as_in_the_field(text: str, expected: tuple[Any, ...]) -> None:
    assert values(text) == expected
    assert list(map(type, values(text))) == list(map(type, expected))


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=20))
def test_written_numbers_are_the_numbers(numbers: list[int]) -> None:
    assert values("steps=" + ",".join(map(str, numbers))) == tuple(numbers)


@given(st.integers(1, 900), st.integers(0, 99), st.integers(1, 30))
def test_a_range_starts_at_its_start_and_never_passes_its_end(first: int, span: int, step: int) -> None:
    up = values(f"steps={first}-{first + span} (+{step})")
    assert up == tuple(range(first, first + span + 1, step))
    down = values(f"steps={first + span}-{first} (-{step})")
    assert down == tuple(range(first + span, first - 1, -step))


@given(st.integers(1, 500), st.integers(0, 400), st.integers(2, 40))
def test_so_many_evenly_have_both_ends(first: int, span: int, count: int) -> None:
    found = values(f"steps={first}-{first + span} [{count}]")
    assert (len(found), found[0], found[-1]) == (count, first, first + span)
    assert list(found) == sorted(found)


def test_other_modes_have_their_own_fields() -> None:
    request = make_request(Img2Img, prompt="a", image="a.png")
    assert values("denoising=0.2,1", request) == (0.2, 1.0)
    assert "there is no such grid axis" in wrong("denoising=0.2")[0].reason


def test_everything_that_is_wrong_is_said_at_once() -> None:
    found = wrong("stesp=1,2", "guidance=abc,-1,5", "steps=0,5-1 (+1),7")
    said = {(problem.field, str(problem.value)): problem for problem in found}
    assert said.keys() == {
        ("grid axis", "stesp"),
        ("grid guidance", "abc"),
        ("grid guidance", "-1.0"),
        ("grid steps", "0"),
        ("grid steps", "5-1 (+1)"),
    }
    assert "did you mean 'steps'" in said["grid axis", "stesp"].hint


@pytest.mark.parametrize(
    ("texts", "field", "reason"),
    [
        (["castle"], "grid", "is not an axis"),
        (["=1,2"], "grid", "is not an axis"),
        (["steps="], "grid steps", "has no values"),
        (["steps=1-5 (0)"], "grid steps", "nothing in it"),
        (["steps=1-5 (-1)"], "grid steps", "nothing in it"),
        (["steps=1-5 [0]"], "grid steps", "nothing in it"),
        (["size=big"], "grid size", "is not a size"),
        (["size=100"], "grid size", "not a multiple of 8"),
        (["prompt=dog|cat"], "grid prompt", "is not in the prompt"),
        (["negative=|dark"], "grid negative", "is not in the negative"),
        (["prompt=a castle, 3d render|"], "grid prompt", "empty"),
        (["steps=1", "steps=2"], "grid steps", "another axis"),
        (["size=128", "width=64"], "grid width", "another axis"),
        (["steps=1", "seed=1", "guidance=1", "num=1"], "grid", "one to 3 axes"),
        ([], "grid", "one to 3 axes"),
        (["mode=img2img"], "grid axis", "no such"),
    ],
)
def test_what_cannot_be_had_is_refused(texts: list[str], field: str, reason: str) -> None:
    problems = wrong(*texts)
    assert any(problem.field == field and reason in problem.reason for problem in problems), problems


def test_a_prompt_may_vary_on_two_axes_in_different_words() -> None:
    axes = read_axes(CASTLE, ["prompt=castle|house", "prompt=3d render|cartoon"], {})
    prompts = [cell.request.prompt for cell in cells(CASTLE, axes)]
    assert prompts == ["a castle, 3d render", "a house, 3d render", "a castle, cartoon", "a house, cartoon"]


def test_an_empty_text_is_filled_and_a_full_one_emptied() -> None:
    bare = make_request(Txt2Img, prompt="a castle", seed=1)
    axes = read_axes(bare, ["negative=|dark"], {})
    assert [cell.request.negative_prompt for cell in cells(bare, axes)] == ["", "dark"]
    axes = read_axes(CASTLE, ["negative=blurry|"], {})
    assert [cell.request.negative_prompt for cell in cells(CASTLE, axes)] == ["blurry", ""]


def test_the_first_axis_goes_across_the_second_down_the_third_makes_blocks() -> None:
    axes = read_axes(CASTLE, ["steps=1,2,3", "guidance=4,5", "seed=8,9"], {})
    found = cells(CASTLE, axes)
    assert shape(axes) == (2, 2, 3)
    assert [cell.place for cell in found[:4]] == [Place(0, 0, 0), Place(0, 0, 1), Place(0, 0, 2), Place(0, 1, 0)]
    for cell in found:
        request, place = cell.request, cell.place
        asked = (request.steps, request.guidance_scale, request.seed)
        assert asked == (place.column + 1, place.row + 4, place.block + 8)
        assert (request.prompt, request.negative_prompt) == (CASTLE.prompt, CASTLE.negative_prompt)


def test_values_that_do_not_go_with_the_rest_are_refused_with_the_cells() -> None:
    wider = make_request(Inpaint, prompt="a", image="a.png", extend="left=8")
    axes = read_axes(wider, ["extend=left=8|right=8|"], {})  # each a value that the field takes
    with pytest.raises(BadRequest, match="nothing says where to paint"):
        cells(wider, axes)


def test_values_from_python_are_taken_as_they_are() -> None:
    axes = read_axes(CASTLE, ["steps=1,2"], {"guidance": [3, 4.5], "size": ["128x64", (64, 64)]})
    assert [axis.values for axis in axes] == [(1, 2), (3, 4.5), ((128, 64), (64, 64))]
    assert [axis.labels for axis in axes] == [("1", "2"), ("3", "4.5"), ("128x64", "64x64")]
    assert wrong(guidance=["high"])[0].field == "grid guidance"
    assert wrong(guidance=[])[0].reason == "has no values"
    assert wrong(size=["large"])[0].reason == "is not a size"


def test_more_pictures_than_allowed_are_counted_and_refused() -> None:
    axes = read_axes(CASTLE, ["seed=1-40", "steps=1-30"], {})
    error = refused_at_once(lambda: cells(CASTLE, axes))
    assert (error.value, f"{MOST_PICTURES:,} are the most" in error.reason) == (1200, True)
    assert "grid_limit=1200" in error.hint
    assert len(cells(CASTLE, axes, limit=1200)) == 1200
    many = make_request(Txt2Img, prompt="a", num=50)
    axes = read_axes(many, ["seed=1-40"], {})
    assert refused_at_once(lambda: cells(many, axes)).value == 2000


@pytest.mark.parametrize(
    "text",
    [
        "steps=1-999999999999",
        "guidance=0-1 (+0.0000000000000000001)",
        "steps=1-5 [999999999]",
        f"seed={','.join(['1-9999'] * 50)}",
        f"prompt=castle|{'x' * 200_000}",
        "prompt=" + '"' * 100_001,
        "=" * 100_000,
        "a" * 100_000,
        f"{'a ' * 50_000}=1",
        f"steps={'9' * 100_000}",
        f"steps={'1-' * 50_000}",
        f"size={'1x' * 50_000}",
    ],
)
def test_hostile_axes_are_refused_at_once(text: str) -> None:
    refused_at_once(lambda: read_axes(CASTLE, [text], {}))


def test_too_many_values_are_counted_together() -> None:
    (problem,) = wrong(f"seed=1-{MOST_VALUES},1-{MOST_VALUES}")
    assert "more than 10,000 values" in problem.reason


def test_labels_read_as_values_are_written() -> None:
    assert Axis(field="x", name="x", values=(True, 0.5, 7.0, None, "", (), ("a", "b"), (64, 128), "k")).labels == (
        "yes",
        "0.5",
        "7",
        "(none)",
        "(none)",
        "(none)",
        "a, b",
        "64x128",
        "k",
    )

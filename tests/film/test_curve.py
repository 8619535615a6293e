"""Schedules: how they are written, what lies between keys, and what is refused with schedule, frame and text."""

import json
import math
import re
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.curve import Curve, check_range, parse_curve
from sdplay.film.curve_text import EASINGS
from sdplay.film.expression_names import Timeline
from tests.support.refusals import no_runaway, refused_at_once

FILM = Timeline(frames=100, seed=7, fps=24.0)


def curve(given: object, film: Timeline = FILM, mode: str = "linear") -> Curve:
    return parse_curve("angle", given, film, default_mode=mode)  # type: ignore[arg-type]


def values(given: object, frames: list[int], **options: str) -> list[float]:
    read = curve(given, **options)  # type: ignore[arg-type]
    return [round(read.at(frame), 9) for frame in frames]


FRAMES = [0, 5, 9, 10, 15, 19, 20, 50]


def test_values_lead_from_key_to_key():
    assert values("0:(0), 10:(30), 20:(-30)", FRAMES) == [0, 15, 27, 30, 0, -24, -30, -30]
    assert values("0:(0), 10:(30), 20:(-30)", FRAMES, mode="step") == [0, 0, 0, 30, 30, 30, -30, -30]
    assert values("0:(0) step, 10:(30) ease, 20:(-30)", FRAMES) == [0, 0, 0, 30, 0, -28.32, -30, -30]


@pytest.mark.parametrize(
    ("mode", "quarter", "half"),
    [
        ("linear", 0.25, 0.5),
        ("step", 0, 0),
        ("hold", 0, 0),
        ("ease-in", 0.0625, 0.25),
        ("ease-out", 0.4375, 0.75),
        ("ease", 0.15625, 0.5),
        ("ease-in-out", 0.15625, 0.5),
        ("cosine", (1 - math.cos(math.pi / 4)) / 2, 0.5),
    ],
)
def test_each_mode_is_its_formula(mode: str, quarter: float, half: float):
    assert mode in EASINGS
    read = curve(f"0:(0) {mode}, 40:(1)")
    assert [read.at(0), read.at(10), read.at(20), read.at(40)] == pytest.approx([0, quarter, half, 1], abs=1e-15)


WRITTEN = {
    "1.5": [(0, 1.5)],
    " -2 ": [(0, -2)],
    "0: 1.02": [(0, 1.02)],
    "0:(-.5),": [(0, -0.5)],
    "0 : ( 1 ) , 5:((2))": [(0, 1), (5, 2)],
    "\n0:(1),\n10:(2)\n": [(0, 1), (10, 2)],
    "10:(2), 0:(1)": [(0, 1), (10, 2)],
    '"0":(1), \'10\':"2"': [(0, 1), (10, 2)],
    "(max_f-1):(3), 0:(1)": [(0, 1), (98, 3)],
    '0:(1), "max_f/2":(3)': [(0, 1), (49, 3)],
    "fps*2: 4, s: 5": [(7, 5), (48, 4)],
    "0: 3 ease-in, 9: 4 STEP": [(0, 3), (9, 4)],
    "0:(1)ease, 4:(2)": [(0, 1), (4, 2)],
    '{"0": 1.0, "30": "2", "40": "(3) step"}': [(0, 1), (30, 2), (40, 3)],
    "0:(1e-3), 2:(+4)": [(0, 0.001), (2, 4)],
}


@pytest.mark.parametrize("text", WRITTEN)
def test_ways_to_write_a_schedule(text: str):
    assert [(key.frame, key.value) for key in curve(text).keys] == WRITTEN[text]


def test_modes_are_read_with_and_without_brackets():
    read = curve("0: 3 ease-in, 9: (4) STEP, 12:(t) hold, 20: 5")
    assert [key.mode for key in read.keys] == ["ease-in", "step", "hold", "linear"]


def test_numbers_and_mappings_are_schedules_too():
    assert curve(3).at(50) == curve(3.0).at(0) == 3
    assert curve({0: 1, "10": 2.0, "max_f": "3 * t"}).at(5) == 1.5
    assert curve({"0": "(1) step", "10": 2}).at(9) == 1


def test_commas_and_colons_inside_brackets_belong_to_the_value():
    assert curve("0:(where(cos(6.28*t/10)>0, 1.8*cos(6.28*t/10), 0.001)), 50: max(0, t-5)").at(3) == 0.001
    assert curve("0:(1), 50: max(0, t-5)").at(60) == 55


def test_an_expression_is_computed_at_every_frame_until_the_next_key():
    read = curve("0:(1), 30:(sin(t)), 60:(5)")
    assert read.at(15) == pytest.approx((1 + math.sin(30)) / 2)
    assert read.at(31) == math.sin(31)
    assert read.at(59) == math.sin(59)
    assert read.at(60) == read.at(99) == 5


def test_before_the_first_key_the_first_holds():
    assert curve("10:(4), 20:(8)").at(3) == 4
    assert curve("10:(t), 20:(8)").at(3) == 3


def test_a_shorter_film_is_the_beginning_of_a_longer_one():
    text = "0:(0), 40:(10) ease, 100:(sin(t)), 130:(2)"
    short, long = (curve(text, Timeline(frames=n, seed=1, fps=24)) for n in (25, 61))
    assert [short.at(i) for i in range(25)] == [long.at(i) for i in range(25)]
    assert short.at(24) == 6
    assert not short.depends_on_length


@pytest.mark.parametrize(("text", "depends"), [("max_f/2:(1)", True), ("0:(t/max_f)", True), ("0:(s+fps)", False)])
def test_it_tells_whether_the_length_of_the_film_matters(text: str, depends: bool):
    assert curve(text).depends_on_length is depends


def test_constants_are_known():
    assert curve("0:(0.0), 10:(0)").is_constant(0)
    assert not curve("0:(0), 10:(1)").is_constant(0)
    assert not curve("0:(0*t)").is_constant(0)


def test_a_key_that_says_the_same_twice_is_one():
    assert curve("0:(1), 5:(2), 5: 2.0").keys == curve("0:(1), 5:(2)").keys


def test_40_brackets_inside_one_another_are_read_and_no_more() -> None:
    for keys in ("0:{}", "0:{}, 5:(2)", "0:(1), 5:{}"):
        parse_curve("zoom", keys.format("(" * 40 + "1" + ")" * 40), FILM)
        with pytest.raises(BadRequest, match="more than 40 brackets"):
            parse_curve("zoom", keys.format("(" * 41 + "1" + ")" * 41), FILM)


REFUSED = {
    "": "at least one key",
    " , ": "at least one key",
    "{}": "at least one key",
    "0:": "expression is missing",
    "0:()": "nothing between",
    "abc": "'abc' is not a key",
    "0:(1)(2)": "only a function",
    "0:(1": "never closed",
    "0:'1": "never closed",
    "0:(1)),2:(3)": "character 6 closes no bracket",
    "0:(x+1)": "no name 'x'",
    "0:(__import__('os'))": "no meaning",
    "0:(().__class__)": "no meaning",
    "0:(2^3)": "no meaning",
    "-5:(1)": "not at -5",
    "t:(1)": "no name 't'",
    "99999999999:(1)": "up to 1,000,000,000",
    "1:(2),1:(3)": "a value for frame 1 already",
    "0:(1):(2)": "not a key",
    "0:(1) wobble": "no way called 'wobble'",
    "0:(lambda:1)": "no meaning",
    "0:(1e999)": "larger than a number",
    "0:(nan)": "no name 'nan'",
    "0:(" + "(" * 500_000 + "1" + ")" * 500_000 + ")": "at most 1,000,000 characters",
    "0:(" + "(" * 5_000 + "1" + ")" * 5_000 + ")": "more than 40 brackets",
    "0:(" + "1+" * 5_000 + "1)": "at most 2,000 characters",
    "0:(" + "(" * 500 + "1" + ")" * 500 + ")": "more than 40 brackets",
    "0:(sin())": "takes 1 number",
    "1/0:(1)": "divides by zero",
    '{"0": [1]}': "number or an expression",
    '{"0": true}': "number or an expression",
    '{"0": 1': "not JSON at line 1, column",
    '{"0": 1, "0": 2}': "a value for frame 0 already",
    "{" * 900: "not JSON",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text)[:40])
def test_what_is_no_schedule_is_refused_with_its_name_and_text(text: str):
    refused = refused_at_once(lambda: curve(text))
    assert re.search(REFUSED[text], refused.reason)
    assert refused.field == "angle"
    assert str(refused.value) in text or text.startswith("{")


@pytest.mark.parametrize("given", [True, None, [1, 2], {"0": None}, float("nan"), float("inf")])
def test_other_things_are_no_schedules(given: object):
    with pytest.raises(BadRequest) as refused:
        curve(given)
    assert refused.value.field == "angle"


@pytest.mark.parametrize("text", ["0:(1), 30:(1/(t-50))", "0:(1), 50:(sqrt(49-t))", "0:(exp(20*t))"])
def test_arithmetic_that_fails_names_the_frame(text: str):
    with pytest.raises(BadRequest, match=r"at frame (50|36)") as refused:
        check_range(curve(text))
    assert refused.value.field == "angle"
    assert refused.value.value in text


def test_a_number_whose_way_overflows_is_not_finite():
    with pytest.raises(BadRequest, match="at frame 1 it is"):
        check_range(curve("0:(-1e308), 90:(1e308)"))


def test_values_outside_the_range_name_schedule_frame_and_text():
    read = parse_curve("strength_schedule", "0:(0.5), 40:(1.2)", FILM)
    with pytest.raises(BadRequest, match=r"at frame 29 it is 1\.0075, and must be at least 0 and at most 1") as refused:
        check_range(read, 0, 1)
    assert (refused.value.field, refused.value.value) == ("strength_schedule", "0:(0.5)")
    check_range(read, 0, 1.2)
    with pytest.raises(BadRequest, match=r"at frame 40 it is 1\.2, and must be .* below 1\.2"):
        check_range(read, 0, 1.2, high_open=True)
    with pytest.raises(BadRequest, match="at frame 0 it is 0, and must be above 0"):
        check_range(curve("0:(0)"), 0, low_open=True)


def test_sound_moves_a_value_only_where_there_is_sound():
    with pytest.raises(BadRequest, match="amp is known only where there is sound") as refused:
        curve("0:(1 + amp)")
    assert "audio" in refused.value.hint
    heard = curve("0:(0), 10:(1 + amp)", Timeline(frames=20, seed=1, fps=24, sound=True))
    assert heard.uses_sound
    assert heard.at(12, {"amp": 0.5}) == 1.5
    assert heard.at(5, {"amp": 0.5}) == 0.75
    with pytest.raises(BadRequest, match="at frame 12"):
        heard.at(12)
    with pytest.raises(BadRequest, match=r"at frame 11 it is 2\.1"):
        check_range(heard, high=2, sound=lambda frame: {"amp": frame / 10})
    assert not curve("0:(t)").uses_sound


def test_a_long_film_holds_no_table_and_many_keys_are_no_hindrance():
    film = Timeline(frames=1_000_000, seed=0, fps=24)
    many = curve(", ".join(f"{i}:({i % 7})" for i in range(0, 100_000, 10)), film)
    tracemalloc.start()
    try:
        with no_runaway():
            values = (many.at(frame) == frame % 7 for frame in range(0, 100_000, 50))
            assert all(values)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 50_000


numbers = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
tables = st.dictionaries(st.integers(0, 500), st.tuples(numbers, st.sampled_from(sorted(EASINGS))), min_size=1)


@given(tables)
def test_every_key_holds_its_value_and_between_keys_lies_between(table: dict[int, tuple[float, str]]):
    text = ", ".join(f"{frame}:({value!r}) {mode}" for frame, (value, mode) in table.items())
    read = curve(text)
    assert all(read.at(frame) == value for frame, (value, _) in table.items())
    frames = sorted(table)
    for start, end in pairwise(frames):
        low, high = sorted((table[start][0], table[end][0]))
        assert all(low - 1e-6 <= read.at(frame) <= high + 1e-6 for frame in range(start, end))


@given(tables)
def test_text_mapping_and_json_say_the_same(table: dict[int, tuple[float, str]]):
    entries = {str(frame): f"({value!r}) {mode}" for frame, (value, mode) in table.items()}
    text = ", ".join(f"{frame}:{value}" for frame, value in entries.items())
    readings = [curve(form).keys for form in (text, entries, json.dumps(entries))]
    assert len({tuple((key.frame, key.value, key.mode) for key in keys) for keys in readings}) == 1

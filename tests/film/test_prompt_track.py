"""Words by frame: the ways to write them, arithmetic in them, and how one prompt gives way to the next."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.expression_names import Timeline
from sdplay.film.prompt_track import PromptTrack, parse_prompts
from tests.support.refusals import refused_at_once

FILM = Timeline(frames=100, seed=7, fps=24.0)


def track(given: object, film: Timeline = FILM, **options: str) -> PromptTrack:
    return parse_prompts(given, film, **options)  # type: ignore[arg-type]


WAYS = [
    {0: "a hill", 60: "a lake"},
    {"0": "a hill", "60": "a lake"},
    {"60": "a lake", "0": "a hill"},
    {"0": "a hill", "(max_f + 21) / 2": "a lake"},
    '{"0": "a hill", "60": "a lake"}',
    '\n{"0": "a hill", "\'60\'": "a lake"}\n',
    [[0, "a hill"], [60, "a lake"]],
    [("60", "a lake"), (0, "a hill")],
    '[[0, "a hill"], [60, "a lake"]]',
    ' [ ["0", " a hill "], [60, "a lake"]]',
]


@pytest.mark.parametrize("given", WAYS)
def test_all_ways_to_write_prompts_say_the_same(given: object):
    read = track(given)
    assert [read.at(frame).prompt for frame in (0, 59, 60, 99)] == ["a hill", "a hill", "a lake", "a lake"]
    assert read.warnings == ()


@pytest.mark.parametrize("text", ["a hill", "[red:blue:0.5] hair", "(a hill:1.2), 0:(1)", "[a|b] street", "0: a hill"])
def test_a_plain_text_holds_for_the_whole_film(text: str):
    assert [track(text).at(frame).prompt for frame in (0, 50)] == [text, text]


def test_negative_words_come_with_the_prompt_or_from_outside():
    read = track({0: "a hill --neg fog", 10: "a lake", 20: "a wood --neg", 30: "--negotiable"}, negative="text")
    assert [read.at(f).negative for f in (0, 10, 20, 30)] == ["fog", "text", "", "text"]
    assert [read.at(f).prompt for f in (0, 10, 20, 30)] == ["a hill", "a lake", "a wood", "--negotiable"]


def test_arithmetic_between_back_quotes_is_computed_for_every_frame():
    read = track({0: "a (cherry:`1+sin(t)`) tree of `s` --neg (fog:`t/max_f`)"})
    for frame in (0, 1, 33):
        words = read.at(frame)
        assert words.prompt == f"a (cherry:{1 + math.sin(frame):.6g}) tree of 7"
        assert words.negative == f"(fog:{frame / 99:.6g})"
    assert read.depends_on_length
    assert track("`1/3`").at(0).prompt == "0.333333"
    assert track("`where(t>5, max(1, 2), 0)`x").at(6).prompt == "2x"


def test_hold_never_mixes():
    read = track({0: "a", 10: "b"})
    for frame in range(20):
        words = read.at(frame)
        assert words.weight == 0
        assert (words.prompt, words.next_prompt) == ("a" if frame < 10 else "b",) * 2


def test_blend_leads_evenly_from_key_to_key():
    read = track({0: "a --neg x", 10: "b --neg y", 200: "c"}, interpolation="blend")
    words = read.at(4)
    assert (words.prompt, words.negative, words.next_prompt, words.next_negative) == ("a", "x", "b", "y")
    assert [read.at(f).weight for f in (0, 4, 9, 10, 29)] == [0, 0.4, 0.9, 0, 0.1]
    assert (read.at(10).prompt, read.at(29).next_prompt) == ("b", "c")
    assert track({0: "a", 10: "b"}, interpolation="blend").at(50).weight == 0


def test_crossfade_mixes_for_n_frames_after_each_change():
    read = track({0: "a", 10: "b", 12: "c"}, interpolation="crossfade:4")
    assert [read.at(f).weight for f in range(9, 18)] == pytest.approx([0, 1 / 3, 2 / 3, 0.2, 0.4, 0.6, 0.8, 0, 0])
    assert [(read.at(f).prompt, read.at(f).next_prompt) for f in (9, 10, 11, 12, 16)] == [
        ("a", "a"),
        ("a", "b"),
        ("a", "b"),
        ("b", "c"),
        ("c", "c"),
    ]
    assert track("a", interpolation="crossfade:4").at(0).weight == 0


@pytest.mark.parametrize("given", ["fade", "crossfade:0", "crossfade:", "crossfade:-1", "crossfade:2000000", "Hold"])
def test_other_ways_between_prompts_are_refused(given: str):
    with pytest.raises(BadRequest) as refused:
        track("a", interpolation=given)
    assert refused.value.field == "prompt_interpolation"


def test_a_first_prompt_that_comes_late_holds_from_the_start_and_that_is_said():
    read = track({20: "b", 10: "a"}, interpolation="blend")
    assert (read.at(0).prompt, read.at(0).weight) == ("a", 0)
    assert len(read.warnings) == 1
    assert "frame 10" in read.warnings[0].message


REFUSED: list[tuple[object, str]] = [
    ({}, "no prompt"),
    ("", "no prompt"),
    ("  ", "no prompt"),
    ("{}", "no prompt"),
    ("[]", "no prompt"),
    ([], "no prompt"),
    ('{"0": "a",\n "9": b}', "line 2, column 7"),
    ('{"0": "a"', "line 1, column 10"),
    ('{0: "a"}', "line 1, column 2"),
    ('[[0, "a"], [1]]', r"\[frame, text\]"),
    ("[" * 900, "not JSON"),
    ({0: 5}, "frame 0 is not text"),
    ({0: None}, "frame 0 is not text"),
    ({"0": ["a"]}, "frame 0 is not text"),
    ('{"0": {"1": "a"}}', "frame 0 is not text"),
    ({0: "a", "0": "b"}, "two prompts for frame 0"),
    ('{"0": "a", "0": "b"}', "two prompts for frame 0"),
    ({-1: "a"}, "not at -1"),
    ({"x": "a"}, "no name 'x'"),
    ({True: "a"}, "whole number"),
    ({1.5: "a"}, "whole number"),
    ({0: "a `t"}, "never closed"),
    ({0: "a ``"}, "expression is missing"),
    ({0: "a `__import__(t)`"}, "no function"),
    ({0: "a `amp`"}, "only where there is sound"),
    ({0: "a --neg b --neg c"}, "one --neg"),
    (5, "prompts are a text"),
    (None, "prompts are a text"),
]


@pytest.mark.parametrize(("given", "reason"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_is_no_track_is_refused(given: object, reason: str):
    with pytest.raises(BadRequest, match=reason) as refused:
        track(given)
    assert refused.value.field == "animation_prompts"


def test_a_hostile_text_is_refused_at_once():
    assert refused_at_once(lambda: track({0: "a `" + "(" * 1000 + "`"})).reason


def test_arithmetic_that_fails_names_frame_and_text():
    with pytest.raises(BadRequest, match=r"at frame 5: .* divides by zero") as refused:
        track({0: "a `1/(t-5)` tree"}).at(5)
    assert refused.value.value == "a `1/(t-5)` tree"


def test_words_follow_the_sound_where_there_is_sound():
    read = track("a (light:`1+amp`)", Timeline(frames=10, seed=1, fps=24, sound=True))
    assert read.uses_sound
    assert read.at(3, {"amp": 0.25}).prompt == "a (light:1.25)"
    with pytest.raises(BadRequest, match="'amp' is known only where there is sound"):
        read.at(3)


@given(
    st.dictionaries(st.integers(0, 300), st.text("abc ,:()[]{}", min_size=1).map(str.strip), min_size=1),
    st.sampled_from(["hold", "blend", "crossfade:3"]),
)
def test_every_key_is_reached_and_weights_stay_within_a_step(table: dict[int, str], interpolation: str):
    read = track(json.dumps(table), interpolation=interpolation)
    for frame in range(310):
        words = read.at(frame)
        assert 0 <= words.weight < 1
        latest = max((key for key in table if key <= frame), default=min(table))
        assert table[latest] == (words.next_prompt if interpolation[0] == "c" else words.prompt)

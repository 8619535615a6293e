"""A dream frame by frame: where its keys are, and what lies between them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.core.sample import CircleNoise, LerpPrompt, Noise, PromptPair, Sample, SlerpNoise, SplineNoise
from sdplay.film.plan_dream import DreamPlan, check_room
from sdplay.film.request_dream import Dream
from sdplay.requests.base import make_request
from sdplay.requests.resolve import resolve_request
from tests.support.recipes import MACHINE, MODEL

SEED = 100


def walk(*prompts: str, **fields: Any) -> DreamPlan:
    words = {} if fields.keys() & {"keyframes", "prompts"} else {"prompts": prompts or ("a", "b", "c")}
    return DreamPlan(resolve_request(make_request(Dream, **words, **{"seed": SEED, **fields}), MODEL, MACHINE, 7))


def at_frames(*frames: int) -> tuple[dict[str, Any], ...]:
    return tuple({"frame": frame, "prompt": prompt} for frame, prompt in zip(frames, "abc", strict=False))


def shown(frame: Sample) -> tuple[str, int] | None:
    """(words, seed) of a key picture, None for a frame between keys."""
    if isinstance(frame.prompt, PromptPair) and isinstance(frame.noise, Noise):
        return frame.prompt.prompt, frame.noise.seed
    return None


def keys(of: DreamPlan) -> dict[int, tuple[str, int]]:
    return {index: key for index in range(of.total) if (key := shown(of.frame(index))) is not None}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"num": 5}, {0: ("a", 100), 2: ("b", 101), 4: ("c", 102)}),
        ({"num": 9, "path": "smooth"}, {0: ("a", 100), 4: ("b", 101), 8: ("c", 102)}),
        ({"num": 6, "loop": True}, {0: ("a", 100), 2: ("b", 101), 4: ("c", 102)}),
        ({"frames_per_key": 3}, {0: ("a", 100), 3: ("b", 101), 6: ("c", 102)}),
        ({"frames_per_key": 2, "loop": True}, {0: ("a", 100), 2: ("b", 101), 4: ("c", 102)}),
        ({"frames_per_key": 2, "num": 9}, {0: ("a", 100), 2: ("b", 101), 4: ("c", 102), 6: ("a", 103), 8: ("b", 104)}),
        ({"num": 5, "seeds": (7, 8, 9)}, {0: ("a", 7), 2: ("b", 8), 4: ("c", 9)}),
        ({"num": 1}, {0: ("a", 100)}),
        ({"num": 3, "interpolate": "prompt"}, {0: ("a", 100), 1: ("b", 100), 2: ("c", 100)}),
    ],
)
def test_where_the_keys_are(fields: dict[str, Any], expected: dict[int, tuple[str, int]]) -> None:
    assert keys(walk(**fields)) == expected


def test_explicit_keys_are_where_they_say_and_the_last_one_holds() -> None:
    of = walk(keyframes=[{"frame": 0, "prompt": "a"}, {"frame": 4, "prompt": "b", "seed": 3}], num=7)
    assert keys(of) == {0: ("a", 100), 4: ("b", 3), 5: ("b", 3), 6: ("b", 3)}
    assert [of.frame(i).noise.weight for i in (1, 2, 3)] == [0.25, 0.5, 0.75]


def test_one_prompt_walks_on_to_the_next_seed() -> None:
    assert keys(walk("a", num=4)) == {0: ("a", 100), 3: ("a", 101)}


def test_a_frame_between_keys_lies_between_both_words_and_both_noises() -> None:
    frame = walk(num=5).frame(1)
    assert frame.prompt == LerpPrompt(
        start=PromptPair(prompt="a", syntax="a1111"), end=PromptPair(prompt="b", syntax="a1111"), weight=0.5
    )
    assert frame.noise == SlerpNoise(start=Noise(seed=100), end=Noise(seed=101), weight=0.5)


def test_what_is_not_interpolated_stays_at_the_key_before() -> None:
    latent, prompt = walk(num=5, interpolate="latent"), walk(num=5, interpolate="prompt", seeds=(7, 8, 9))
    assert [latent.frame(i).prompt for i in range(4)] == [PromptPair(prompt=p, syntax="a1111") for p in "aabb"]
    assert isinstance(latent.frame(1).noise, SlerpNoise)
    assert [prompt.frame(i).noise for i in range(4)] == [Noise(seed=s) for s in (7, 7, 8, 8)]
    assert isinstance(prompt.frame(1).prompt, LerpPrompt)


def test_holding_stands_still_at_both_ends_of_a_stretch() -> None:
    of = walk("a", "b", num=11, hold=0.4)
    assert [i for i in range(11) if shown(of.frame(i)) == ("a", 100)] == [0, 1, 2]
    assert [i for i in range(11) if shown(of.frame(i)) == ("b", 101)] == [8, 9, 10]
    assert of.frame(5).noise.weight == pytest.approx(0.5)


@pytest.mark.parametrize(("easing", "quarter"), [("linear", 0.25), ("ease-in", 0.0625), ("ease-out", 0.4375)])
def test_easing_bends_time(easing: str, quarter: float) -> None:
    assert walk("a", "b", num=5, easing=easing).frame(1).noise.weight == pytest.approx(quarter)


def test_guidance_goes_from_key_to_key() -> None:
    named = [
        {"frame": 0, "prompt": "a", "guidance_scale": 2.0},
        {"frame": 2, "prompt": "b", "guidance_scale": 4.0},
    ]
    assert [walk(keyframes=named, num=3).frame(i).guidance_scale for i in range(3)] == [2.0, 3.0, 4.0]


LOOPS: list[dict[str, Any]] = [
    {"num": 6, "loop": True},
    {"num": 7, "loop": True},
    {"num": 8, "loop": True, "path": "smooth"},
    {"num": 7, "path": "circle"},
    {"frames_per_key": 3, "loop": True, "num": 18},
    {"keyframes": [{"frame": 2, "prompt": "a"}, {"frame": 5, "prompt": "b"}], "num": 9, "loop": True},
]


@pytest.mark.parametrize("fields", LOOPS, ids=str)
def test_in_a_loop_the_frame_after_the_last_would_be_the_first(fields: dict[str, Any]) -> None:
    of = walk(**fields)
    first, after = of.frame(0), of.frame(of.total)
    assert after.prompt == first.prompt
    if isinstance(first.noise, CircleNoise):
        assert isinstance(after.noise, CircleNoise)
        assert after.noise.turn - first.noise.turn == 1
    elif isinstance(first.noise, SlerpNoise):
        assert isinstance(after.noise, SlerpNoise)
        assert (after.noise.start, after.noise.end) == (first.noise.start, first.noise.end)
        assert after.noise.weight == pytest.approx(first.noise.weight)
    else:
        assert after.noise == first.noise
    assert of.frame(of.total - 1) != first


@given(st.integers(1, 60), st.integers(1, 9), st.booleans(), st.sampled_from(["slerp", "smooth"]))
def test_ways_are_whole_and_steps_even(num: int, count: int, loop: bool, path: str) -> None:
    of = walk(*(f"p{j}" for j in range(count)), num=num, loop=loop, path=path)
    assert of.total == num
    last = -1.0
    for index in range(num):
        noise = of.frame(index).noise
        place, way = of.layout.place(index)
        assert 0 <= way < 1
        assert place + way > last
        last = place + way
        if way == 0:
            assert isinstance(noise, Noise)
        else:
            assert isinstance(noise, SplineNoise if path == "smooth" else SlerpNoise)


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 7), st.sampled_from(["slerp", "smooth"]))
def test_an_endless_walk_begins_with_the_shorter_one(num: int, more: int, every: int, path: str) -> None:
    short = walk(num=num, frames_per_key=every, path=path)
    long = walk(num=num + more, frames_per_key=every, path=path)
    assert [short.frame(i) for i in range(num)] == [long.frame(i) for i in range(num)]
    assert short.recipe.digest == long.recipe.digest


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"frames_per_key": 10, "loop": True, "num": 25}, "take 30"),
        ({"frames_per_key": 10, "loop": True, "num": 20}, "take 30"),  # at a key, but not the first
        ({"frames_per_key": 2, "path": "circle", "num": 20}, "take 18"),
        (
            {"keyframes": [{"frame": 0, "prompt": "a"}, {"frame": 9, "prompt": "b"}], "num": 9, "loop": True},
            "more than 9",
        ),
    ],
)
def test_a_loop_that_would_not_close_is_refused(fields: dict[str, Any], hint: str) -> None:
    with pytest.raises(BadRequest) as refused:
        walk(**fields)
    assert refused.value.field == "num"
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("fields", "left_out"),
    [
        ({"num": 2}, "1 of 3 keys are left out of these 2 frames: 'b'"),
        ({"num": 1}, "2 of 3 keys are left out of this 1 frame: 'b', 'c'"),
        ({"num": 3}, ""),
        ({"num": 2, "loop": True}, ""),
        ({"num": 1, "loop": True}, "2 of 3 keys are left out of this 1 frame: 'b', 'c'"),
        ({"num": 5, "frames_per_key": 5}, "1 of 3 keys are left out of these 5 frames: 'c'"),
        ({"num": 7, "frames_per_key": 5}, ""),
        ({"num": 7, "frames_per_key": 5, "interpolate": "latent"}, "1 of 3 keys are left out of these 7 frames: 'c'"),
        ({"prompts": tuple("abcdefg"), "num": 2}, "5 of 7 keys are left out of these 2 frames: 'b', 'c', 'd', …"),
        ({"keyframes": at_frames(0, 9, 30), "num": 9}, "1 of 3 keys are left out of these 9 frames: 'c'"),
        ({"keyframes": at_frames(4, 9), "num": 12, "loop": True}, ""),
    ],
)
def test_keys_that_no_frame_shows_are_named(fields: dict[str, Any], left_out: str) -> None:
    assert [one.message for one in walk(**fields).warnings if one.code == "keys-left-out"] == (
        [left_out] if left_out else []
    )


@pytest.mark.parametrize("more", [{}, {"loop": True}, {"path": "circle"}, {"interpolate": "latent"}], ids=str)
def test_prompts_that_are_spread_need_a_frame_each(more: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"prompts": tuple("abcde"), **more}
    check_room(make_request(Dream, **fields, num=5))
    assert {key[0] for key in keys(walk(**{**fields, "num": 5, "path": "slerp"})).values()} == set("abcde")
    with pytest.raises(BadRequest, match="5 prompts need at least 5 frames") as refused:
        check_room(make_request(Dream, **fields, num=4))
    assert (refused.value.field, refused.value.value) == ("num", 4)


def test_a_film_of_the_usual_length_has_room_for_as_many_prompts() -> None:
    with pytest.raises(BadRequest, match="121 prompts need at least 121 frames"):
        check_room(make_request(Dream, prompts=["a"] * 121))


@pytest.mark.parametrize(
    "fields", [{"prompts": tuple("abc"), "frames_per_key": 5, "num": 2}, {"keyframes": at_frames(0, 9), "num": 1}]
)
def test_keys_at_frames_of_their_own_may_lie_beyond_the_end(fields: dict[str, Any]) -> None:
    check_room(make_request(Dream, **fields))


@given(st.integers(1, 40), st.integers(2, 12), st.booleans(), st.sampled_from([None, 1, 3]))
def test_shown_keys_are_those_that_frames_are_drawn_from(num: int, count: int, loop: bool, every: int | None) -> None:
    num = num if not loop or every is None else every * count
    of = walk(*(f"p{key}" for key in range(count)), num=num, loop=loop, frames_per_key=every)
    drawn = {
        words.prompt
        for prompt in (of.frame(index).prompt for index in range(num))
        for words in ((prompt.start, prompt.end) if isinstance(prompt, LerpPrompt) else (prompt,))
    }
    assert {f"p{key}" for key in of.layout.shown(between=True)} == drawn


@given(st.integers(1, 50), st.integers(1, 9))
def test_segments_cover_every_frame_once(num: int, tile: int) -> None:
    of = walk(num=num, batch_size=tile)
    segments = [of.segment(number) for number in range(of.segment_count)]
    assert [index for segment in segments for index in range(segment.first, segment.stop)] == list(range(num))
    assert {segment.waits_for for segment in segments} == {None}
    assert all(segment.first % tile == 0 and of.needs(segment) == () for segment in segments)


def test_a_film_reads_its_words_as_its_request_says() -> None:
    assert [walk(num=5, prompt_syntax=syntax).frame(0).prompt for syntax in ("a1111", "plain")] == [
        PromptPair(prompt="a", syntax="a1111"),
        PromptPair(prompt="a", syntax="plain"),
    ]

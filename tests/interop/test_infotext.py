"""Our infotext reads back as it was meant, but for what the format itself loses."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.fields import LARGEST_SEED
from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS, infotext
from sdplay.images.infotext_grammar import pairs_in, quoted, unquoted
from sdplay.interop import parse_infotext
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.support.recipes import recipe

NASTY = (
    "Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1",
    'she said "hi", \\ and "',
    "a Negative prompt: inside the line",
    "negative prompt: in small letters",
    "猫 👩‍👩‍👧 é",
    "Version: sdplay 9",
    '{"json": [1, 2]}',
)
ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
LINE = (st.sampled_from(NASTY) | ANY_TEXT.map(lambda text: text.replace("\n", ""))).map(str.strip)
KEPT_LINE = LINE.filter(lambda line: not line.startswith("Negative prompt:"))
LATER_LINES = st.lists(KEPT_LINE, max_size=4)
PROMPT = st.tuples(KEPT_LINE.filter(bool), LATER_LINES).map(lambda some: "\n".join([some[0], *some[1]]))


@given(prompt=PROMPT, negative=PROMPT | st.just(""))
def test_prompts_of_stripped_lines_come_back_exactly(prompt: str, negative: str) -> None:
    found = parse_infotext(infotext(recipe(prompt, negative_prompt=negative), 0, "1.2"))
    assert (found.prompt, found.negative_prompt) == (prompt, negative)


@given(
    prompt=ANY_TEXT.filter(str.strip),
    negative=ANY_TEXT,
    seed=st.integers(0, LARGEST_SEED - 9),
    guidance=st.floats(0, 100),
    sampler=st.sampled_from(sorted(SAMPLER_ALIASES)),
    schedule=st.sampled_from(sorted(SCHEDULE_ALIASES)),
    noise=st.sampled_from(["philox", "torch"]),
)
def test_settings_survive_every_prompt(
    prompt: str, negative: str, seed: int, guidance: float, sampler: str, schedule: str, noise: str
) -> None:
    asked = recipe(
        prompt,
        negative_prompt=negative,
        seed=seed,
        guidance_scale=guidance,
        sampler=sampler,
        schedule=schedule,
        noise=noise,
        steps=33,
        width=512,
        height=768,
    )
    found = parse_infotext(infotext(asked, 9, "1.2"))
    assert (found.program, found.version, found.other) == ("sdplay", "1.2", {})
    assert found.fields == {
        "steps": 33,
        "sampler": sampler,
        "schedule": schedule,
        "guidance_scale": guidance,
        "seed": seed + 9,
        "width": 512,
        "height": 768,
        "model": "pretend",
        "model_hash": "ab" * 5,
        "noise": noise,
        "clip_skip": 1,
    }


@given(prompt=ANY_TEXT.filter(str.strip), negative=ANY_TEXT)
def test_what_was_lost_once_is_all_that_is_ever_lost(prompt: str, negative: str) -> None:
    once = parse_infotext(infotext(recipe(prompt, negative_prompt=negative), 0, "1"))
    if not once.prompt:  # all of it went to the negative prompt
        return
    twice = parse_infotext(infotext(recipe(once.prompt, negative_prompt=once.negative_prompt), 0, "1"))
    assert (twice.prompt, twice.negative_prompt) == (once.prompt, once.negative_prompt)


@pytest.mark.parametrize(
    ("prompt", "negative", "read"),
    [
        (" a ", "", ("a", "")),
        ("a  \n\t b ", " c \n d ", ("a\nb", "c\nd")),
        ("\n\na", "\n\nb", ("a", "b")),
        ("a\u2003\nb\x1f", "", ("a\nb", "")),
        ("a", "  \n ", ("a", "")),
        ("a\nNegative prompt: b", "c", ("a", "b\nc")),
        ("a\n  Negative prompt:b", "", ("a", "b")),
        ("a", "b\nNegative prompt: c", ("a", "b\nc")),
        ("Negative prompt: a", "", ("", "a")),
    ],
)
def test_the_losses_of_the_format_are_exactly_these(prompt: str, negative: str, read: tuple[str, str]) -> None:
    found = parse_infotext(infotext(recipe(prompt, negative_prompt=negative), 0, "1"))
    assert (found.prompt, found.negative_prompt) == read


@pytest.mark.parametrize("prompt", ["a\n\nb", "a\n", "a\n\n\n"])
def test_empty_lines_after_the_first_are_kept(prompt: str) -> None:
    assert parse_infotext(infotext(recipe(prompt, negative_prompt=prompt), 0, "1")).prompt == prompt


def test_a_prompt_without_pairs_whose_last_line_looks_like_pairs_is_lost() -> None:
    """No writer of ours leaves the pairs out; text from elsewhere may."""
    found = parse_infotext("a cat\nwith: hat, and: boots, on: mat")
    assert found.prompt == "a cat"
    assert found.other == {"with": "hat", "and": "boots", "on": "mat"}


@given(value=ANY_TEXT)
def test_a_value_comes_back_and_leaves_its_neighbours_alone(value: str) -> None:
    line = f"Before: 1, Model: {quoted(value)}, After: 2"
    assert pairs_in(line) == [("Before", "1"), ("Model", value), ("After", "2")]


@pytest.mark.parametrize("value", ["v1-5-pruned", "Euler a", 7.0, 512])
def test_plain_values_are_written_plainly(value: object) -> None:
    assert quoted(value) == str(value)


KEY, STRING = r"\w[\w \-/]+", r'"(?:\\.|[^\\"])+"'
GRAMMAR = re.compile(rf"\s*({KEY}):\s*({STRING}|[^,]*)(?:,|$)")


@given(line=st.text(st.sampled_from('ab1_-/ ,:"\\\t\u2003é'), max_size=40))
def test_pairs_are_those_of_the_grammar(line: str) -> None:
    assert pairs_in(line) == [(key, unquoted(value)) for key, value in GRAMMAR.findall(line)]


def test_every_sampler_and_schedule_has_a_label() -> None:
    assert set(SAMPLER_LABELS) == set(SAMPLER_ALIASES)
    assert set(SCHEDULE_LABELS) == set(SCHEDULE_ALIASES)

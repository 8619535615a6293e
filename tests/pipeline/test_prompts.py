"""Any words at all can be drawn, and words count."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sdplay.events import ImageDone
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.recipe import plan
from sdplay.sampling.samplers import SAMPLERS
from sdplay.sampling.sigmas import SCHEDULES
from sdplay.studio import Studio
from tests.pipeline.stub import StubFamily
from tests.support.drawing import digests, settled
from tests.support.recipes import recipe

ANY_WORDS = {
    "ten thousand words": "word " * 6_000 + "x " * 1_000,
    "one word without end": "a" * 32_000,
    "emoji": "🍎👩‍👩‍👧‍👦🏳️‍🌈",
    "Arabic": "تفاحة حمراء على الطاولة",
    "Chinese": "一个红苹果",
    "Hindi and Thai": "लाल सेब แอปเปิ้ลแดง",
    "combining marks": "a\u0301\u0301\u0301 z\u0351\u0352\u0353",
    "control characters": "a\x01\x02\x7f\x85\u2028\u200b\ufeff b",
    "new lines and tabs": "a red apple,\n\ton a table\r\n",
    "the marks of other programs": "((a)) [b:c:0.5] <lore:x:1> {d|e} _f_ \\( BREAK AND",
    "the tokenizer's own marks": "<|startoftext|> a cat <|endoftext|> a dog <|endoftext|>",
    "code": "'; DROP TABLE pictures; -- ${jndi} %s %n {0} \\x00",
    "outside the basic plane": "𝕒 𝖗𝖊𝖉 𐍈 \U0010fffd",
    "numbers and signs": "½ ² 1e309 -0 NaN",
}


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.mark.parametrize("words", ANY_WORDS.values(), ids=ANY_WORDS)
def test_any_words_are_drawn(words: str, studio: Studio, tiny: Path) -> None:
    found = digests(studio, settled(tiny, words, negative_prompt=words[::-1], steps=1), [0])
    assert found.keys() == {0}


def test_prompt_and_negative_prompt_both_count(studio: Studio, tiny: Path) -> None:
    asked = [
        {"prompt": "a red apple"},
        {"prompt": "a blue apple"},
        {"prompt": "a red apple", "negative_prompt": "blue"},
        {"prompt": "a red apple", "negative_prompt": "the"},
        {"prompt": "a red apple", "guidance_scale": 4.5},
        {"prompt": "a red apple", "guidance_scale": 1.0},
    ]
    found = [digests(studio, settled(tiny, **fields), [0])[0] for fields in asked]  # type: ignore[arg-type]
    assert len(set(found)) == len(asked)


def test_without_guidance_the_negative_does_not_count(studio: Studio, tiny: Path) -> None:
    plain = digests(studio, settled(tiny, guidance_scale=1.0), [0])
    assert digests(studio, settled(tiny, guidance_scale=1.0, negative_prompt="blue"), [0]) == plain


def test_guidance_below_one_is_none(studio: Studio, tiny: Path) -> None:
    none = digests(studio, settled(tiny, "a cat", guidance_scale=1.0, negative_prompt="blue"), [0])
    assert digests(studio, settled(tiny, "a cat", guidance_scale=0.0, negative_prompt="red"), [0]) == none


def test_words_beyond_the_text_encoder_count_unless_the_text_is_to_stand_as_it_is(studio: Studio, tiny: Path) -> None:
    """22 words are a chunk here, 75 in Stable Diffusion."""

    def drawn(last: str, syntax: str) -> dict[int, str]:
        return digests(studio, settled(tiny, "red " * 30 + last, prompt_syntax=syntax), [0])

    assert drawn("cat", "a1111") != drawn("apple", "a1111")
    assert drawn("cat", "plain") == drawn("apple", "plain")


@pytest.mark.parametrize("size", [(64, 64), (72, 64), (64, 136), (200, 88)], ids=str)
def test_any_multiple_of_eight_is_drawn_at_that_size(size: tuple[int, int], studio: Studio, tiny: Path) -> None:
    width, height = size
    what = settled(tiny, width=width, height=height)
    (picture,) = [event.picture for event in studio.run(what, [0]) if isinstance(event, ImageDone)]
    assert picture.pixels.shape == (height, width, 3)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_sampler_goes_with_every_schedule(sampler: str, schedule: str, studio: Studio, tiny: Path) -> None:
    one, three = (settled(tiny, sampler=sampler, schedule=schedule, steps=steps) for steps in (1, 3))
    assert digests(studio, one, [0]) != digests(studio, three, [0])


def test_a_thousand_steps_can_be_taken_with_every_sampler() -> None:
    """The longest run there is, on the stub: where levels lie closest, two that are equal would divide by zero."""
    for sampler in SAMPLERS:
        for schedule in ("leading", "trailing"):
            what = recipe(steps=1000, sampler=sampler, schedule=schedule, width=64, height=64)
            family = StubFamily()
            events = render(what, plan(what, [0]), family, TextEncodingCache(family))
            assert sum(isinstance(event, ImageDone) for event in events) == 1, (sampler, schedule)

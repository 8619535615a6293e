"""Words that change on the way, pull together or go beyond a chunk, in pictures: what they mean, and their bits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sdplay.core.sample import LerpPrompt, PromptPair
from sdplay.engines.device import make_placement
from sdplay.families.sd.model import load as load_sd
from sdplay.pipeline.conditioning import make_conds
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import batch_key, render
from sdplay.requests.recipe import plan
from sdplay.sampling.denoiser import ComposedDenoiser, GuidedDenoiser, SteppedDenoiser
from sdplay.studio import ResolvedRequest, Studio
from tests.pipeline.stub import StubFamily
from tests.support.drawing import digests, each_alone, settled
from tests.support.recipes import recipe


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


def digest(studio: Studio, tiny: Path, prompt: str, **fields: object) -> str:
    return digests(studio, settled(tiny, prompt, **{"steps": 4, **fields}), [0])[0]


# --- bits ------------------------------------------------------------------------------------------------------------


def test_a_prompt_without_notation_has_the_bits_it_had_before_there_was_one(studio: Studio, tiny: Path) -> None:
    for prompt in ("a red apple", "the cat, on a blue: render", "red " * 22):
        fields = {"negative_prompt": "blue", "guidance_scale": 3.0}
        before = digest(studio, tiny, prompt, prompt_syntax="plain", **fields)
        assert digest(studio, tiny, prompt, **fields) == before


def test_plain_syntax_draws_the_characters_themselves(studio: Studio, tiny: Path) -> None:
    noted, plain = (digest(studio, tiny, "a (red:1.5) apple", prompt_syntax=syntax) for syntax in ("a1111", "plain"))
    assert noted != plain
    assert digest(studio, tiny, r"a \(red:1.5\) apple") == plain


MANY = (
    "{a red apple|a cat|a (blue:1.4) cat|the cat [on:red:0.5] a render|a cat AND a red apple|" + "red cat, " * 12 + "}"
)


@pytest.mark.parametrize("tile", [1, 3])
def test_a_pictures_bits_do_not_depend_on_its_neighbours_words(studio: Studio, tiny: Path, tile: int) -> None:
    """Six kinds of words in one batch, mixed by their seeds: chunks, schedules and compositions of other pictures
    must not change what a picture is.
    """
    what = settled(tiny, MANY, tile=tile, steps=2, negative_prompt="blue", sampler="euler")
    indices = list(range(9))
    kinds = {frame.prompt for frame in plan(what.recipe, indices)}
    assert len(kinds) >= 4
    alone = each_alone(studio, what, indices)
    assert digests(studio, what, indices) == alone
    assert digests(studio, what, indices[::-1]) == alone


def test_pictures_share_a_pass_only_with_their_like() -> None:
    memo = TextEncodingCache(StubFamily())
    what = recipe("a")
    (frame,) = plan(what, [0])

    def of(prompt: str) -> object:
        return batch_key(what, replace(frame, prompt=PromptPair(prompt=prompt, syntax="a1111")), memo)

    assert of("a cat") == of("an (apple:1.2)")
    assert of("[a|b]") == of("[a|b]") != of("[a|c]")
    assert len({of("a"), of("[a|b]"), of("a AND b"), of("a AND b:2")}) == 4


# --- meaning ---------------------------------------------------------------------------------------------------------


def test_a_change_after_all_steps_or_before_the_first_is_none(studio: Studio, tiny: Path) -> None:
    cat, apple = digest(studio, tiny, "a cat"), digest(studio, tiny, "a apple")
    assert digest(studio, tiny, "a [cat:apple:4]") == cat
    assert digest(studio, tiny, "a [cat:apple:0]") == apple
    assert digest(studio, tiny, "a [cat:apple:1.0]") == cat
    assert digest(studio, tiny, "a [cat|cat]") == cat
    changing = {
        digest(studio, tiny, f"a [{words}]") for words in ("cat:apple:1", "cat:apple:2", "cat:apple:3", "cat|apple")
    }
    assert len(changing | {cat, apple}) == 6
    assert digest(studio, tiny, "a [cat:apple:0.5]") == digest(studio, tiny, "a [cat:apple:2]")
    assert digest(studio, tiny, "a [cat|apple]", steps=2) == digest(studio, tiny, "a [cat:apple:1]", steps=2)


def test_the_negative_changes_and_weighs_as_well(studio: Studio, tiny: Path) -> None:
    red, blue = (digest(studio, tiny, "a cat", negative_prompt=words) for words in ("red", "blue"))
    assert digest(studio, tiny, "a cat", negative_prompt="[red:blue:4]") == red
    assert digest(studio, tiny, "a cat", negative_prompt="[red:blue:0]") == blue
    assert digest(studio, tiny, "a cat", negative_prompt="[red:blue:2]") not in {red, blue}
    assert digest(studio, tiny, "a cat", negative_prompt="(red blue:1.5)") != digest(
        studio, tiny, "a cat", negative_prompt="red blue"
    )


def test_each_step_reads_its_own_words() -> None:
    """On the stub, which draws the length of its text: what it is asked at every level."""
    what = recipe("[a|abc]", steps=4, guidance_scale=1.0)
    family = StubFamily()
    list(render(what, plan(what, [0]), family, TextEncodingCache(family)))
    assert family.encoded == ["a", "abc"]
    what = recipe("[a:abc:1]" + "d" * 3, steps=4, guidance_scale=1.0)
    family = StubFamily()
    list(render(what, plan(what, [0]), family, TextEncodingCache(family)))
    assert family.encoded == ["addd", "abcddd"]


def test_a_text_that_was_read_is_read_again_from_another_layer(tiny: Path) -> None:
    family = load_sd(tiny, make_placement("cpu", "float32", "float32"))
    memo = TextEncodingCache(family)
    last, before = memo("a cat"), memo.with_clip_skip(2)("a cat")
    assert not torch.equal(last.embeds, before.embeds)
    assert memo("a cat") is last
    assert memo.with_clip_skip(2)("a cat") is before
    between = memo.with_clip_skip(2).interpolated("a cat", "red " * 40, 0.5, "a1111").embeds
    assert not torch.equal(between, memo.interpolated("a cat", "red " * 40, 0.5, "a1111").embeds)


def test_the_step_is_told_by_the_level() -> None:
    stepped = SteppedDenoiser([8.0, 4.0, 2.0, 0.0], lambda step: lambda x, sigma: x + step)
    asked = {9.0: 0, 8.0: 0, 6.0: 0, 4.0: 1, 3.9: 1, 2.0: 2, 0.1: 2, 0.0: 2}
    assert {sigma: stepped(torch.zeros(1), sigma).item() for sigma in asked} == asked


def test_composition_is_the_sum_of_pulls() -> None:
    x = torch.randn(2, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    texts = torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).view(6, 1, 1, 1)  # away 0, 1; towards 2, 3; and 4, 5

    def all_(x: torch.Tensor, sigma: float) -> torch.Tensor:
        return x * 0.5 + texts[: len(x)]

    found = ComposedDenoiser(all_, [2.0, 3.0], [[1.0, 1.0], [0.5, -1.0]])(x, 1.0)
    expected = [0.0 + 2 * (2 + 0.5 * 4), 1.0 + 3 * (2 - 4)]
    assert torch.allclose(found, x * 0.5 + torch.tensor(expected).view(2, 1, 1, 1), atol=1e-5)


def test_one_part_alone_is_ordinary_guidance() -> None:
    x = torch.randn(1, 4, 2, 2, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.3, 0.9]).view(2, 1, 1, 1)

    def both(x: torch.Tensor, sigma: float) -> torch.Tensor:
        return x * weights

    composed = ComposedDenoiser(both, [4.5], [[1.0]])(x, 1.0)
    assert torch.allclose(composed, GuidedDenoiser(both, [4.5])(x, 1.0), atol=1e-6)


def test_parts_pull_as_hard_as_their_weights_say(studio: Studio, tiny: Path) -> None:
    drawn = {
        words: digest(studio, tiny, words) for words in ("a cat AND red", "a cat AND red:0.5", "a cat", "red AND a cat")
    }
    assert len(set(drawn.values())) >= 3
    assert drawn["a cat AND red"] != drawn["a cat AND red:0.5"]
    assert digest(studio, tiny, "a cat AND red", guidance_scale=1.0) != digest(
        studio, tiny, "a cat", guidance_scale=1.0
    )


def test_between_composed_words_each_part_pulls_by_how_near_it_is() -> None:
    one, two = PromptPair(prompt="a AND b:2", syntax="a1111"), PromptPair(prompt="c", syntax="a1111")
    found = make_conds(LerpPrompt(start=one, end=two, weight=0.25))
    assert [(part.start.at(0, 1), part.weight) for part in found.cond] == [("a", 0.75), ("b", 1.5), ("c", 0.25)]
    simple = make_conds(LerpPrompt(start=two, end=PromptPair(prompt="d", syntax="a1111"), weight=0.25))
    assert simple.has_one_prompt
    assert simple.cond[0].mix == 0.25


def test_between_texts_of_different_lengths_the_shorter_goes_on_with_nothing(tiny: Path) -> None:
    memo = TextEncodingCache(load_sd(tiny, make_placement("cpu", "float32", "float32")))
    short, long = memo("a cat", "a1111"), memo("red " * 40, "a1111")
    half = memo.interpolated("a cat", "red " * 40, 0.5, "a1111")
    extended = torch.cat([short.embeds, memo("").embeds])
    assert torch.allclose(half.embeds, (extended + long.embeds) / 2, atol=1e-6)


# --- choices ---------------------------------------------------------------------------------------------------------


def test_every_picture_makes_its_own_choices_and_makes_them_again(studio: Studio, tiny: Path) -> None:
    what = settled(tiny, "a {red|blue} {cat|apple}", steps=1, num=8)
    words = [frame.prompt for frame in plan(what.recipe, range(8))]
    assert len(set(words)) > 1
    drawn = digests(studio, what, range(8))
    frame = next(iter(plan(what.recipe, [5])))
    assert isinstance(frame.prompt, PromptPair)
    same = settled(tiny, frame.prompt.prompt, steps=1, seed=what.recipe.seed + 5)
    assert digests(studio, same, [0])[0] == drawn[5]


def test_a_recipes_wildcards_are_all_it_needs(studio: Studio, tiny: Path) -> None:
    what = settled(tiny, "a cat", steps=1)
    request = what.recipe.request.model_copy(update={"prompt": "a __color__ cat"})
    held = ResolvedRequest(
        recipe=replace(what.recipe, request=request, wildcards={"color": ("red",)}), model=what.model, device="cpu"
    )
    assert digests(studio, held, [0]) == digests(studio, settled(tiny, "a red cat", steps=1), [0])

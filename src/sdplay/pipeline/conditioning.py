"""From a picture's words to what the network reads at each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sdplay.core.fields import Syntax
from sdplay.core.sample import AnyPrompt, PromptPair, Sample
from sdplay.families.base import ControlCond, Family, TextEncoding
from sdplay.pipeline.control import TimedControl, active
from sdplay.pipeline.loras import text_loras, unet_loras
from sdplay.pipeline.text_cache import TextEncodingCache
from sdplay.prompts.composition import Part, composed
from sdplay.prompts.lora_tags import ActiveLoras
from sdplay.prompts.schedule import Schedule, scheduled
from sdplay.requests.recipe import Recipe
from sdplay.sampling.denoiser import Denoiser
from sdplay.sampling.guidance import ComposedDenoiser, GuidedDenoiser
from sdplay.sampling.rescale import Rescale
from sdplay.sampling.stepped import SteppedDenoiser


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCond:
    """A text through all steps, or one on the way from `start` to `end`; it pulls with `weight`.

    `worn` are the LoRAs on the text encoder when it reads `start`, and when it reads `end`.
    """

    start: Schedule
    end: Schedule
    way: float = 0.0
    syntax: Syntax
    weight: float = 1.0
    worn: tuple[ActiveLoras, ActiveLoras] = ((), ())

    @property
    def steady(self) -> bool:
        return self.start.steady and self.end.steady

    def at(self, step: int, steps: int, encode: TextEncodingCache, gone: int = 0) -> TextEncoding:
        start, end = (words.at(step, steps, gone) for words in (self.start, self.end))
        return encode.interpolated(start, end, self.way, self.syntax, self.worn)


@dataclass(frozen=True, slots=True)
class Conds:
    """What a picture is drawn away from, and all that it is drawn towards."""

    uncond: PromptCond
    cond: tuple[PromptCond, ...]

    @property
    def simple(self) -> bool:
        """Whether it is drawn towards one text, as hard as usual."""
        return len(self.cond) == 1 and self.cond[0].weight == 1

    @property
    def steady(self) -> bool:
        return all(strand.steady for strand in (self.uncond, *self.cond))


def make_conds(words: AnyPrompt, worn: tuple[ActiveLoras, ActiveLoras] = ((), ())) -> Conds:
    """Read `words`. Between two of which one is composed (`AND`) each part pulls by how near its own words are."""
    start, end, way = (words, words, 0.0) if isinstance(words, PromptPair) else (words.start, words.end, words.weight)
    syntax = start.syntax
    away = PromptCond(start=uncond_schedule(start), end=uncond_schedule(end), way=way, syntax=syntax, worn=worn)
    parts, others = cond_parts(start), cond_parts(end)
    if len(parts) == len(others) == 1:
        (one,), (two,) = parts, others
        return Conds(away, (PromptCond(start=one.words, end=two.words, way=way, syntax=syntax, worn=worn),))
    shares = [(part, 1 - way, worn[0]) for part in parts] + [(part, way, worn[1]) for part in others if way]
    strands = (
        PromptCond(start=part.words, end=part.words, syntax=syntax, weight=part.weight * share, worn=(on, on))
        for part, share, on in shares
    )
    return Conds(away, tuple(strands))


def cond_parts(words: PromptPair) -> tuple[Part, ...]:
    return composed(words.prompt) if words.syntax == "a1111" else (Part(Schedule((words.prompt,))),)


def uncond_schedule(words: PromptPair) -> Schedule:
    text = words.negative_prompt
    return scheduled(text, "negative_prompt") if words.syntax == "a1111" else Schedule((text,))


def batch_key(recipe: Recipe, frame: Sample, encode: TextEncodingCache) -> object:
    """What pictures must have in common to share a forward pass, so that no picture's bits depend on another's words:
    texts of the same lengths, and the same words where these change on the way or are composed; and the same LoRAs.
    """
    on = unet_loras(recipe, frame.prompt)
    found = make_conds(frame.prompt, text_loras(recipe, frame.prompt))
    if found.simple and found.steady:
        strands = found.cond if guidance_scale_of(recipe, frame) == 1 else (found.uncond, *found.cond)
        return on, tuple(len(strand.at(0, 1, encode).embeds) for strand in strands)
    return on, frame.prompt if isinstance(frame.prompt, PromptPair) else (frame.prompt.start, frame.prompt.end)


def guidance_scale_of(recipe: Recipe, frame: Sample) -> float:
    return recipe.guidance_scale if frame.guidance_scale is None else frame.guidance_scale


class BatchConditioning:
    """The words of a tile, and the denoisers that they guide; `gone` are the steps of the pass before this one."""

    def __init__(
        self, recipe: Recipe, tile: Sequence[Sample], family: Family, encode: TextEncodingCache, gone: int = 0
    ) -> None:
        on = unet_loras(recipe, tile[0].prompt)
        self.family = family.with_add_ons(on) if on else family
        self.encode, self.gone = encode, gone
        self.scales = [guidance_scale_of(recipe, frame) for frame in tile]
        self.pulls = [make_conds(frame.prompt, text_loras(recipe, frame.prompt)) for frame in tile]
        share = recipe.request.guidance_rescale
        self.rescale = Rescale(share, family.noise_schedule.prediction) if share else None

    def denoiser(self, sigmas: Sequence[float], seen: Tensor | None, guidance: TimedControl | None = None) -> Denoiser:
        """The denoiser of the tile for the ladder `sigmas`: one for all steps, or one for each wording of a step and
        each that a ControlNet comes in or goes at.
        """
        steps = len(sigmas) - 1
        if steps < 1 or (guidance is None and all(each.steady for each in self.pulls)):
            return self.guided(self.read(0, max(steps, 1)), seen)
        now: list[tuple[list[TextEncoding], Sequence[ControlCond], Denoiser]] = []

        def at(step: int) -> Denoiser:
            read, guides = self.read(step, steps), active(guidance, step, steps)
            if not now or not same(now[-1][0], read) or now[-1][1] != guides:
                now[:] = [(read, guides, self.guided(read, seen, guides))]
            return now[-1][2]

        return SteppedDenoiser(sigmas, at)

    def read(self, step: int, steps: int) -> list[TextEncoding]:
        """What the network reads at `step`: [away…, towards…], or [away…, towards 1…, towards 2…]."""
        rows = [[each.uncond for each in self.pulls], *zip(*(each.cond for each in self.pulls), strict=True)]
        if self.no_cfg:
            rows = rows[1:]
        return [strand.at(step, steps, self.encode, self.gone) for row in rows for strand in row]

    @property
    def simple(self) -> bool:
        return all(each.simple for each in self.pulls)

    @property
    def no_cfg(self) -> bool:
        """Whether there is nothing to be drawn away from: at a scale of 1 that cancels out."""
        return self.simple and set(self.scales) == {1}

    def guided(self, read: Sequence[TextEncoding], seen: Tensor | None, guides: Sequence[ControlCond] = ()) -> Denoiser:
        """The denoiser of these rows: one batched call for all, or the towards half alone where guidance is 1."""
        rows = self.family.denoiser(read, seen, guides) if guides else self.family.denoiser(read, seen)
        if self.no_cfg:
            return rows
        if self.simple:
            return GuidedDenoiser(rows, self.scales, self.rescale)
        weights = zip(*([strand.weight for strand in each.cond] for each in self.pulls), strict=True)
        return ComposedDenoiser(rows, self.scales, list(weights), self.rescale)


def same(one: Sequence[TextEncoding], other: Sequence[TextEncoding]) -> bool:
    return all(a is b or torch.equal(a.embeds, b.embeds) for a, b in zip(one, other, strict=True))

"""From the prompts of a batch to what the network reads at each step, with which LoRAs, and how guidance works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.fields import Syntax
from sdplay.core.sample import AnyPrompt, PromptPair, Sample
from sdplay.families.base import ControlCond, Family, TextEncoding
from sdplay.pipeline.control import TimedControl, active_controls
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.prompts.composition import Part, PromptSchedule, composed, scheduled
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras, Lora, lora_tags
from sdplay.requests.add_ons import asked_loras
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import computed_steps
from sdplay.sampling.denoiser import (
    ComposedDenoiser,
    Denoiser,
    ForecastDenoiser,
    GuidedDenoiser,
    Rescale,
    SteppedDenoiser,
)
from sdplay.sampling.samplers import adds_noise

Weights = dict[str, float]  # by name


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptCond:
    """A prompt through all steps, or a mix: `mix` 0 is `start`, 1 is `end`. It counts `weight` in guidance.

    `loras` are those on the text encoder when it reads `start`, and when it reads `end`.
    """

    start: PromptSchedule
    end: PromptSchedule
    mix: float = 0.0
    syntax: Syntax
    weight: float = 1.0
    loras: tuple[ActiveLoras, ActiveLoras] = ((), ())

    @property
    def is_static(self) -> bool:
        """Whether it is the same at every step."""
        return self.start.steady and self.end.steady

    def at(self, step: int, steps: int, text_cache: TextEncodingCache, steps_before: int = 0) -> TextEncoding:
        """What the network reads at `step` of `steps` (from 0), after a first pass of `steps_before` steps."""
        start, end = (each.at(step, steps, steps_before) for each in (self.start, self.end))
        return text_cache.interpolated(start, end, self.mix, self.syntax, self.loras)


@dataclass(frozen=True, slots=True)
class Conds:
    """What a sample is guided away from, and the prompts that it is guided towards."""

    uncond: PromptCond
    cond: tuple[PromptCond, ...]

    @property
    def has_one_prompt(self) -> bool:
        """Whether this is ordinary guidance: one prompt of weight 1."""
        return len(self.cond) == 1 and self.cond[0].weight == 1

    @property
    def is_static(self) -> bool:
        return all(cond.is_static for cond in (self.uncond, *self.cond))


def make_conds(prompt: AnyPrompt, loras: tuple[ActiveLoras, ActiveLoras] = ((), ())) -> Conds:
    """Parse `prompt`. Between two prompts of which one is composed (`AND`), the weight of each part is
    multiplied by 1 − mix (start) or mix (end).

    Raises `BadRequest` for notation that is wrong.
    """
    start, end, mix = (
        (prompt, prompt, 0.0) if isinstance(prompt, PromptPair) else (prompt.start, prompt.end, prompt.weight)
    )
    syntax = start.syntax
    uncond = PromptCond(start=negative_of(start), end=negative_of(end), mix=mix, syntax=syntax, loras=loras)
    parts, end_parts = parts_of(start), parts_of(end)
    if len(parts) == len(end_parts) == 1:
        (one,), (two,) = parts, end_parts
        return Conds(uncond, (PromptCond(start=one.words, end=two.words, mix=mix, syntax=syntax, loras=loras),))
    shares = [(part, 1 - mix, loras[0]) for part in parts] + [(part, mix, loras[1]) for part in end_parts if mix]
    conds = (
        PromptCond(start=part.words, end=part.words, syntax=syntax, weight=part.weight * share, loras=(active, active))
        for part, share, active in shares
    )
    return Conds(uncond, tuple(conds))


def parts_of(prompt: PromptPair) -> tuple[Part, ...]:
    return composed(prompt.prompt) if prompt.syntax == "a1111" else (Part(PromptSchedule((prompt.prompt,))),)


def negative_of(prompt: PromptPair) -> PromptSchedule:
    text = prompt.negative_prompt
    return scheduled(text, "negative_prompt") if prompt.syntax == "a1111" else PromptSchedule((text,))


def guidance_scale_of(recipe: Recipe, sample: Sample) -> float:
    """That of the sample, at least 1: below it, where other programs say 0 for "none", there is no guidance either."""
    return max(recipe.guidance_scale if sample.guidance_scale is None else sample.guidance_scale, 1.0)


class BatchConditioning:
    """The conds of a batch: `at` is what the network reads at a step, `denoiser` guides it by that.

    `steps_before` are the steps of the passes before this one.
    """

    def __init__(
        self,
        recipe: Recipe,
        batch: Sequence[Sample],
        family: Family,
        text_cache: TextEncodingCache,
        steps_before: int = 0,
    ) -> None:
        loras = unet_loras(recipe, batch[0].prompt)
        self.family = family.with_add_ons(loras) if loras else family
        self.recipe, self.text_cache, self.steps_before = recipe, text_cache, steps_before
        self.scales = [guidance_scale_of(recipe, sample) for sample in batch]
        self.conds = [make_conds(sample.prompt, text_loras(recipe, sample.prompt)) for sample in batch]
        self.has_one_prompt = all(conds.has_one_prompt for conds in self.conds)
        if self.family.reads_guidance and not self.has_one_prompt:
            reason = "this model is told how strong guidance is, and can be guided by one prompt only"
            raise BadRequest(reason, field="prompt", hint="write it without AND")
        # at a scale of 1 the uncond half cancels out, and some networks need none
        self.no_cfg = self.has_one_prompt and (self.family.reads_guidance or set(self.scales) == {1})
        phi = recipe.request.guidance_rescale
        self.rescale = Rescale(phi, family.process) if phi else None

    def denoiser(
        self, sigmas: Sequence[float], inpaint_channels: Tensor | None = None, control: TimedControl | None = None
    ) -> Denoiser:
        """The guided denoiser of the batch for a run through `sigmas`, of the quality that the recipe asks for."""
        guided = self.guided(sigmas, inpaint_channels, control)
        computed = computed_steps(self.recipe.request.quality, len(sigmas) - 1)
        if len(computed) == len(sigmas) - 1:
            return guided
        renoised = adds_noise(self.recipe.sampler, self.recipe.request.eta)
        return ForecastDenoiser(guided, sigmas, computed, renoised=renoised)

    def guided(
        self, sigmas: Sequence[float], inpaint_channels: Tensor | None = None, control: TimedControl | None = None
    ) -> Denoiser:
        """The guided denoiser that asks the network every time: one for all steps if nothing changes."""
        steps = len(sigmas) - 1
        if steps < 1 or (control is None and all(conds.is_static for conds in self.conds)):
            return self.make_guided(self.at(0, max(steps, 1)), inpaint_channels)

        def denoiser_at(step: int) -> Denoiser:
            return self.make_guided(self.at(step, steps), inpaint_channels, active_controls(control, step, steps))

        return SteppedDenoiser(sigmas, denoiser_at)

    def at(self, step: int, steps: int) -> list[TextEncoding]:
        """What the network reads at `step` of `steps`, in rows [uncond…, cond 1…, cond 2…]; no uncond without CFG."""
        prompts = [[conds.uncond for conds in self.conds], *zip(*(conds.cond for conds in self.conds), strict=True)]
        if self.no_cfg:
            prompts = prompts[1:]
        return [cond.at(step, steps, self.text_cache, self.steps_before) for row in prompts for cond in row]

    def make_guided(
        self, encodings: Sequence[TextEncoding], inpaint_channels: Tensor | None, controls: Sequence[ControlCond] = ()
    ) -> Denoiser:
        """One batched call of the network for all `encodings`, and guidance between its answers."""
        if self.family.reads_guidance:
            denoiser = self.family.denoiser(encodings, inpaint_channels, controls, self.scales)
        elif controls:
            denoiser = self.family.denoiser(encodings, inpaint_channels, controls)
        else:
            denoiser = self.family.denoiser(encodings, inpaint_channels)
        if self.no_cfg:
            return denoiser
        if self.has_one_prompt:
            return GuidedDenoiser(denoiser, self.scales, self.rescale)
        weights = zip(*([cond.weight for cond in conds.cond] for conds in self.conds), strict=True)
        return ComposedDenoiser(denoiser, self.scales, list(weights), self.rescale)


def unet_loras(recipe: Recipe, prompt: AnyPrompt) -> ActiveLoras:
    """The LoRAs on the U-Net; between two prompts their weights are interpolated."""
    start = lora_weights(recipe, prompt if isinstance(prompt, PromptPair) else prompt.start, "network")
    if isinstance(prompt, PromptPair):
        return by_digest(recipe, start)
    end = lora_weights(recipe, prompt.end, "network")
    mix = prompt.weight
    mixed = {name: start.get(name, 0.0) * (1 - mix) + end.get(name, 0.0) * mix for name in start | end}
    return by_digest(recipe, mixed)


def text_loras(recipe: Recipe, prompt: AnyPrompt) -> tuple[ActiveLoras, ActiveLoras]:
    """The LoRAs on the text encoders for the start and the end of the prompt."""
    ends = (prompt, prompt) if isinstance(prompt, PromptPair) else (prompt.start, prompt.end)
    one, other = (by_digest(recipe, lora_weights(recipe, end, "text")) for end in ends)
    return one, other


def lora_weights(recipe: Recipe, prompt: PromptPair, side: str) -> Weights:
    """The weight of each LoRA, by name; one that is named several times counts as often."""
    named: list[Lora] = list(asked_loras(recipe.request))
    if prompt.syntax == "a1111":
        named += lora_tags(prompt.prompt)[1]
    weights: Weights = {}
    for lora in named:
        weights[lora.name] = weights.get(lora.name, 0.0) + (lora.text if side == "text" else lora.network)
    return weights


def by_digest(recipe: Recipe, weights: Weights) -> ActiveLoras:
    """Weights by digest, in the order of the recipe; raises `BadRequest` for a LoRA that the recipe does not hold."""
    known = {add_on.name: add_on.digest for add_on in recipe.add_ons if add_on.kind == "lora"}
    if unknown := sorted(weights.keys() - known.keys()):
        reason = "the recipe holds no LoRA of this name"
        raise BadRequest(reason, field="lora", value=unknown[0], hint=f"it holds {', '.join(known) or 'none'}")
    total: Weights = {}  # by digest: two names of one file are one LoRA
    for name, digest in known.items():
        total[digest] = total.get(digest, 0.0) + weights.get(name, 0.0)
    return tuple((digest, weight) for digest, weight in total.items() if weight)


def textual_inversions_of(recipe: Recipe) -> ActiveEmbeddings:
    """The names and digests of the embeddings in the recipe's prompts."""
    return tuple((add_on.name, add_on.digest) for add_on in recipe.add_ons if add_on.kind == "embedding")

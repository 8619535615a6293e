"""The LoRAs of a picture and their weights: those of the request, and those in its own prompt."""

from __future__ import annotations

from sdplay.core.errors import BadRequest
from sdplay.core.sample import AnyPrompt, PromptPair
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras, Lora, lora_tags
from sdplay.requests.add_ons import asked_loras
from sdplay.requests.recipe import Recipe

Weights = dict[str, float]  # by name


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


def embeddings_of(recipe: Recipe) -> ActiveEmbeddings:
    """The names and digests of the embeddings in the recipe's prompts."""
    return tuple((add_on.name, add_on.digest) for add_on in recipe.add_ons if add_on.kind == "embedding")

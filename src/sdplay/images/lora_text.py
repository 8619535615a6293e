"""What A1111's text says of the files that changed a model: the LoRAs in the prompt, and a hash for each file."""

from __future__ import annotations

from sdplay.core.sample import PromptPair
from sdplay.prompts.lora_tags import lora_tags
from sdplay.requests.add_ons import asked_loras, word_pattern
from sdplay.requests.recipe import Recipe

HASH = 12  # hex digits


def with_asked_loras(recipe: Recipe, prompt: str) -> str:
    """`prompt` with the LoRAs that were asked for beside it, where A1111 looks for them."""
    weights = ((lora.name, lora.text, lora.network) for lora in asked_loras(recipe.request))
    marks = (f"<lora:{n}:{t:g}>" if t == u else f"<lora:{n}:{t:g}:{u:g}>" for n, t, u in weights)
    return " ".join([prompt, *marks])


def file_hashes(recipe: Recipe, words: PromptPair) -> dict[str, object]:
    """The pairs `Lora hashes` and `TI hashes` of a picture with these `words`, for the files that it was drawn with."""
    asked = {lora.name for lora in asked_loras(recipe.request)}
    if words.syntax == "a1111":
        asked |= {lora.name for lora in lora_tags(words.prompt)[1]}
    text = f"{words.prompt}\n{words.negative_prompt}"
    loras = {one.name: one.digest for one in recipe.add_ons if one.kind == "lora" and one.name in asked}
    spelled = {one.name: one.digest for one in recipe.add_ons if one.kind == "embedding"}
    spelled = {name: digest for name, digest in spelled.items() if word_pattern([name]).search(text)}
    found = {"Lora hashes": loras, "TI hashes": spelled}
    return {key: ", ".join(f"{n}: {d[:HASH]}" for n, d in names.items()) for key, names in found.items() if names}

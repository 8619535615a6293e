"""The "parameters" text that A1111 writes into pictures and half the field reads.

infotext = prompt ["\\nNegative prompt: " negative] "\\n" pairs; pairs = "Key: value" joined by ", "; a value that holds a
comma, a colon or a newline is written as a JSON string.
"""

from __future__ import annotations

import json

from sdplay.core.recipe import Recipe

SAMPLER_LABELS = {"euler": "Euler", "euler_a": "Euler a", "dpmpp_2m": "DPM++ 2M", "ddim": "DDIM"}
SCHEDULE_LABELS = {
    "trailing": "SGM Uniform",
    "linspace": "Normal",
    "leading": "DDIM",
    "karras": "Karras",
    "exponential": "Exponential",
}
NOISE_LABELS = {"philox": "NV", "torch": "CPU"}


def quoted(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(c in text for c in ",:\n") else text


def infotext(recipe: Recipe, index: int, version: str) -> str:
    """The text for picture `index` of `recipe`; `version` is our own, written as `Version: sdplay …`."""
    request = recipe.request
    pairs = {
        "Steps": recipe.steps,
        "Sampler": SAMPLER_LABELS[recipe.sampler],
        "Schedule type": SCHEDULE_LABELS[recipe.schedule],
        "CFG scale": recipe.guidance_scale,
        "Seed": recipe.seed + index,
        "Size": f"{recipe.width}x{recipe.height}",
        "Model hash": recipe.model.digest[:10],
        "Model": recipe.model.name,
        "RNG": NOISE_LABELS[request.noise],
        "Version": f"sdplay {version}",
    }
    negative = f"\nNegative prompt: {request.negative_prompt}" if request.negative_prompt else ""
    line = ", ".join(f"{key}: {quoted(value)}" for key, value in pairs.items())
    return f"{request.prompt}{negative}\n{line}".strip()

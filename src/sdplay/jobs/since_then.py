"""What this version draws otherwise than an earlier one drew the same recipe, where that is known.

Four corrections changed pixels of few pictures. `Numerics.revision` was not raised for them: it is part of every
recipe, so all digests would be others and all old pictures would look as if the arithmetic had changed, though nearly
all come out bit for bit. Instead `verify` asks here for the cause where one did not. See ADR 1.
"""

from __future__ import annotations

import json
import re

from sdplay.core.errors import SdplayError
from sdplay.families.common.detect import ZERO_SNR, read_checkpoint
from sdplay.files.regular import read_regular
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.recipe import Recipe

UNTIL = "until 2026-11-29 sdplay"
RESCALED = "rescale_betas_zero_snr"  # in the configuration of a folder
BACKSLASH = re.compile(r"\\(__|.|$)", re.DOTALL)
ESCAPED = {*"()[]\\{}", "__"}  # what a backslash makes plain in a prompt


def known_cause(recipe: Recipe, model: ResolvedModel | None) -> str:
    """Why the pictures of `recipe`, drawn by `model`, may be others than an earlier version's; "" if nothing is known.

    A given picture with a colour profile is not among them: its pixels are others, which is noticed before.
    """
    if recipe.request.prompt_syntax == "a1111" and any(map(has_idle_backslash, texts(recipe))):
        return f"{UNTIL} kept a backslash that escapes nothing in a prompt, and leaves it out now"
    if model is not None and leaves_nothing(model):
        return f"{UNTIL} drew a model with {ZERO_SNR} or {RESCALED} with other noise levels than its own"
    if recipe.guidance_scale < 1:
        return f"{UNTIL} took a guidance scale below 1 for a mixture with the negative prompt; now it is no guidance"
    return ""


def texts(recipe: Recipe) -> list[str]:
    return [text for _, text in recipe.request.texts(recipe.wildcards)]


def has_idle_backslash(text: str) -> bool:
    return any(match[1] not in ESCAPED for match in BACKSLASH.finditer(text))


def leaves_nothing(model: ResolvedModel) -> bool:
    """Whether its files say that at the last step of its training nothing was left of the picture."""
    try:
        if model.path.is_file():
            return ZERO_SNR in read_checkpoint(model.path).tensors
        config = json.loads(read_regular(model.path / "scheduler" / "scheduler_config.json"))
        return bool(config.get(RESCALED))
    except (SdplayError, OSError, ValueError, AttributeError):
        return False

"""What the gallery keeps of a picture file that it found, whichever program wrote it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.images.open import UNREADABLE, open_file
from sdplay.images.own import embedded_in, read_sheet
from sdplay.interop import ParsedMetadata, read_found
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still, prompt_of

ORIENTATION, QUARTER_TURNS = 0x0112, range(5, 9)  # of EXIF
MEDIA = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}


def described(path: Path) -> dict[str, Any]:
    """The fields of a `StoredPicture` that a file says, but for where it is; and `mode`, "" if it is not one of ours.

    Raises `BadRequest` for a file that is no picture or is damaged.
    """
    facts: dict[str, Any] = {**state_of(path), "created": path.stat().st_mtime}
    return facts | shape_of(path) | said_by(path)


def state_of(path: Path) -> dict[str, int]:
    """By what a change of the file is noticed."""
    state = path.stat()
    return {"bytes": state.st_size, "changed": state.st_mtime_ns}


def shape_of(path: Path) -> dict[str, Any]:
    """Its media type, and its size as it is shown."""
    try:
        with open_file(path) as image:
            turned = image.getexif().get(ORIENTATION, 1) in QUARTER_TURNS
            width, height = image.size[::-1] if turned else image.size
            return {"media_type": MEDIA[str(image.format)], "width": width, "height": height}
    except UNREADABLE as error:
        raise BadRequest("is no picture that can be read", field="file", value=path.name) from error


def said_by(path: Path) -> dict[str, Any]:
    """What it says about how it was made; a file that says nothing, or nothing that can be read, has empty fields."""
    with suppress(*UNREADABLE, SdplayError):
        if (embedded := embedded_in(path)) is not None:
            return of_recipe(embedded.recipe, embedded.index) | {"digest": embedded.digest}
        if (sheet := read_sheet(path)) is not None:
            return of_recipe(sheet.recipe, sheet.pictures[0].index)
        if (found := read_found(path)) is not None:
            return of_another_program(found)
    return {"prompt": "", "negative_prompt": "", "model": "", "seed": 0, "program": "", "mode": ""}


def of_recipe(recipe: Recipe, index: int) -> dict[str, Any]:
    return {
        **prompts_of(recipe, index),
        "model": recipe.model.name,
        "seed": recipe.seed + index,
        "recipe": recipe.digest,
        "program": "sdplay",
        "mode": recipe.request.mode,
    }


def of_another_program(found: ParsedMetadata) -> dict[str, Any]:
    model, seed = found.fields.get("model"), found.fields.get("seed")
    return {
        "prompt": found.prompt,
        "negative_prompt": found.negative_prompt,
        "model": model if isinstance(model, str) else "",
        "seed": seed if isinstance(seed, int) else 0,
        "program": found.program,
        "mode": "",
    }


def prompts_of(recipe: Recipe, index: int) -> dict[str, str]:
    """The prompts of a picture, as they are looked for."""
    if not isinstance(recipe.request, Still):
        return {"prompt": "", "negative_prompt": ""}
    pair = prompt_of(recipe, index)
    return {"prompt": pair.prompt, "negative_prompt": pair.negative_prompt}

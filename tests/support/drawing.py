"""Settle a recipe on a real folder with the numerics a test wants, and draw pictures of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdplay.core.machine import Machine
from sdplay.events import ImageDone
from sdplay.library.resolve import resolve
from sdplay.requests.base import make_request
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import ResolvedRequest, Studio

DEFAULTS = {"steps": 2, "seed": 11, "sampler": "euler_a", "schedule": "trailing", "guidance_scale": 4.0}


def settled(
    folder: Path,
    prompt: str = "a red apple",
    *,
    dtype: str = "float32",
    tile: int = 1,
    threads: int = 1,
    **fields: Any,
) -> ResolvedRequest:
    """A request on the model in `folder`, with these numerics whatever the machine is."""
    model = resolve(str(folder))
    request = make_request(Txt2Img, prompt=prompt, model=str(folder), **{**DEFAULTS, **fields})
    recipe = resolve_request(request, model, Machine(device="cpu", dtype=dtype, threads=threads), new_seed=0)
    recipe = replace(recipe, numerics=replace(recipe.numerics, tile=tile))
    return ResolvedRequest(recipe=recipe, model=model, device="cpu")


def digests(studio: Studio, what: ResolvedRequest, indices: Iterable[int]) -> dict[int, str]:
    """Draw pictures `indices` in one run; the digest of the pixels of each."""
    events = studio.run(what, list(indices))
    return {event.picture.index: event.picture.digest for event in events if isinstance(event, ImageDone)}


def each_alone(studio: Studio, what: ResolvedRequest, indices: Sequence[int]) -> dict[int, str]:
    """The same, each picture in a run of its own."""
    return {index: digests(studio, what, [index])[index] for index in indices}

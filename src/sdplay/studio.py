"""The one object a Python user holds: ask it for pictures, films, files, proofs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.machine import Machine
from sdplay.images.picture import Picture, difference
from sdplay.jobs.add_ons import find_add_ons
from sdplay.jobs.film import Filming
from sdplay.jobs.grid import Gridding
from sdplay.jobs.history import Remembering
from sdplay.jobs.pictures import Pictures, ResolvedRequest, random_seed, requests_for
from sdplay.jobs.upscale import USUAL_SCALE
from sdplay.library.card import shipped_cards
from sdplay.library.resolve import ResolvedModel, resolve
from sdplay.requests.modes import expand_prompts
from sdplay.requests.request import AnyStill, kind_of
from sdplay.requests.resolve import resolve_request
from sdplay.requests.upscale_record import LargerPicture

if TYPE_CHECKING:
    from sdplay.pipeline.explain import Explanation

__all__ = ["Pictures", "ResolvedRequest", "Studio", "difference", "draw", "random_seed", "upscale"]


class Studio(Filming, Gridding, Remembering):
    """Draws, keeps, proves. Holds one executor, and through it one loaded model; `close` lets go of both.

    `executor` is where the drawing happens (this process when left out); `new_seed` makes the seed of a request that
    has none; `library` is where models are looked for by name (those of the environment when left out).
    """

    def explain(self, request: AnyStill) -> Explanation:
        """What the model reads of the prompts of `request`; takes its vocabulary, not its weights or torch."""
        from sdplay.pipeline.explain import explain

        model = resolve(request.model, self.library, allow_pickle=request.run.allow_pickle)
        written, wildcards = expand_prompts(request)
        model = replace(model, add_ons=find_add_ons(written, wildcards, self.library))
        machine = Machine(device="cpu", dtype="float32", threads=1)
        return explain(resolve_request(written, model, machine, self._new_seed(), {}, wildcards), model)

    def models(self) -> dict[str, Path]:
        """The models that are here, by name: those that are in the library, and those that come with the program."""
        shipped = {card.name: card.folder for card in shipped_cards().values() if card.folder is not None}
        return dict(self.library.models()) | shipped

    def model(self, name: str) -> ResolvedModel:
        """What the model `name` is, where it is, and what is taken when nothing is asked; raises as `resolve` does."""
        return resolve(name, self.library)

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def draw(prompt: str | Sequence[str], *, out: str | Path | None = None, kind: str = "png", **fields: Any) -> Pictures:
    """Draw `prompt`, or each of several, and return the pictures; with `out` they are kept in that folder as well.

    `fields` are those of `Txt2Img`: negative_prompt, num, seed, steps, guidance_scale, sampler, width and so on. With
    an `image`, which may be a folder, they are those of `Img2Img`, and with a `mask` or `extend` those of `Inpaint`.
    Raises `BadRequest` (with the field, the value and what to do) and `SdplayError`.
    """
    prompts = [prompt] if isinstance(prompt, str) else list(prompt)
    asked = requests_for(kind_of(fields), prompts, fields)
    with Studio() as studio:
        return Pictures(picture for request in asked for picture in studio.draw(request, out, kind))


def upscale(
    picture: Picture | str | Path,
    scale: float = USUAL_SCALE,
    upscaler: str | None = None,
    out: str | Path | None = None,
) -> LargerPicture:
    """`picture`, drawn or in a file, `scale` times as large; see `Studio.upscale`."""
    with Studio() as studio:
        return studio.upscale(picture, scale, upscaler, out)

"""What was drawn before: read, taken over, drawn again, proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest, NotReproduced, SdplayError
from sdplay.core.values import counted
from sdplay.events import ImageDone
from sdplay.images.inputs import CALLED, with_inputs
from sdplay.images.own import format_of, is_ours, read_own, read_sheet
from sdplay.images.picture import Picture, difference
from sdplay.images.write import Embedded, stored_pixels
from sdplay.interop import ParsedMetadata, read_found
from sdplay.interop.import_settings import ImportedSettings, import_settings
from sdplay.interop.read import why_silent
from sdplay.jobs.pictures import PictureJobs, Pictures
from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.jobs.since_then import known_cause
from sdplay.jobs.upscale import UpscaleJobs
from sdplay.library.card import shipped_cards
from sdplay.library.resolve import shipped_model
from sdplay.prompts.template import Wildcards
from sdplay.requests.base import Request, in_field_names, make_request
from sdplay.requests.given import WHERE_THEY_WERE, PictureLike
from sdplay.requests.recipe import Recipe, count
from sdplay.requests.request import kind_of
from sdplay.requests.resolve import check_known
from sdplay.requests.txt2img import picture_size
from sdplay.version import VERSION


class History:
    """Knows what pictures say about how they were made."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver, self.pictures = resolver, PictureJobs(resolver)

    def read(self, path: str | Path) -> Embedded | ParsedMetadata:
        """What a picture says about how it was made: our own recipe, or what another program wrote.

        Raises `BadRequest` for a file that is not a picture, is damaged, or says nothing.
        """
        path = Path(path)
        if is_ours(path):
            return read_own(path)[0]
        if read_sheet(path) is not None:
            return read_own(path)[0]  # which says what a sheet is
        metadata = read_found(path)
        if metadata is None:
            raise BadRequest("says nothing about how it was made", field="file", value=str(path), hint=why_silent(path))
        return metadata

    def import_settings(self, metadata: ParsedMetadata, **changes: Any) -> ImportedSettings:
        """A request made of what another program's picture says, with `changes`, and what could not be taken over."""
        return import_settings(metadata, changes, self.resolver.library)

    def draw_again(self, path: str | Path, **changes: Any) -> Pictures:
        """Draw the picture in `path` again: exactly, if it is one of ours and nothing is changed.

        `changes` are fields of its request, under their own names or their flags'.
        """
        source = self.read(path)
        kind = type(source.recipe.request) if isinstance(source, Embedded) else kind_of(changes)
        changes = in_field_names(kind, changes)
        resolved, indices = (
            self.resolve_again(source, changes)
            if isinstance(source, Embedded)
            else self.resolve_all(self.import_settings(source, **changes).request)
        )
        return Pictures(event.picture for event in self.pictures.run(resolved, indices) if isinstance(event, ImageDone))

    def resolve_all(self, request: Request, known: Wildcards | None = None) -> tuple[ResolvedRequest, Sequence[int]]:
        """What `run` wants to draw all pictures of `request`; `known` as in `resolve`."""
        resolved = self.resolver.resolve(request, known)
        return resolved, range(count(resolved.recipe))

    def resolve_again(self, embedded: Embedded, changes: Mapping[str, Any]) -> tuple[ResolvedRequest, Sequence[int]]:
        """What to draw: the recipe in the file itself where nothing is changed, else a new one made of its request.

        Where `model` and the given pictures are what they were, saying where they are changes nothing. Raises
        `NotReproduced` when nothing is changed and one of them is another now.
        """
        if not changes.keys() - {"model", "allow_pickle", *CALLED}:
            pictures = {role: changes.get(role) for role in CALLED}
            try:
                return self.recall(embedded.recipe, changes.get("model"), pictures), [embedded.index]
            except NotReproduced:
                if not changes:
                    raise
                # something points at another model or picture than its own: a change like any other
        was = embedded.recipe.request
        first = {**was.model_dump(), "seed": embedded.recipe.seed + embedded.index, "num": 1}
        if embedded.recipe.enlargement is not None:
            first |= dict(zip(("width", "height"), picture_size(embedded.recipe), strict=True))
        if was.model in shipped_cards():
            shipped = shipped_model(embedded.recipe.model.digest, self.resolver.library)
            first["model"] = shipped.card.name if shipped else was.model  # that of an earlier release has a new name
        known = {} if "wildcards" in changes else embedded.recipe.wildcards
        return self.resolve_all(make_request(type(was), **{**first, **changes}), known)

    def again(
        self, path: Path, model: str | None = None, pictures: Mapping[str, PictureLike | None] = WHERE_THEY_WERE
    ) -> tuple[Picture, Embedded, NDArray[np.uint8]]:
        """Draw the picture in `path` once more: (the new one, what the file says, the file's pixels)."""
        embedded, pixels = read_own(path)
        return self.redraw(embedded, model, pictures), embedded, pixels

    def redraw(
        self, embedded: Embedded, model: str | None = None, pictures: Mapping[str, PictureLike | None] = WHERE_THEY_WERE
    ) -> Picture:
        """The picture a recipe and an index stand for, with the numerics that the recipe records."""
        events = self.pictures.run(self.recall(embedded.recipe, model, pictures), [embedded.index])
        return next(event.picture for event in events if isinstance(event, ImageDone))

    def recall(
        self, recipe: Recipe, model: str | None = None, pictures: Mapping[str, PictureLike | None] = WHERE_THEY_WERE
    ) -> ResolvedRequest:
        """The recipe of a kept picture, ready to run.

        `model` says where its model is, if not under its old name, and `pictures` where its "image", "mask" and
        "control_image" are, if not where they were. Raises `NotReproduced` when one of them is not what it was drawn
        with, and `BadRequest` and its kinds when this machine or this version cannot try: no such model, picture,
        device, sampler or schedule.
        """
        check_known(recipe)
        resolved, device = self.resolver.same_model(recipe, model)
        recipe = with_inputs(recipe, pictures)
        return ResolvedRequest(recipe=recipe, model=resolved, device=device)

    def verify(
        self, path: Path, model: str | None = None, pictures: Mapping[str, PictureLike | None] = WHERE_THEY_WERE
    ) -> Picture:
        """Draw the picture in `path` again and return it if it is the same bit for bit.

        Raises `NotReproduced` with what differs (the file's pixels, the model, a given picture, or the arithmetic) and
        `BadRequest` when the file cannot be tried.
        """
        picture, embedded, pixels = self.again(path, model, pictures)
        self.compare(picture, embedded, pixels, path, model)
        return picture

    def compare(
        self,
        picture: Picture,
        embedded: Embedded,
        pixels: NDArray[np.uint8],
        path: Path,
        model: str | None = None,
    ) -> None:
        """Raise `NotReproduced` where `picture`, drawn again by `model`, is not what the file `path` says and holds."""
        stored = stored_pixels(picture, format_of(path), VERSION)
        if picture.digest != embedded.digest and not embedded.enlarged and np.array_equal(stored, pixels):
            raise NotReproduced(
                "it comes out as it is, but its metadata names the digest of other pixels: it was changed since",
                field="file",
                value=str(path),
                hint="its recipe and its pixels are whole; the same words and seed make a file with the right one",
            )
        if picture.digest != embedded.digest:
            apart = "" if embedded.enlarged else ": " + difference(picture.pixels, pixels)
            cause = self._known_cause(embedded.recipe, model)
            by = f"it was drawn with {recipe_hardware(embedded.recipe)} by sdplay {embedded.version}; this is {VERSION}"
            raise NotReproduced(
                f"it comes out otherwise here{apart}" if cause else f"the arithmetic gives other bits here{apart}",
                field="file",
                value=str(path),
                hint=f"{cause}; {by}" if cause else by,
            )
        if embedded.enlarged:
            stored = UpscaleJobs(self.resolver).repeat(picture.pixels, embedded.enlarged)
        if not np.array_equal(stored, pixels):
            raise NotReproduced(
                "its recipe draws what it drew then, but the file's pixels were changed since: "
                + difference(stored, pixels),
                field="file",
                value=str(path),
            )

    def _known_cause(self, recipe: Recipe, model: str | None) -> str:
        try:
            return known_cause(recipe, self.resolver.same_model(recipe, model)[0])
        except SdplayError:  # it was drawn elsewhere, with a model that is not here
            return known_cause(recipe, None)


def recipe_hardware(recipe: Recipe) -> str:
    numerics = recipe.numerics
    threads = f", {counted(numerics.threads, 'thread')}" if numerics.threads else ""
    return f"{numerics.engine} on {numerics.device} in {numerics.dtype}{threads}"

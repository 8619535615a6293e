"""Pictures: drawn, saved, and shown in a notebook."""

from __future__ import annotations

import base64
import html
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sdplay.events import Event, Finished, ImageDone, ImageSaved
from sdplay.images.inputs import pictures_in
from sdplay.images.picture import Picture
from sdplay.images.read import png
from sdplay.images.writer import ImageWriter
from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.requests.base import Request, make_request
from sdplay.requests.recipe import count
from sdplay.requests.request import AnyStill
from sdplay.requests.stills import Still, prompt_of
from sdplay.tasks import DrawTask
from sdplay.version import VERSION


class PictureJobs:
    """Draws pictures."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def stream(
        self, request: Request, writer: ImageWriter | None = None, *, preview: bool = False
    ) -> Generator[Event, None, None]:
        """Draw all pictures of `request`, yielding events; with a `writer` each is on disk before its `ImageSaved`.

        With `preview` each `Stepped` of a single picture shows what is emerging. To stop iterating stops the
        drawing after the step.
        """
        resolved = self.resolver.resolve(request)
        yield from self.run(resolved, range(count(resolved.recipe)), writer, preview=preview)

    def run(
        self,
        resolved: ResolvedRequest,
        indices: Sequence[int],
        writer: ImageWriter | None = None,
        *,
        preview: bool = False,
    ) -> Generator[Event, None, None]:
        """Draw pictures `indices` of a resolved recipe, in that order; `writer` and `preview` as for `stream`."""
        started = time.perf_counter()
        task = DrawTask(
            recipe=resolved.recipe, indices=indices, model=resolved.model, device=resolved.device, preview=preview
        )
        for event in self.resolver.executor.run(task):
            yield event
            if writer is not None and isinstance(event, ImageDone):
                yield ImageSaved(artifact=writer.write(event.picture))
        yield Finished(total=len(indices), seconds=time.perf_counter() - started)

    def draw(self, request: Request, out: str | Path | None = None, kind: str = "png") -> Pictures:
        """Draw all pictures of `request` and return them; with `out` each is kept in that folder too, as `kind`."""
        writer = ImageWriter(Path(out), kind, VERSION) if out is not None else None
        return Pictures(event.picture for event in self.stream(request, writer) if isinstance(event, ImageDone))


def caption(picture: Picture) -> str:
    request = picture.recipe.request
    if isinstance(request, Still):
        return f"{prompt_of(picture.recipe, picture.index).prompt} (seed {picture.seed})"
    return f"{request.mode}, frame {picture.index}"


class Pictures(list[Picture]):
    """Pictures that show themselves side by side in a notebook."""

    def _repr_html_(self) -> str:
        def figure(picture: Picture) -> str:
            data = base64.b64encode(png(picture.pixels)).decode()
            words = html.escape(caption(picture))
            return f'<img src="data:image/png;base64,{data}" alt="{words}" title="{words}">'

        return " ".join(map(figure, self))


def requests_for(
    kind: type[AnyStill], prompts: Sequence[str | Mapping[str, Any]], fields: Mapping[str, Any]
) -> list[AnyStill]:
    """One request for every picture and every prompt, all of them checked before any is drawn.

    A prompt may have fields of its own beside it, which win over `fields`.
    `image` may be a folder: then each picture in it, sorted by name. Raises `BadRequest` and its kinds.
    """
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}
    image = plain.get("image")
    given = [plain] if image is None else [{**plain, "image": path} for path in pictures_in(image)]
    own = [{"prompt": prompt} if isinstance(prompt, str) else prompt for prompt in prompts]
    return [make_request(kind, **{**each, **its}) for each in given for its in own]

"""Pictures: drawn, saved, and shown in a notebook."""

from __future__ import annotations

import base64
import html
import os
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sdplay.core.errors import BadRequest
from sdplay.core.warning import RequestWarning
from sdplay.events import Event, Finished, ImageDone, ImageSaved, Started, Stepped, Warned
from sdplay.images.writer import ImageWriter
from sdplay.jobs.resolve import ResolvedRequest, Resolver
from sdplay.requests.base import Request, make_request
from sdplay.requests.recipe import count
from sdplay.requests.request import AnyStill, kind_of
from sdplay.requests.stills import Still, prompt_of
from sdplay.tasks import DrawTask
from sdplay.version import VERSION

if TYPE_CHECKING:
    from sdplay.images.picture import Picture

ANY_SEED = -1  # what the rest of the field writes for a random one
OnStep = Callable[[Stepped], object]


class PictureJobs:
    """Draws pictures."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver

    def stream(
        self, request: Request, writer: ImageWriter | None = None, *, preview: bool = False, keep_latents: bool = False
    ) -> Generator[Event, None, None]:
        """Draw all pictures of `request`, yielding events; with a `writer` each is on disk before its `ImageSaved`.

        With `preview` each `Stepped` of a single picture shows what is emerging, and with `keep_latents` each picture
        has the latents that it was decoded from. Closing the generator stops the drawing after the current step.
        """
        resolved = self.resolver.resolve(request)
        yield from self.run(resolved, range(count(resolved.recipe)), writer, preview=preview, keep_latents=keep_latents)

    def stream_all(
        self,
        requests: Sequence[Request],
        writer: ImageWriter | None = None,
        *,
        preview: bool = False,
        keep_latents: bool = False,
    ) -> Generator[Event, None, None]:
        """`stream` of one request after the other."""
        for request in requests:
            yield from self.stream(request, writer, preview=preview, keep_latents=keep_latents)

    def run(
        self,
        resolved: ResolvedRequest,
        indices: Sequence[int],
        writer: ImageWriter | None = None,
        *,
        preview: bool = False,
        keep_latents: bool = False,
    ) -> Generator[Event, None, None]:
        """Draw pictures `indices` of a resolved request, in that order; the rest is as for `stream`."""
        started = time.perf_counter()
        task = DrawTask(
            recipe=resolved.recipe,
            indices=indices,
            model=resolved.model,
            device=resolved.device,
            preview=preview,
            preview_decoder=self._preview_decoder(resolved) if preview else None,
            keep_latents=keep_latents,
        )
        for event in self.resolver.executor.run(task):
            yield event
            if isinstance(event, Started):
                yield from (Warned(warning=warning) for warning in resolved.warnings)
            if writer is not None and isinstance(event, ImageDone):
                yield ImageSaved(artifact=writer.write(event.picture))
        yield Finished(total=len(indices), seconds=time.perf_counter() - started)

    def _preview_decoder(self, resolved: ResolvedRequest) -> Path | None:
        from sdplay.library.preview_decoders import preview_decoder  # only where somebody looks on

        return preview_decoder(resolved.model, self.resolver.library)

    def draw(
        self,
        requests: Sequence[Request],
        out: str | Path | None = None,
        kind: str = "png",
        *,
        on_step: OnStep | None = None,
        preview: bool = False,
        keep_latents: bool = False,
    ) -> Pictures:
        """Draw all pictures of `requests` and return them; with `out` each is kept in that folder too, as `kind`.

        `on_step` is called after each step with its `Stepped`, which holds previews if `preview` is set. If it returns
        False the drawing stops there, and the pictures that are finished are returned; if it raises, the drawing stops
        too, and `draw` raises the same. Files of finished pictures stay either way. With `keep_latents` each picture
        has its `latents` (diffusers' output_type="latent").
        """
        writer = ImageWriter(Path(out), kind, VERSION) if out is not None else None
        pictures = Pictures()
        with closing(self.stream_all(requests, writer, preview=preview, keep_latents=keep_latents)) as events:
            for event in events:
                if isinstance(event, ImageDone):
                    pictures.append(event.picture)
                elif isinstance(event, ImageSaved):
                    pictures[-1] = replace(pictures[-1], path=event.artifact.path)
                elif isinstance(event, Warned):
                    pictures.warnings.append(event.warning)
                elif isinstance(event, Stepped) and on_step is not None and on_step(event) is False:
                    break
        return pictures


def caption(picture: Picture) -> str:
    request = picture.recipe.request
    if isinstance(request, Still):
        return f"{prompt_of(picture.recipe, picture.index).prompt} (seed {picture.seed})"
    return f"{request.mode}, frame {picture.index}"


class Pictures(list["Picture"]):
    """Pictures that show themselves side by side in a notebook; `warnings` is what came out otherwise than asked."""

    def __init__(self, pictures: Iterable[Picture] = (), warnings: Iterable[RequestWarning] = ()) -> None:
        super().__init__(pictures)
        self.warnings = list(warnings)

    def _repr_html_(self) -> str:
        from sdplay.images.read import png

        def figure(picture: Picture) -> str:
            data = base64.b64encode(png(picture.pixels)).decode()
            words = html.escape(caption(picture))
            return f'<img src="data:image/png;base64,{data}" alt="{words}" title="{words}">'

        return " ".join(map(figure, self))


def asked_for(request: Request | str | Sequence[str], fields: Mapping[str, Any]) -> Sequence[Request]:
    """`request` itself, or those of a prompt or several with `fields`, of which None is as if it were left out.

    Raises `BadRequest` and its kinds, also for a request with fields beside it.
    """
    if isinstance(request, Request):
        for name, value in fields.items():
            raise BadRequest("a request has fields of its own", field=name, value=value, hint="put it into the request")
        return [request]
    given = {name: value for name, value in fields.items() if value is not None}
    if given.get("seed") == ANY_SEED:
        del given["seed"]
    return requests_for(kind_of(given), texts_of(request), given)


def texts_of(prompts: object) -> list[str]:
    """A prompt or several as a list; raises `BadRequest` for anything else that a program hands over."""
    several = cast(Iterable[object], prompts) if isinstance(prompts, Iterable) else [prompts]
    texts: list[str] = []
    for text in [prompts] if isinstance(prompts, str) else several:
        if not isinstance(text, str):
            raise BadRequest("is no text", field="prompt", value=text, hint="what to draw, in words, or a list of such")
        texts.append(text)
    return texts


def requests_for(
    kind: type[AnyStill], prompts: Sequence[str | Mapping[str, Any]], fields: Mapping[str, Any]
) -> list[AnyStill]:
    """One request for every picture and every prompt, all of them checked before any is drawn.

    A prompt may have fields of its own beside it, which win over `fields`.
    `image` may be a folder: then each picture in it, sorted by name. Raises `BadRequest` and its kinds.
    """
    image = fields.get("image")
    if isinstance(image, os.PathLike):
        image = os.fsdecode(image)  # type: ignore[reportUnknownArgumentType]
    given = [fields]
    if isinstance(image, str):
        from sdplay.images.inputs import pictures_in

        given = [{**fields, "image": path} for path in pictures_in(image)]
    own = [{"prompt": prompt} if isinstance(prompt, str) else prompt for prompt in prompts]
    return [make_request(kind, **{**each, **its}) for each in given for its in own]

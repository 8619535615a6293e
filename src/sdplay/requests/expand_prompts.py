"""A request's prompts with what files say about them: styles put in, wildcards read."""

from __future__ import annotations

from pathlib import Path

from sdplay.core.seeding import SEEDS
from sdplay.film.words import with_prompts
from sdplay.prompts.styles import styled
from sdplay.prompts.styles_file import read_styles
from sdplay.prompts.template import Wildcards, resolved
from sdplay.prompts.wildcards import read_wildcards
from sdplay.requests.request import AnyFilm, AnyRequest, make_request
from sdplay.requests.stills import Still


def expand_prompts(
    request: AnyRequest, known: Wildcards | None = None, seed: int = 0
) -> tuple[AnyRequest, dict[str, tuple[str, ...]]]:
    """`request` with its styles in its prompts, and the lines of the wildcards that these name (see `read_wildcards`).

    The prompts of a film have their choices made as well, prompt j as picture j of a batch with `seed` would make
    them, and name no wildcards any more. Raises `BadRequest` for files that cannot be read and `UnknownName` for a
    style that is not in its file.
    """
    if not isinstance(request, Still):
        return expand_film_prompts(request, known, seed), {}
    if request.style:
        styles = read_styles(Path(request.styles_file))
        prompt, negative = styled(request.prompt, request.negative_prompt, request.style, styles)
        changed = {"prompt": prompt, "negative_prompt": negative, "style": ()}
        request = make_request(type(request), **{**request.model_dump(), **changed})
    if request.prompt_syntax == "plain":
        return request, {}
    return request, read_wildcards([request.prompt, request.negative_prompt], Path(request.wildcards), known)


def expand_film_prompts(request: AnyFilm, known: Wildcards | None, seed: int) -> AnyFilm:
    """A film with its styles put in and its choices made."""
    styles = read_styles(Path(request.styles_file)) if request.style else {}

    def with_styles(field: str, _: int, text: str) -> str:
        pair = (text, "") if field == "prompt" else ("", text)
        return styled(*pair, request.style, styles)[field != "prompt"]

    asked = with_prompts(request, with_styles).model_copy(update={"style": ()})
    if asked.prompt_syntax == "plain":
        return asked
    texts: list[str] = []
    with_prompts(asked, lambda _, __, text: texts.append(text) or text)
    lines = read_wildcards(texts, Path(request.wildcards), known)
    return with_prompts(asked, lambda field, number, text: resolved(text, lines, (seed + number) % SEEDS, field))

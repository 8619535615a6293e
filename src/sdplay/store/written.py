"""A request's prompts with what files say about them: styles put in, wildcards read."""

from __future__ import annotations

from pathlib import Path

from sdplay.core.prompt.styles import styled
from sdplay.core.prompt.template import Wildcards
from sdplay.core.request import AnyRequest, ask
from sdplay.core.stills import Still
from sdplay.store.styles import read_styles
from sdplay.store.wildcards import read_wildcards


def written_out(request: AnyRequest, known: Wildcards | None = None) -> tuple[AnyRequest, dict[str, tuple[str, ...]]]:
    """`request` with its styles in its prompts, and the lines of the wildcards that these name (see `read_wildcards`).

    Raises `BadRequest` for files that cannot be read and `UnknownName` for a style that is not in its file.
    """
    if not isinstance(request, Still):
        return request, {}
    if request.style:
        styles = read_styles(Path(request.styles_file))
        prompt, negative = styled(request.prompt, request.negative_prompt, request.style, styles)
        changed = {"prompt": prompt, "negative_prompt": negative, "style": ()}
        request = ask(type(request), **{**request.model_dump(), **changed})
    if request.prompt_syntax == "plain":
        return request, {}
    return request, read_wildcards([request.prompt, request.negative_prompt], Path(request.wildcards), known)

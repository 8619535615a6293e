"""The words of a film, all of them changed in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.seeding import SEEDS
from sdplay.film.plan import AnyFilm
from sdplay.film.prompt_track import joined_negative, prompt_pairs, split_negative
from sdplay.film.request_dream import Dream
from sdplay.prompts.styles import read_styles, styled
from sdplay.prompts.template import Wildcards, resolved
from sdplay.prompts.wildcards import read_wildcards
from sdplay.requests.base import make_request

# (the field of a single picture that it is like, which prompt of the film it belongs to, the text) -> another text
Change = Callable[[str, int, str], str]


def with_prompts(request: AnyFilm, change: Change) -> AnyFilm:
    """`request` with all its prompts and negative prompts as `change` makes them; itself where they stay as they are.

    Prompts of an animation that cannot be read are left alone: they are told with all else that is wrong with it.
    """
    fields: dict[str, Any] = {"negative_prompt": change("negative_prompt", 0, request.negative_prompt)}
    if isinstance(request, Dream):
        fields["prompts"] = tuple(change("prompt", number, text) for number, text in enumerate(request.prompts))
        fields["keyframes"] = tuple(
            key.model_copy(
                update={
                    "prompt": change("prompt", number, key.prompt),
                    "negative": None if key.negative is None else change("negative_prompt", number, key.negative),
                }
            )
            for number, key in enumerate(request.keyframes)
        )
    else:
        try:
            pairs = prompt_pairs(request.animation_prompts)
            texts = [(frame, _both(text, number, change)) for number, (frame, text) in enumerate(pairs)]
        except BadRequest as error:
            if error.field != "animation_prompts":
                raise
            return request
        if texts != pairs:
            fields["animation_prompts"] = json.dumps(texts, ensure_ascii=False)
    if all(getattr(request, name) == value for name, value in fields.items()):
        return request
    return make_request(type(request), **{**request.model_dump(), **fields})


def _both(text: str, number: int, change: Change) -> str:
    """A prompt of an animation, with the negative prompt in it."""
    prompt, negative = split_negative(text)
    said = None if negative is None else change("negative_prompt", number, negative)
    changed = change("prompt", number, prompt)
    return text if (changed, said) == (prompt, negative) else joined_negative(changed, said)


def expand_prompts(request: AnyFilm, known: Wildcards | None, seed: int) -> tuple[AnyFilm, dict[str, tuple[str, ...]]]:
    """As `modes.expand_prompts`: styles are put in and choices made, so that no wildcards are left."""
    styles = read_styles(Path(request.styles_file)) if request.style else {}

    def with_styles(field: str, _: int, text: str) -> str:
        pair = (text, "") if field == "prompt" else ("", text)
        return styled(*pair, request.style, styles)[field != "prompt"]

    asked = with_prompts(request, with_styles).model_copy(update={"style": ()})
    if asked.prompt_syntax == "plain":
        return asked, {}
    texts: list[str] = []
    with_prompts(asked, lambda _, __, text: texts.append(text) or text)
    lines = read_wildcards(texts, Path(request.wildcards), known)
    return with_prompts(asked, lambda field, number, text: resolved(text, lines, (seed + number) % SEEDS, field)), {}

"""The words of a film, all of them changed in one way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.film.prompt_track import joined_negative, prompt_pairs, split_negative
from sdplay.film.request_dream import Dream
from sdplay.requests.request import AnyFilm, make_request

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

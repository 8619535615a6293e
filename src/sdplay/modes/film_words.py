"""What may not stand in the words of a film."""

from __future__ import annotations

from collections.abc import Iterator

from sdplay.core.dream import Dream
from sdplay.core.errors import BadRequest
from sdplay.core.prompt.composition import check
from sdplay.core.prompt.template import check_without_choices
from sdplay.core.prompt_track import FIELD, prompt_texts
from sdplay.core.request import AnyFilm


def check_film_words(request: AnyFilm) -> None:
    """Raise `BadRequest` for choices and wildcards, which films do not make, and for a dream with more notation than is
    read; what else is in the words of an animation is read frame by frame, with its schedules.
    """
    check_without_choices(request.negative_prompt, "negative_prompt")
    for field, text in texts_of(request):
        check_without_choices(text, field)
        if isinstance(request, Dream):
            check(text, request.negative_prompt)


def texts_of(request: AnyFilm) -> Iterator[tuple[str, str]]:
    """(field, text) of all words that frames are drawn from."""
    if isinstance(request, Dream):
        yield from (("prompts", prompt) for prompt in request.prompts)
        for key in request.keyframes:
            yield from (("keyframes", text) for text in (key.prompt, key.negative) if text)
        return
    try:
        texts = prompt_texts(request.animation_prompts)
    except BadRequest:  # told together with all that is wrong in the schedules
        return
    yield from ((FIELD, text) for text in texts)

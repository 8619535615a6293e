"""Which LoRAs and embeddings the prompts of a request may name, in any picture of it and in any branch of a choice."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from sdplay.film.request_dream import Dream
from sdplay.prompts.lora_tags import lora_names, stretches
from sdplay.prompts.template import Wildcards, template
from sdplay.requests.request import AnyRequest
from sdplay.requests.stills import Still

ActiveEmbeddings = tuple[tuple[str, str], ...]  # words that stand for vectors, and the digest of the file of each


def mentioned_loras(request: AnyRequest, wildcards: Wildcards) -> tuple[str, ...]:
    """The names in the prompts, sorted; raises `BadRequest` for one that is left to a choice."""
    if request.prompt_syntax == "plain":
        return ()
    names: set[str] = set()
    for field, text in texts(request, wildcards):
        if "<" in text and field != "negative_prompt":  # there they are text, as they are to A1111
            for stretch in stretches(template(text, field)) if isinstance(request, Still) else (text,):
                names.update(lora_names(stretch, field))
    return tuple(sorted(names))


def mentioned_words(request: AnyRequest, wildcards: Wildcards, known: Collection[str]) -> tuple[str, ...]:
    """Those of the `known` words that stand in a prompt or negative prompt, sorted."""
    if request.prompt_syntax == "plain" or not known:
        return ()
    by_fold = {name.casefold(): name for name in known}
    word = word_pattern(known)
    found = {by_fold.get(match[0].casefold()) for _, text in texts(request, wildcards) for match in word.finditer(text)}
    return tuple(sorted(name for name in found if name is not None))


def word_pattern(names: Collection[str]) -> re.Pattern[str]:
    """Finds any of `names` where it stands as a word of its own, in upper or lower case; of two the longer one."""
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)


def texts(request: AnyRequest, wildcards: Wildcards) -> Iterator[tuple[str, str]]:
    """(field, text) of everything that words come from."""
    yield "negative_prompt", request.negative_prompt
    if isinstance(request, Still):
        yield "prompt", request.prompt
        for lines in wildcards.values():
            yield from (("prompt", line) for line in lines)
    elif isinstance(request, Dream):
        yield from (("prompts", prompt) for prompt in request.prompts)
        yield from (("keyframes", text) for key in request.keyframes for text in (key.prompt, key.negative or ""))
    else:
        yield "animation_prompts", request.animation_prompts

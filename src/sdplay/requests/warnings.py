"""What a request says that its model will not draw as it is asked: nothing is refused for it, but it is to be said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sdplay.core.errors import shorten
from sdplay.core.sample import PromptPair
from sdplay.core.values import counted
from sdplay.core.warning import RequestWarning
from sdplay.library.card import ModelCard
from sdplay.library.few_steps import few_steps_of
from sdplay.library.resolve import ResolvedModel
from sdplay.library.things import Things, read_things
from sdplay.requests.enlarge import beyond
from sdplay.requests.known_words import Understood, read_texts, understood
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still, prompt_of

MOST_READ = 32  # pictures of a request whose prompts are read: choices may differ in each
MOST_LISTED = 4  # words in a message; all are in `words`
LONGEST_LIST = 200  # characters that they take there, but for the first
# Why a network runs in these numbers, where the processor decided.
NUMBERS = {"bfloat16": "this processor is fastest in it", "float32": "this processor is no faster in bfloat16"}


def request_warnings(recipe: Recipe, model: ResolvedModel) -> tuple[RequestWarning, ...]:
    """What is to be said of `recipe` before `model` draws it; of films what is not in their words."""
    said = [
        *size_warnings(recipe, model.card),
        *few_steps_warnings(recipe, model),
        *engine_warnings(recipe, model.card),
    ]
    if isinstance(recipe.request, Still):
        pictures = range(min(recipe.request.num, MOST_READ))
        prompts = dict.fromkeys(prompt_of(recipe, index) for index in pictures)
        said += word_warnings(prompts, recipe, model)
    return tuple(said)


def few_steps_warnings(recipe: Recipe, model: ResolvedModel) -> Iterator[RequestWarning]:
    """That settings which nobody named are those of a file made for few steps."""
    few, request = few_steps_of(model), recipe.request
    if few is None:
        return
    kept = [name for name in ("steps", "guidance_scale", "sampler") if getattr(request, name) is None]
    if kept:
        said = {"steps": counted(recipe.steps, "step"), "sampler": f"{recipe.sampler} {recipe.schedule}"}
        said["guidance_scale"] = f"guidance {recipe.guidance_scale:g}" if recipe.guidance_scale > 1 else "no guidance"
        message = f"{few.name} was made for few steps ({few.settings.title}): {', '.join(said[name] for name in kept)}"
        values = {"name": few.name, "settings": tuple(said[name] for name in kept)}
        yield RequestWarning(code="few-steps", field="steps", message=message, values=values)


def engine_warnings(recipe: Recipe, card: ModelCard) -> Iterator[RequestWarning]:
    """That a network runs in another engine than the usual one, where nobody asked for that; and in which numbers."""
    numerics, run = recipe.numerics, recipe.request.run
    if numerics.engine != "torch" and run.engine == "auto" and run.precision != "int8":
        by_itself = run.precision == "auto" and card.precision == "auto"
        why = f" ({NUMBERS[numerics.dtype]})" if by_itself and numerics.dtype in NUMBERS else ""
        message = (
            f"the network runs in {numerics.engine}, which is installed and faster for one of this size, in "
            f"{numerics.dtype}{why}; the first time it is converted, which takes a minute or two; `engine=torch` does "
            "without"
        )
        values = {"engine": numerics.engine, "dtype": numerics.dtype}
        yield RequestWarning(code="engine", field="engine", message=message, values=values)


def word_warnings(
    prompts: Iterable[PromptPair], recipe: Recipe, model: ResolvedModel, field: str = "prompt"
) -> Iterator[RequestWarning]:
    """What `model` does not know of `prompts`, which `field` of the request of `recipe` holds; nothing where it does
    not say what it was taught. Raises `ModelBroken` for a list of things that cannot be read.
    """
    things = read_things(model.path)
    if things is None:
        return
    known = [one.name for one in recipe.add_ons]
    read = [understood(text, things, known) for words in prompts for text in read_texts(words, recipe.steps)]
    name = recipe.model.name
    if unknown := dict.fromkeys(word for text in read for word in text.unknown):
        yield unknown_words(list(unknown), things, name, field)
    if ignored := dict.fromkeys(word for text in read for word in text.not_followed):
        listed = ", ".join(fitting(map(shorten, ignored)))
        message = f"{name} follows no numbers, sizes or places ({listed}): it draws one thing, large, in the middle"
        values = {"name": name, "words": tuple(ignored)[:MOST_LISTED]}
        yield RequestWarning(code="not-followed", field=field, message=message, values=values)
    if crowded := most_things(read, things):
        listed = ", ".join(crowded[:MOST_LISTED])
        one = "one thing" if things.most_things == 1 else f"{things.most_things} things"
        message = f"{name} draws {one} in a picture, and the words name {len(crowded)}: {listed}"
        values = {"name": name, "most": things.most_things, "named": crowded[:MOST_LISTED]}
        yield RequestWarning(code="several-things", field=field, message=message, values=values)


def unknown_words(words: list[str], things: Things, name: str, field: str) -> RequestWarning:
    """That `words` are none of the `things` of the model `name`."""
    nearest = {word: things.nearest(word) for word in words}
    shown = fitting(near(word, things, nearest[word]) for word in words[:MOST_LISTED])
    more = f" and {len(words) - len(shown)} more" if len(words) > len(shown) else ""
    listed = ", ".join(shown)
    are = "is not" if len(words) == 1 else "are not"
    message = f"{listed}{more} {are} among the {len(things.things):,} things that {name} knows: see `sdplay things`"
    values = {"name": name, "things": len(things.things), "words": tuple(words[:MOST_LISTED])}
    return RequestWarning(code="unknown-words", field=field, message=message, values=values, words=nearest)


def fitting(words: Iterable[str]) -> list[str]:
    """The first of `words`, as many as a message has room for: one at the least."""
    shown = list(words)[:MOST_LISTED]
    while len(shown) > 1 and len(", ".join(shown)) > LONGEST_LIST:
        shown.pop()
    return shown


def near(word: str, things: Things, nearest: tuple[str, ...]) -> str:
    """A word as a message shows it, with what may have been meant."""
    if english := things.translated(word):
        return f"{shorten(word)} (it reads English: {english})"
    return f"{shorten(word)} (nearest: {', '.join(nearest)})" if nearest else shorten(word)


def most_things(read: Iterable[Understood], things: Things) -> tuple[str, ...]:
    """The things of the text that names most, if they are more than the model draws in one picture."""
    named = max((text.things for text in read), key=len, default=())
    return named if len(named) > things.most_things else ()


def size_warnings(recipe: Recipe, card: ModelCard) -> Iterator[RequestWarning]:
    """That a picture is enlarged, or will come out badly, since its model cannot draw that size."""
    larger, made_for = recipe.enlargement, f"{card.name} is made for {card.size}x{card.size} pixels"
    values = {"name": card.name, "size": card.size}
    if larger is not None:
        message = (
            f"{made_for}: drawn at {recipe.width}x{recipe.height}, then enlarged to {larger.width}x{larger.height} by "
            f"{larger.upscaler}; `anyway` draws it as asked"
        )
        sizes = {"drawn": f"{recipe.width} × {recipe.height}", "larger": f"{larger.width} × {larger.height}"}
        yield RequestWarning(code="enlarged", field="size", message=message, values=values | sizes)
    elif beyond(recipe, card):
        message = f"{made_for}: larger ones come out as patterns; draw with `size={card.size}`, then `sdplay upscale`"
        yield RequestWarning(code="too-large", field="size", message=message, values=values)

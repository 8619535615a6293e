"""What a model reads of a prompt: resolved, scheduled, weighted and cut into chunks. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sdplay.core.fields import Syntax
from sdplay.core.sample import PromptPair
from sdplay.families.common.tokenizer import Chunk, PromptTokenizer, embedding_tokens, read_tokenizer, split_into_chunks
from sdplay.library.add_ons import vectors_of
from sdplay.library.resolve import ResolvedModel
from sdplay.prompts.attention import Fragment, Section, weighted
from sdplay.prompts.composition import Part, PromptSchedule, composed, scheduled
from sdplay.prompts.lora_tags import Lora, lora_tags
from sdplay.requests.add_ons import asked_loras
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import prompt_of


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """The text of a chunk, in order, and its number of tokens."""

    tokens: int
    fragments: tuple[Fragment, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One text and the steps (from 1) at which it is read; `in_pieces` are the words that are several tokens, `lost` is
    the text that is cut off.
    """

    text: str
    steps: tuple[int, ...]
    chunks: tuple[ReadChunk, ...]
    in_pieces: tuple[tuple[str, ...], ...]
    lost: str


@dataclass(frozen=True, slots=True)
class ReadPart:
    """One of the prompts joined with `AND`."""

    weight: float
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that a model reads for one picture, and its LoRAs. `chunk_size` is in tokens."""

    words: PromptPair
    seed: int
    steps: int
    chunk_size: int
    loras: tuple[Lora, ...]
    parts: tuple[ReadPart, ...]
    negative: ReadPart


def explain(recipe: Recipe, model: ResolvedModel) -> Explanation:
    """What `model` reads for the first picture of `recipe`; raises `ModelBroken`."""
    files = [one for one in model.add_ons if one.identity.kind == "embedding"]
    vectors = {one.identity.name: embedding_tokens(slot, vectors_of(one.path)) for slot, one in enumerate(files)}
    speller = replace(read_tokenizer(model.path), vectors=vectors)
    words = prompt_of(recipe, 0)
    noted = words.syntax == "a1111"
    parts = composed(words.prompt) if noted else (Part(PromptSchedule((words.prompt,))),)
    negative = scheduled(words.negative_prompt) if noted else PromptSchedule((words.negative_prompt,))

    def read(part: Part) -> ReadPart:
        return ReadPart(part.weight, tuple(readings(part.words, recipe.steps, speller, words.syntax)))

    return Explanation(
        words=words,
        seed=recipe.seed,
        steps=recipe.steps,
        chunk_size=speller.size,
        loras=(*asked_loras(recipe.request), *(lora_tags(words.prompt)[1] if noted else ())),
        parts=tuple(map(read, parts)),
        negative=read(Part(negative)),
    )


def readings(words: PromptSchedule, steps: int, speller: PromptTokenizer, syntax: Syntax) -> Iterator[Reading]:
    """Each text that the prompt is at some step, in the order of their first steps."""
    when: dict[str, list[int]] = {}
    for step in range(1 if words.steady else steps):
        when.setdefault(words.at(step, steps), []).append(step + 1)
    for text, at in when.items():
        yield reading(text, tuple(range(1, steps + 1)) if words.steady else tuple(at), speller, syntax)


def reading(text: str, steps: tuple[int, ...], speller: PromptTokenizer, syntax: Syntax) -> Reading:
    sections: Sequence[Section] = weighted(text) if syntax == "a1111" else ((Fragment(text),),)
    found, lost = split_into_chunks(sections, speller.prompt_tokens, speller.size), ""
    if syntax == "plain":
        tokens = speller.encode(text)
        kept, lost = tokens[: speller.size], speller.decode(tokens[speller.size :])
        found = (Chunk(tuple(kept), (1.0,) * len(kept)),)
    words = dict.fromkeys(word for chunk in found for word in speller.split_words(chunk.tokens))
    return Reading(text, steps, tuple(read_chunk(chunk, speller) for chunk in found), tuple(words), lost)


def read_chunk(chunk: Chunk, speller: PromptTokenizer) -> ReadChunk:
    """The tokens of `chunk` decoded to text; neighbours of one weight together."""
    pairs: Iterable[tuple[int, float]] = zip(chunk.tokens, chunk.weights, strict=True)
    runs = groupby(pairs, key=lambda pair: pair[1])
    fragments = tuple(Fragment(speller.decode(token for token, _ in run), weight) for weight, run in runs)
    return ReadChunk(len(chunk.tokens), fragments)

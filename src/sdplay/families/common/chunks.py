"""Texts of any length in chunks that a text encoder can read: no words are cut off, and weights stay with their words.

A chunk holds as many tokens as the encoder reads less two, the marks of its beginning and end (75 for CLIP). Where one
is full, and a comma is among its last 20 tokens, what follows that comma begins the next one. `BREAK` ends a chunk.
This is how A1111 lays prompts out, so that texts mean here what they mean there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import word_pattern

EmbeddingTokens = Mapping[str, Sequence[int]]  # the tokens of each word

FIRST_EMBEDDING_TOKEN = 1_000_000  # from here on tokens are vectors of textual inversions, and of no vocabulary
TOKENS_PER_EMBEDDING = 1_000  # of one of them
SPECIAL_TOKENS = 2  # tokens that stand before and after those of a text
LOOK_BACK = 20
Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """The tokens of a chunk, without the marks around them, and the weight of each."""

    tokens: tuple[int, ...]
    weights: tuple[float, ...]

    @property
    def weighted(self) -> bool:
        return any(weight != 1 for weight in self.weights)


@dataclass(slots=True)
class _Layout:
    """Chunks that are full, and the one that is being filled; `comma` is the place after the last comma in it."""

    size: int
    done: list[Chunk] = field(default_factory=list[Chunk])
    open: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    comma: int = 0

    def make_room(self, count: int) -> None:
        """End the chunk where it has no room for so many tokens that must stay together."""
        if len(self.open) + count > self.size:
            self.end()

    def add(self, token: int, weight: float, *, is_comma: bool) -> None:
        if len(self.open) == self.size:
            near = self.comma and self.size - self.comma < LOOK_BACK
            rest = self.open[self.comma :] if near and not is_comma else []
            self.open = self.open[: len(self.open) - len(rest)]
            self.end()
            self.open = rest
        self.open.append((token, weight))
        if is_comma:
            self.comma = len(self.open)

    def end(self) -> None:
        self.done.append(Chunk(tuple(token for token, _ in self.open), tuple(weight for _, weight in self.open)))
        self.open, self.comma = [], 0


def split_into_chunks(sections: Sequence[Section], tokenize: Tokenize, size: int) -> tuple[Chunk, ...]:
    """`sections` in chunks of at most `size` tokens, one at least; `tokenize` gives the tokens of a text, unmarked."""
    layout = _Layout(size)
    (comma,) = tokenize(",")
    for number, section in enumerate(sections):
        if number:
            layout.end()
        for fragment in section:
            tokens = tokenize(fragment.text)
            for place, token in enumerate(tokens):
                if starts_embedding(token):
                    layout.make_room(embedding_length(tokens, place))
                layout.add(token, fragment.weight, is_comma=token == comma)
    if layout.open or not layout.done:
        layout.end()
    return tuple(layout.done)


def starts_embedding(token: int) -> bool:
    """Whether `token` is the first vector of a textual inversion."""
    return token >= FIRST_EMBEDDING_TOKEN and (token - FIRST_EMBEDDING_TOKEN) % TOKENS_PER_EMBEDDING == 0


def embedding_length(tokens: Sequence[int], place: int) -> int:
    """How many vectors follow from the first one at `place`, itself included."""
    length = 1
    while place + length < len(tokens) and tokens[place + length] == tokens[place] + length:
        length += 1
    return length


def embedding_tokens(slot: int, count: int) -> range:
    """The tokens of a word with so many vectors, the `slot`-th that is known."""
    return range(first := FIRST_EMBEDDING_TOKEN + slot * TOKENS_PER_EMBEDDING, first + count)


def slot_and_row(token: int) -> tuple[int, int]:
    """Which word a token is of, and which of its vectors."""
    return divmod(token - FIRST_EMBEDDING_TOKEN, TOKENS_PER_EMBEDDING)


def with_embeddings(tokenize: Tokenize, words: EmbeddingTokens) -> Tokenize:
    """`tokenize`, but with the tokens of vectors where one of `words` stands, in upper or lower case."""
    if not words:
        return tokenize
    pattern, known = word_pattern(list(words)), {name.casefold(): tokens for name, tokens in words.items()}

    def tokens(text: str) -> list[int]:
        found: list[int] = []
        end = 0
        for match in pattern.finditer(text):
            found += [*tokenize(text[end : match.start()]), *known[match[0].casefold()]]
            end = match.end()
        return [*found, *tokenize(text[end:])]

    return tokens

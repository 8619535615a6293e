"""How a model reads a text: its tokenizer, and texts of any length in chunks. Imports no torch.

No words are cut off, and weights stay with their words. A chunk holds as many tokens as the encoder reads less two, the
marks of its beginning and end (75 for CLIP). If one is full, and a comma is among its last 20 tokens, what follows that
comma begins the next one. `BREAK` ends a chunk. This is how A1111 lays prompts out, so that texts mean the same here.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from sdplay.core.errors import ModelBroken
from sdplay.families.common.tokenizer_files import read_clip_tokenizer
from sdplay.files.model_files import read_json
from sdplay.networks.tokenizer import END, END_OF_WORD, START, CLIPTokenizer
from sdplay.prompts.attention import Section
from sdplay.prompts.lora_tags import word_pattern

EmbeddingTokens = Mapping[str, Sequence[int]]  # the tokens of each word
FIRST_EMBEDDING_TOKEN = 1_000_000  # from here on tokens are vectors of textual inversions, and of no vocabulary
TOKENS_PER_EMBEDDING = 1_000  # of one of them
SPECIAL_TOKENS = 2  # tokens that stand before and after those of a text
LOOK_BACK = 20
Tokenize = Callable[[str], Sequence[int]]

MERGES = Path(__file__).parent / "data" / "clip_merges.txt.gz"
SIZE = 49408
TOKENS = 77


@dataclass(frozen=True, slots=True)
class PromptTokenizer:
    """A tokenizer, the `size` of a chunk in tokens, and the words that stand for vectors."""

    tokenizer: CLIPTokenizer
    size: int
    vectors: EmbeddingTokens = field(default_factory=dict)

    def encode(self, text: str) -> Sequence[int]:
        return self.tokenizer.encode(text)

    def prompt_tokens(self, text: str) -> Sequence[int]:
        """The tokens of a text in A1111's notation, in which some words stand for vectors."""
        return with_embeddings(self.encode, self.vectors)(text)

    def decode(self, tokens: Iterable[int]) -> str:
        """`tokens` as text; a word that stands for vectors is named once."""
        names = {tokens[0]: f"{name} [{len(tokens)}]" for name, tokens in self.vectors.items()}
        texts: list[str] = []
        for of_vectors, run in groupby(tokens, key=lambda token: token >= FIRST_EMBEDDING_TOKEN):
            if of_vectors:
                texts += [names[token] for token in run if token in names]
            else:
                texts.append(self.tokenizer.decode(list(run)))
        return " ".join(filter(None, texts))

    def split_words(self, tokens: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The words that take several tokens, since the vocabulary does not have them whole, in their pieces."""
        tokens = [token for token in tokens if token < FIRST_EMBEDDING_TOKEN]
        word: list[str] = []
        for token, name in zip(tokens, self.tokenizer.pieces(tokens), strict=True):
            word.append(self.decode([token]) or name)
            if name.endswith(END_OF_WORD):
                if len(word) > 1:
                    yield tuple(word)
                word = []


def read_tokenizer(path: Path) -> PromptTokenizer:
    """The tokenizer of the model at `path`, a diffusers folder or a single file; raises `ModelBroken`."""
    if path.is_file():
        return PromptTokenizer(clip_tokenizer(), TOKENS - SPECIAL_TOKENS)
    try:
        length = int(read_json(path / "text_encoder" / "config.json").get("max_position_embeddings", TOKENS))
        return PromptTokenizer(read_clip_tokenizer(path / "tokenizer"), length - SPECIAL_TOKENS)
    except Exception as error:  # a broken tokenizer raises a dozen kinds
        reason = f"its tokenizer cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        raise ModelBroken(reason, field="model", value=str(path), hint="fetch the model again") from error


def byte_letters() -> list[str]:
    """The letters that stand for the 256 bytes, in the order of CLIP's vocabulary: the printable ones as themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = len(range(256)) - len(printable)
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(others)]


def clip_vocabulary() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """CLIP's 49,408 tokens by their ids, and its merges, the most frequent first."""
    lines = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    merges = [(first, second) for first, second in (line.split(" ") for line in lines)]
    letters = byte_letters()
    ends = (letter + END_OF_WORD for letter in letters)
    words = [*letters, *ends, *(first + second for first, second in merges), START, END]
    return {word: number for number, word in enumerate(words)}, merges


def clip_tokenizer(pad: str = END) -> CLIPTokenizer:
    """CLIP's tokenizer; OpenCLIP's pads with "!" instead, which is token 0."""
    return CLIPTokenizer(*clip_vocabulary(), {"pad_token": pad})


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
        """End the chunk if it has no room for so many tokens that must stay together."""
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
    """`tokenize`, but with the tokens of vectors for each of `words`, in upper or lower case."""
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

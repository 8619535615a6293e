"""Words that stand for vectors, as tokens: numbers that no vocabulary reaches, in a text's order. Takes no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sdplay.families.common.chunks import FIRST_EMBEDDING_TOKEN, TOKENS_PER_EMBEDDING, Tokenize
from sdplay.requests.add_ons import word_pattern

EmbeddingTokens = Mapping[str, Sequence[int]]  # the tokens of each word


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

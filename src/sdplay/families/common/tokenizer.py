"""How a model spells a text: its tokenizer alone, without weights and without torch."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from sdplay.core.errors import ModelBroken
from sdplay.families.common.chunks import FIRST_EMBEDDING_TOKEN, SPECIAL_TOKENS, EmbeddingTokens, with_embeddings
from sdplay.files.model_files import read_json

MERGES = Path(__file__).parent / "data" / "clip_merges.txt.gz"
SIZE = 49408
TOKENS = 77

END_OF_WORD = "</w>"


@dataclass(frozen=True, slots=True)
class PromptTokenizer:
    """A tokenizer, the `size` of a chunk in tokens, and the words that stand for vectors."""

    tokenizer: Any
    size: int
    vectors: EmbeddingTokens = field(default_factory=dict)

    def encode(self, text: str) -> Sequence[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False).input_ids

    def prompt_tokens(self, text: str) -> Sequence[int]:
        """The tokens of a text in A1111's notation, in which some words stand for vectors."""
        return with_embeddings(self.encode, self.vectors)(text)

    def decode(self, tokens: Iterable[int]) -> str:
        """`tokens` as the model spells them; a word that stands for vectors is named once."""
        names = {tokens[0]: f"{name} [{len(tokens)}]" for name, tokens in self.vectors.items()}
        texts: list[str] = []
        for of_vectors, run in groupby(tokens, key=lambda token: token >= FIRST_EMBEDDING_TOKEN):
            if of_vectors:
                texts += [names[token] for token in run if token in names]
            else:
                texts.append(self.tokenizer.decode(list(run), clean_up_tokenization_spaces=False).strip())
        return " ".join(filter(None, texts))

    def split_words(self, tokens: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """The words that take several tokens, since the vocabulary does not have them whole, in their pieces."""
        tokens = [token for token in tokens if token < FIRST_EMBEDDING_TOKEN]
        word: list[str] = []
        for token, name in zip(tokens, self.tokenizer.convert_ids_to_tokens(list(tokens)), strict=True):
            word.append(self.decode([token]) or name)
            if name.endswith(END_OF_WORD):
                if len(word) > 1:
                    yield tuple(word)
                word = []


def read_tokenizer(path: Path) -> PromptTokenizer:
    """The speller of the model at `path`, a diffusers folder or a single file; raises `ModelBroken`."""
    if path.is_file():
        return PromptTokenizer(clip_tokenizer(), TOKENS - SPECIAL_TOKENS)
    from transformers import CLIPTokenizer

    try:
        length = int(read_json(path / "text_encoder" / "config.json").get("max_position_embeddings", TOKENS))
        return PromptTokenizer(
            CLIPTokenizer.from_pretrained(path / "tokenizer", local_files_only=True), length - SPECIAL_TOKENS
        )
    except Exception as error:  # a broken tokenizer raises a dozen kinds
        reason = f"its tokenizer cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        raise ModelBroken(reason, field="model", value=str(path), hint="fetch the model again") from error


def byte_letters() -> list[str]:
    """The letters that stand for the 256 bytes, in the order of CLIP's vocabulary: the printable ones as themselves."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = len(range(256)) - len(printable)
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(others)]


def clip_tokenizer(pad: str = "<|endoftext|>") -> Any:
    """CLIP's tokenizer; OpenCLIP's pads with "!" instead, which is token 0."""
    from transformers import CLIPTokenizer

    merges = gzip.decompress(MERGES.read_bytes()).decode().splitlines()
    letters = byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    vocabulary = {word: number for number, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    pairs: Any = [tuple(merge.split(" ")) for merge in merges]
    return CLIPTokenizer(vocab=vocabulary, merges=pairs, pad_token=pad, model_max_length=TOKENS)

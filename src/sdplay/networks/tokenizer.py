"""CLIP's tokenizer: words in lower case as pairs of letters merged over and over (Sennrich et al. 2016), over bytes.

Its ids are those of transformers' CLIPTokenizer. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers, pre_tokenizers
from tokenizers.models import BPE

END_OF_WORD = "</w>"
START, END = "<|startoftext|>", "<|endoftext|>"
NAMED = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


class CLIPTokenizer:
    """A tokenizer of this `vocabulary` and these `merges`, the most frequent first.

    `named` are the tokens by the names that a `tokenizer_config.json` has for them (`pad_token`, …), where they are not
    CLIP's own; `added` are tokens that are found in a text before anything else is.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        merges: Sequence[tuple[str, str]],
        named: Mapping[str, str | AddedToken] | None = None,
        added: Sequence[AddedToken] = (),
    ) -> None:
        named = {**NAMED, **(named or {})}
        unknown = _content(named["unk_token"])
        model = BPE(dict(vocabulary), list(merges), unk_token=unknown, end_of_word_suffix=END_OF_WORD)
        self._tokenizer: Any = Tokenizer(model)
        self._tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
        )
        split = pre_tokenizers.Split(Regex(WORDS), behavior="removed", invert=True)
        self._tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [split, pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
        self._tokenizer.decoder = decoders.ByteLevel()
        self._tokenizer.add_tokens([*added, *_not_among(added, named.values())])
        self.bos_token_id, self.eos_token_id = self._id(named["bos_token"]), self._id(named["eos_token"])
        self.pad_token_id = self._id(named["pad_token"])

    def __len__(self) -> int:
        return self._tokenizer.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """The ids of a text of any length, without marks around them."""
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def marked(self, tokens: Sequence[int], length: int) -> list[int]:
        """`tokens` between the marks of beginning and end, cut and padded to `length`."""
        whole = [self.bos_token_id, *tokens[: length - 2], self.eos_token_id]
        return whole + [self.pad_token_id] * (length - len(whole))

    def decode(self, tokens: Sequence[int]) -> str:
        return self._tokenizer.decode(list(tokens), skip_special_tokens=False).replace(END_OF_WORD, " ").strip()

    def pieces(self, tokens: Iterable[int]) -> list[str]:
        """Each of `tokens` as the vocabulary spells it: bytes as letters, `END_OF_WORD` where a word ends."""
        return [self._tokenizer.id_to_token(token) for token in tokens]

    def _id(self, token: str | AddedToken) -> int:
        return self._tokenizer.token_to_id(_content(token))


def _not_among(added: Sequence[AddedToken], named: Iterable[str | AddedToken]) -> list[AddedToken]:
    """The named tokens that are not `added` yet, as tokens that stand for no text.

    Of two of one content the later counts, where one is a plain text: so transformers has it.
    """
    found = {_content(token) for token in added}
    missing: list[str | AddedToken] = []
    for token in named:
        if _content(token) not in found and token not in missing:
            missing.append(token)
    return [_special(token) for token in missing]


def _special(token: str | AddedToken) -> AddedToken:
    if isinstance(token, str):
        return AddedToken(token, special=True)
    token.special = True
    return token


def _content(token: str | AddedToken) -> str:
    return token if isinstance(token, str) else token.content

"""Texts already encoded: a batch of a thousand pictures of one prompt encodes it once."""

from __future__ import annotations

import copy
from collections import OrderedDict

import torch

from sdplay.core.fields import Syntax
from sdplay.families.base import Family, TextEncoding
from sdplay.prompts.attention import weighted
from sdplay.prompts.lora_tags import ActiveLoras
from sdplay.requests.mentions import ActiveEmbeddings


class TextEncodingCache:
    """Conditionings of one family by text and all that it is read with, the `capacity` most recently used."""

    def __init__(self, family: Family, capacity: int = 256) -> None:
        self.family, self.capacity, self.clip_skip = family, capacity, 1
        self.words: ActiveEmbeddings = ()
        self._known: OrderedDict[tuple[str, Syntax, int, ActiveLoras, ActiveEmbeddings], TextEncoding] = OrderedDict()

    def with_clip_skip(self, clip_skip: int) -> TextEncodingCache:
        """The same memo, for texts that are read from another layer of the text encoder."""
        other = copy.copy(self)
        other.clip_skip = clip_skip
        return other

    def with_embeddings(self, words: ActiveEmbeddings) -> TextEncodingCache:
        """The same memo, for texts in which these words stand for vectors."""
        other = copy.copy(self)
        other.words = words
        return other

    def interpolated(
        self,
        start: str,
        end: str,
        weight: float,
        syntax: Syntax = "plain",
        worn: tuple[ActiveLoras, ActiveLoras] = ((), ()),
    ) -> TextEncoding:
        """The conditioning that lies evenly between those of two texts, position by position; the shorter one goes on
        with empty chunks. `worn` are the LoRAs on the text encoder for each of them.
        """
        if (start, worn[0]) == (end, worn[1]) or weight == 0:
            return self(start, syntax, worn[0])
        one, two = self(start, syntax, worn[0]), self(end, syntax, worn[1])
        pooled = None if one.pooled is None or two.pooled is None else torch.lerp(one.pooled, two.pooled, weight)
        length = max(len(one.embeds), len(two.embeds))
        return TextEncoding(torch.lerp(self._extended(one, length), self._extended(two, length), weight), pooled)

    def _extended(self, one: TextEncoding, length: int) -> torch.Tensor:
        if len(one.embeds) == length:
            return one.embeds
        empty = self("").embeds
        return torch.cat([one.embeds, *[empty] * ((length - len(one.embeds)) // len(empty))])

    def __call__(self, text: str, syntax: Syntax = "plain", worn: ActiveLoras = ()) -> TextEncoding:
        key = (text, syntax, self.clip_skip, worn, self.words)
        if key not in self._known:
            family = self.family.with_add_ons((), worn, self.words) if worn or self.words else self.family
            self._known[key] = self._read(family, text, syntax)
            if len(self._known) > self.capacity:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _read(self, family: Family, text: str, syntax: Syntax) -> TextEncoding:
        if syntax == "plain":
            return family.encode_text(text, self.clip_skip)
        return family.encode_weighted_text(weighted(text), self.clip_skip)

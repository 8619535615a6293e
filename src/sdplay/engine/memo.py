"""Texts already encoded: a batch of a thousand pictures of one prompt encodes it once."""

from __future__ import annotations

from collections import OrderedDict

import torch

from sdplay.families.base import Conditioning, Family


class WordMemo:
    """Conditionings of one family by text, the `capacity` most recently used."""

    def __init__(self, family: Family, capacity: int = 256) -> None:
        self.family, self.capacity = family, capacity
        self._known: OrderedDict[str, Conditioning] = OrderedDict()

    def between(self, start: str, end: str, weight: float) -> Conditioning:
        """The conditioning that lies evenly between those of two texts, position by position."""
        if start == end:
            return self(start)
        one, two = self(start), self(end)
        pooled = None if one.pooled is None or two.pooled is None else torch.lerp(one.pooled, two.pooled, weight)
        return Conditioning(torch.lerp(one.text, two.text, weight), pooled)

    def __call__(self, text: str) -> Conditioning:
        if text not in self._known:
            self._known[text] = self.family.encode_words(text)
            if len(self._known) > self.capacity:
                self._known.popitem(last=False)
        self._known.move_to_end(text)
        return self._known[text]

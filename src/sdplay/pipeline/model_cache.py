"""The model in memory, and the texts that it has encoded."""

from __future__ import annotations

import copy
import gc
import os
from collections import OrderedDict
from dataclasses import dataclass, replace

import torch

from sdplay.core.fields import Syntax
from sdplay.engines.device import Placement, make_engine, make_placement
from sdplay.families.base import Family, TextEncoding, load_family
from sdplay.library.library import cache_of
from sdplay.library.resolve import ResolvedModel
from sdplay.prompts.attention import weighted
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras
from sdplay.requests.recipe import Numerics


class TextEncodingCache:
    """Encoded texts of one family, the `capacity` most recently used: a thousand pictures encode one prompt once."""

    def __init__(self, family: Family, capacity: int = 256) -> None:
        self.family, self.capacity, self.clip_skip = family, capacity, 1
        self.embeddings: ActiveEmbeddings = ()
        self._encoded: OrderedDict[tuple[str, Syntax, int, ActiveLoras, ActiveEmbeddings], TextEncoding] = OrderedDict()

    def with_clip_skip(self, clip_skip: int, embeddings: ActiveEmbeddings = ()) -> TextEncodingCache:
        """The same cache, for another layer of the text encoder and texts in which these words stand for vectors."""
        other = copy.copy(self)
        other.clip_skip, other.embeddings = clip_skip, embeddings
        return other

    def interpolated(
        self,
        start: str,
        end: str,
        weight: float,
        syntax: Syntax = "plain",
        loras: tuple[ActiveLoras, ActiveLoras] = ((), ()),
    ) -> TextEncoding:
        """The conditioning `weight` 0..1 of the way from one text to the other, position by position.

        Empty chunks pad the shorter one. `loras` are those on the text encoder for each of them.
        """
        if (start, loras[0]) == (end, loras[1]) or weight == 0:
            return self(start, syntax, loras[0])
        one, two = self(start, syntax, loras[0]), self(end, syntax, loras[1])
        pooled = None if one.pooled is None or two.pooled is None else torch.lerp(one.pooled, two.pooled, weight)
        length = max(len(one.embeds), len(two.embeds))
        return TextEncoding(torch.lerp(self._padded(one, length), self._padded(two, length), weight), pooled)

    def _padded(self, one: TextEncoding, length: int) -> torch.Tensor:
        if len(one.embeds) == length:
            return one.embeds
        empty = self("").embeds
        return torch.cat([one.embeds, *[empty] * ((length - len(one.embeds)) // len(empty))])

    def __call__(self, text: str, syntax: Syntax = "plain", loras: ActiveLoras = ()) -> TextEncoding:
        key = (text, syntax, self.clip_skip, loras, self.embeddings)
        if key not in self._encoded:
            adapted = loras or self.embeddings
            family = self.family.with_add_ons((), loras, self.embeddings) if adapted else self.family
            self._encoded[key] = self._encode(family, text, syntax)
            if len(self._encoded) > self.capacity:
                self._encoded.popitem(last=False)
        self._encoded.move_to_end(key)
        return self._encoded[key]

    def _encode(self, family: Family, text: str, syntax: Syntax) -> TextEncoding:
        if syntax == "plain":
            return family.encode_text(text, self.clip_skip)
        return family.encode_weighted_text(weighted(text), self.clip_skip)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, and the texts it has encoded."""

    family: Family
    text_cache: TextEncodingCache


class ModelCache:
    """Keeps the last model that was loaded."""

    def __init__(self) -> None:
        self._key: tuple[str, str | None, Placement] | None = None
        self._loaded: LoadedModel | None = None

    def get(
        self, model: ResolvedModel, numerics: Numerics, device: str, *, sequential_offload: bool = False
    ) -> LoadedModel:
        """The model on `device` in the formats of `numerics`; with `sequential_offload` one network at a time.

        The model before it goes first, since memory is planned for one. Raises `ModelBroken`, and `BadRequest` for a
        LoRA that does not fit.
        """
        engine = make_engine(numerics.engine, numerics.dtype, numerics.threads, cache_of(os.environ) / "engines")
        formats = ("float32" if numerics.engine == "openvino" else numerics.dtype, numerics.decode_dtype)
        place = make_placement(device, *formats, numerics.decode_tile, numerics.attention_slice)
        place = replace(place, sequential_offload=sequential_offload, engine=engine)
        vae = next((add_on for add_on in model.add_ons if add_on.identity.kind == "vae"), None)
        key = (model.identity.digest, vae.identity.digest if vae else None, place)
        if self._loaded is None or self._key != key:
            if self._loaded is not None:
                self._key = self._loaded = None
                gc.collect()  # its modules refer to each other
            family = load_family(model.card.family, model.path, place, vae.path if vae else None)
            self._key, self._loaded = key, LoadedModel(family, TextEncodingCache(family))
        if model.add_ons:
            self._loaded.family.load_add_ons(model.add_ons)
        return self._loaded

"""Which model is in memory: one at a time, loaded when first asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sdplay.engines.device import make_placement
from sdplay.engines.placement import Placement
from sdplay.families.base import Family
from sdplay.library.resolve import ResolvedModel
from sdplay.pipeline.text_cache import TextEncodingCache
from sdplay.requests.recipe import Numerics


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory, the texts it has encoded."""

    family: Family
    text_cache: TextEncodingCache


class ModelCache:
    """Keeps the last model loaded; a model that fails to load leaves the one before it in place."""

    def __init__(self) -> None:
        self._key: tuple[str, str | None, Placement] | None = None
        self._loaded: LoadedModel | None = None

    def get(self, model: ResolvedModel, numerics: Numerics, device: str, *, in_turn: bool = False) -> LoadedModel:
        """The model on `device` as `numerics` has it, its parts `in_turn` if so; raises `ModelBroken`, or `BadRequest`
        for an unfit LoRA.
        """
        formats = (numerics.dtype, numerics.decode_dtype)
        place = make_placement(device, *formats, numerics.decode_tile, numerics.attention_slice)
        place = replace(place, in_turn=in_turn)
        codec = next((one for one in model.add_ons if one.identity.kind == "vae"), None)
        key = (model.identity.digest, codec.identity.digest if codec else None, place)
        if self._loaded is None or self._key != key:
            from sdplay.families.load import load_family

            family = load_family(model.card.family, model.path, place, codec.path if codec else None)
            self._key, self._loaded = key, LoadedModel(family, TextEncodingCache(family))
        if model.add_ons:
            self._loaded.family.load_add_ons(model.add_ons)
        return self._loaded

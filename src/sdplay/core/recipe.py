"""What is settled: everything a picture depends on, with nothing left open. Picture = function(recipe, index)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.request import AnyRequest, request_from

FORMAT = 1
# Asked-for fields that do not reach a pixel of picture i: how many there are, and where it was drawn
# (which machine did it, and in which precision, is in `numerics`).
NOT_INGREDIENTS = {"num", "device", "precision"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Numerics:
    """How the arithmetic was done; equal numerics on the same class of hardware give equal bits.

    `revision` counts up whenever a change of the program changes bits. `dtype` is that of the denoiser and the text
    encoder, `decode_dtype` the codec's. `tile` is the number of pictures in one forward pass, `threads` the number of
    CPU threads (0 on a GPU, where it has no effect).
    """

    revision: int = 1
    engine: str = "torch"
    device: str = "cpu"
    dtype: str = "float32"
    decode_dtype: str = "float32"
    tile: int = 1
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which weights: a name for people and the sha256 over every file that shapes a picture."""

    name: str
    digest: str
    family: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A request with every open field closed. `digest` keys results; two equal digests draw equal pictures."""

    request: AnyRequest
    model: ModelIdentity
    width: int
    height: int
    steps: int
    guidance_scale: float
    sampler: str
    schedule: str
    seed: int
    numerics: Numerics

    def ingredients(self) -> dict[str, Any]:
        """All that picture i depends on besides i, as plain JSON values; what is embedded in files."""
        asked = self.request.model_dump(mode="json", exclude=NOT_INGREDIENTS)
        settled = {
            name: getattr(self, name)
            for name in ("width", "height", "steps", "guidance_scale", "sampler", "schedule", "seed")
        }
        return {
            "format": FORMAT,
            **asked,
            **settled,
            "model": asdict(self.model),
            "numerics": asdict(self.numerics),
        }

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON of `ingredients()`, hex."""
        return hashlib.sha256(canonical_json(self.ingredients()).encode()).hexdigest()

    @classmethod
    def from_ingredients(cls, ingredients: dict[str, Any]) -> Recipe:
        """The inverse of `ingredients()`; raises `BadRequest` for another format or missing parts."""
        rest = dict(ingredients)
        found = rest.pop("format", None)
        if found != FORMAT:
            raise BadRequest(
                "this recipe was written in a format this version does not know",
                field="format",
                value=found,
                hint=f"this version reads format {FORMAT}; use the sdplay version that drew the picture",
            )
        try:
            model = ModelIdentity(**rest.pop("model"))
            numerics = Numerics(**rest.pop("numerics"))
            request = request_from({**rest, "model": model.name})
            return cls(
                request=request,
                model=model,
                width=rest["width"],
                height=rest["height"],
                steps=rest["steps"],
                guidance_scale=rest["guidance_scale"],
                sampler=rest["sampler"],
                schedule=rest["schedule"],
                seed=rest["seed"],
                numerics=numerics,
            )
        except (KeyError, TypeError) as error:
            raise BadRequest(
                f"the recipe is damaged: {error}", field="recipe", value=sorted(ingredients)
            ) from None


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, no NaN, text unescaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

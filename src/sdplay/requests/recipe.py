"""Everything a picture depends on, with nothing left open. Picture = function(recipe, index)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, with_config

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.fields import LARGEST_SIDE
from sdplay.core.identity import NO_UNKNOWN_KEYS, AddOn, ModelIdentity
from sdplay.core.sample import Asset, FileAsset, ImageAsset, Sample
from sdplay.library.upscalers import upscaler_name
from sdplay.requests.add_ons import without_paths
from sdplay.requests.base import NEVER, Request, field_marks
from sdplay.requests.modes import MODES, ROLES, import_object, named_files, request_from

T = TypeVar("T")
FORMAT = 1
# What the fields of all modes stand for in a recipe that does not have them.
OLD_DEFAULTS = {
    name: marks["if_absent"] for name in Request.model_fields if "if_absent" in (marks := field_marks(Request, name))
}
NO_SIZE = {"width": 1, "height": 1}  # what this format says of files without a size
RESOLVED = ("width", "height", "steps", "guidance_scale", "sampler", "schedule", "seed")

NumberFormat = Annotated[str, Field(pattern="^(float32|bfloat16|float16)$")]
NetworkFormat = Annotated[str, Field(pattern="^(float32|bfloat16|float16|int8)$")]

SMALLEST_DECODE_TILE = 64
DecodeTile = Annotated[int, Field(strict=True, ge=0, le=65_536, multiple_of=SMALLEST_DECODE_TILE)]


def rising(shares: tuple[float, ...]) -> tuple[float, ...]:
    if not (shares[0] == 0 and shares[-1] == 1 and all(before < after for before, after in pairwise(shares))):
        raise ValueError("shares rise from 0 to 1")
    return shares


Shares = Annotated[tuple[float, ...], Field(min_length=2, max_length=1025), AfterValidator(rising)]


@with_config(NO_UNKNOWN_KEYS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Numerics:
    """How the arithmetic was done; equal numerics on the same class of hardware give equal bits.

    `revision` counts up when a change of the program changes the bits of most pictures; of changes to few of them
    `jobs.since_then` knows. `engine` runs the U-Net. `dtype` is the format of the U-Net and the text encoders (whose
    texts are made in float32 for OpenVINO; int8 is that of its convolutions and matrices, by OpenVINO, and the rest is
    in bfloat16 on the class of hardware that is faster in it, else in float32), `decode_dtype` the VAE's. `tile` is the
    batch size, `threads` the number of CPU threads (0 on a GPU, where it has no effect). `decode_tile` is the side in
    pixels of the tiles that the VAE decodes a larger picture in (0: whole), `attention_slice` says that one head of one
    picture attends at a time. The bounds are for recipes that are read from files; `if_absent` in a field's metadata is
    as in requests.
    """

    revision: Annotated[int, Field(strict=True, ge=1)] = 1
    engine: Annotated[str, Field(pattern="^(torch|openvino|cuda)$")] = "torch"
    device: Annotated[str, Field(pattern="^(cpu|cuda|mps)$")] = "cpu"
    dtype: NetworkFormat = "float32"
    decode_dtype: NumberFormat = "float32"
    tile: Annotated[int, Field(strict=True, ge=1, le=1024)] = 1
    threads: Annotated[int, Field(strict=True, ge=0, le=1024)] = 0
    decode_tile: DecodeTile = field(default=0, metadata={"if_absent": 0})
    attention_slice: Annotated[bool, Field(strict=True)] = field(default=False, metadata={"if_absent": False})


@with_config(NO_UNKNOWN_KEYS)
@dataclass(frozen=True, slots=True, kw_only=True)
class Enlargement:
    """How a picture that its model cannot draw at the size asked is brought to it: `width` and `height` of the result,
    the `upscaler`, and the sha256 of its network's numbers, empty without one.
    """

    width: Annotated[int, Field(strict=True, ge=1, le=LARGEST_SIDE)]
    height: Annotated[int, Field(strict=True, ge=1, le=LARGEST_SIDE)]
    upscaler: Annotated[str, AfterValidator(upscaler_name)]
    weights: Annotated[str, Field(pattern="^([0-9a-f]{64})?$")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A request with every open field closed. `digest` keys results; two equal digests draw equal pictures.

    `assets` are the files the request names, by role; `wildcards` the lines of those its prompts name.
    `add_ons` are the LoRAs and other such files that any of its pictures may be drawn with, by kind and name.
    `pace_table`: for a dream of perceptual pace, the cumulative share of the visible change between two keys, 0..1, for
    each pair of keys (see `evenly_seen`), as far as it is measured. `enlargement`: what is done with the finished
    picture, None for nothing.
    """

    request: Request
    model: ModelIdentity
    width: int
    height: int
    steps: int
    guidance_scale: float
    sampler: str
    schedule: str
    seed: int
    numerics: Numerics
    assets: dict[str, Asset] = field(default_factory=dict[str, Asset], metadata={"if_absent": {}})
    wildcards: dict[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]], metadata={"if_absent": {}}
    )
    pace_table: tuple[Shares, ...] = field(default=(), metadata={"if_absent": ()})
    add_ons: tuple[AddOn, ...] = field(default=(), metadata={"if_absent": ()})
    enlargement: Enlargement | None = field(default=None, metadata={"if_absent": None})

    def to_dict(self) -> dict[str, Any]:
        """All that picture i depends on besides i, as plain JSON values; what is embedded in files."""
        parts = json_values(self)
        for role, asset in self.assets.items():
            if isinstance(asset, FileAsset):
                parts["assets"][role] |= NO_SIZE
        return {"format": FORMAT, **parts.pop("request"), **parts}

    def image(self, role: str) -> ImageAsset:
        """The picture that was given for `role`."""
        asset = self.assets[role]
        assert isinstance(asset, ImageAsset)
        return asset

    @property
    def digest(self) -> str:
        """sha256 of the canonical JSON of `to_dict()`, hex; of given files the content counts, not the place."""
        counted = without_paths(self.request, self.to_dict())
        for role, asset in counted.get("assets", {}).items():
            del asset["path"], counted[role]
        return hashlib.sha256(canonical_json(counted).encode()).hexdigest()

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Recipe:
        """The inverse of `to_dict()`; raises `BadRequest` for another format, missing parts or wrong values."""
        rest = dict(value)
        written = rest.pop("format", None)
        if written != FORMAT:
            raise BadRequest(
                "this recipe was written in a format this version does not know",
                field="format",
                value=written,
                hint=f"this version reads format {FORMAT}; use the sdplay version that drew the picture",
            )
        try:
            model, numerics, assets = rest.pop("model"), rest.pop("numerics"), rest.pop("assets", {})
            pace, wildcards = rest.pop("pace_table", ()), rest.pop("wildcards", {})
            add_ons, enlargement = rest.pop("add_ons", ()), rest.pop("enlargement", None)
            request = request_from({**OLD_DEFAULTS, **rest, "model": model["name"]})
            if assets.keys() != (named := named_files(request)).keys():
                raise damaged(f"it names {len(named)} pictures and describes {len(assets)}", sorted(assets))
            assets = {role: asset_from(role, asset) for role, asset in assets.items()}
            resolved = {name: rest[name] for name in RESOLVED}
            parts = {"request": request, "model": model, "numerics": numerics, "assets": assets, "pace_table": pace}
            parts |= resolved | {"wildcards": wildcards, "add_ons": add_ons, "enlargement": enlargement}
            return reader(cls).validate_python(parts)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise damaged(f"its {where} is wrong: {first['msg']}", first["input"]) from None
        except UnknownName as error:
            if error.field != "option":
                raise
            hint = "a later version of sdplay may have written it: use that one"
            raise BadRequest("this version knows no such part", field="recipe", value=error.value, hint=hint) from None
        except (KeyError, TypeError, AttributeError) as error:
            raise damaged(f"a part is missing or invalid: {error}", sorted(rest)) from None


def asset_from(role: str, value: dict[str, Any]) -> Asset:
    """The asset that a recipe describes for `role`; raises pydantic's `ValidationError`."""
    kind = ROLES[role]
    parts = {name: part for name, part in value.items() if kind is not FileAsset or (name, part) not in NO_SIZE.items()}
    return reader(kind).validate_python(parts)


@cache
def reader(kind: type[T]) -> TypeAdapter[T]:
    """What reads a `kind` from data; making one takes milliseconds, and a service reads a recipe a request."""
    return TypeAdapter(kind)


def json_values(value: Any) -> Any:
    """`value` as plain JSON values. The parts of a dataclass that there were not always are left out while they are as
    they were before: `if_absent`, in their metadata.
    """
    if isinstance(value, Request):
        return value.to_dict()
    if is_dataclass(value):
        parts = {
            part.name: (getattr(value, part.name), part.metadata.get("if_absent", NEVER)) for part in fields(value)
        }
        return {name: json_values(held) for name, (held, before) in parts.items() if held != before}
    if isinstance(value, Mapping):
        return {name: json_values(held) for name, held in cast(Mapping[str, Any], value).items()}
    return [json_values(each) for each in cast(tuple[Any, ...], value)] if isinstance(value, tuple) else value


def picture_key(recipe: Recipe, index: int) -> str:
    """What a picture is, however many were asked for with it: picture i of seed s is picture 0 of seed s + i."""
    return replace(recipe, seed=recipe.seed + index).digest


def in_more_precision(recipe: Recipe) -> Iterator[Recipe]:
    """What a picture is drawn from whose numbers overflowed: `recipe` with its VAE in float32, then all of it, as far
    as they are in less.
    """
    numerics = recipe.numerics
    if numerics.decode_dtype != "float32":
        yield replace(recipe, numerics=replace(numerics, decode_dtype="float32"))
    if numerics.dtype != "float32":
        yield replace(recipe, numerics=replace(numerics, dtype="float32", decode_dtype="float32"))


def damaged(reason: str, value: object) -> BadRequest:
    return BadRequest(f"the recipe is damaged: {reason}", field="recipe", value=value)


def canonical_json(value: Any) -> str:
    """The one spelling of a JSON value: sorted keys, no spaces, no NaN, text unescaped."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def count(recipe: Recipe) -> int:
    """How many pictures or frames `recipe` asks for."""
    return import_object(MODES[recipe.request.mode].count)(recipe.request)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The samples of `recipe` with these `indices`, in that order."""
    return import_object(MODES[recipe.request.mode].plan)(recipe, indices)

"""The common part of every request: its fields' types, the fields all modes share, and how one is asked for.

Fields left at None are open; `resolve_request` closes them and nothing else does. A field's `flag` in
`json_schema_extra` is its name on the command line where that is not the field's own; `later` says that there were
recipes before the field: where it has its default a recipe is written, and its digest made, as if it were not there.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sdplay.core.amount import read_amount
from sdplay.core.errors import BadRequest, UnknownName, together
from sdplay.core.fields import (
    LARGEST_SEED,
    LARGEST_SIDE,
    LONGEST_PROMPT,
    SMALLEST_SIDE,
    SMALLEST_TILE,
    FilePath,
    NoiseSource,
    Precision,
    Syntax,
    without_nul,
)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError('is empty; say what to draw, for example "a red apple"')
    return text


def _multiple_of_8(side: int) -> int:
    if side % 8:
        raise ValueError(f"is no multiple of 8; the nearest are {side // 8 * 8} and {side // 8 * 8 + 8}")
    return side


def _whole_tiles(side: int) -> int:
    if side % SMALLEST_TILE:
        raise ValueError(f"is no multiple of {SMALLEST_TILE}")
    return side


def as_tuple(given: object) -> object:
    """Lists as they come out of JSON are the tuples they were."""
    return tuple(cast(list[object], given)) if isinstance(given, list) else given


def as_amount(given: object) -> object:
    """Bytes are an amount of memory too."""
    return str(given) if isinstance(given, int) and not isinstance(given, bool) else given


def _amount(text: str) -> str:
    read_amount(text)
    return text.strip()


Memory = Annotated[str, Field(max_length=64), BeforeValidator(as_amount), AfterValidator(_amount)]


def as_texts(given: object) -> object:
    """One text where several may stand is one of them."""
    return (given,) if isinstance(given, str) else as_tuple(given)


Text = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(without_nul)]
Prompt = Annotated[Text, AfterValidator(_not_blank)]
Side = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE), AfterValidator(_multiple_of_8)]
FreeSide = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]


class Request(BaseModel):
    """What every mode has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    negative_prompt: Text = Field(
        default="", description="What to keep away from.", json_schema_extra={"flag": "negative"}
    )
    prompt_syntax: Syntax = Field(
        default="a1111",
        description="a1111: (word:1.2), [from:to:when], BREAK, AND and so on mean something, and no text is too long; "
        "plain: the text as it stands, cut where the text encoder ends.",
        json_schema_extra={"flag": "syntax"},
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_SEED,
        description="Number the noise is made from; the same seed draws the same picture. Random when left out.",
    )
    steps: int | None = Field(default=None, ge=1, le=1000, description="Denoising steps.")
    guidance_scale: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How strictly to follow the words; 1 switches guidance off.",
        json_schema_extra={"flag": "guidance"},
    )
    guidance_rescale: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How far strong guidance is brought back to the contrast it had without: 0 not, 1 all the way.",
        json_schema_extra={"later": True},
    )
    clip_skip: int = Field(
        default=1,
        ge=1,
        le=12,
        description="Which layer of the text encoder is read, from the end: 1 the last, 2 the one before, as in A1111.",
        json_schema_extra={"later": True},
    )
    sampler: str | None = Field(default=None, description="How noise is removed: see `sdplay samplers`.")
    schedule: str | None = Field(default=None, description="How the noise levels are spaced: see `sdplay samplers`.")
    width: Side | None = Field(default=None, description="Width in pixels, a multiple of 8.")
    height: Side | None = Field(default=None, description="Height in pixels, a multiple of 8.")
    lora: Annotated[tuple[Text, ...], BeforeValidator(as_texts)] = Field(
        default=(),
        max_length=32,
        description="A LoRA's name or path and how much of it: name:0.8 (name:0.5:0.8 for text encoder and network). "
        "Can be given several times.",
        json_schema_extra={"later": True, "add_on": "lora"},
    )
    embedding: Annotated[tuple[FilePath, ...], BeforeValidator(as_texts)] = Field(
        default=(),
        max_length=32,
        description="The file of a textual inversion, whose name is then a word; those in the library are known "
        "without it. Can be given several times.",
        json_schema_extra={"later": True, "add_on": "embedding"},
    )
    model: str = Field(default="builtin", min_length=1, description="A model's name, its folder or file, or a hub id.")
    vae: Text | None = Field(
        default=None,
        min_length=1,
        description="A codec (VAE) in place of the model's own: its name or path.",
        json_schema_extra={"later": True, "add_on": "vae"},
    )
    allow_pickle: bool = Field(
        default=False,
        description="Open a pickle (.ckpt, .pt, .bin) too: its weights alone, in a process of their own.",
    )
    device: str = Field(default="auto", description="auto, cpu, gpu (or cuda, cuda:1, mps).")
    precision: Precision = Field(default="auto", description="Number format of the networks.")
    low_memory: bool = Field(
        default=False,
        description="One picture at a time, attention in slices, large pictures in tiles: slower, in less memory.",
    )
    decode_tile: Annotated[int, Field(ge=0, le=LARGEST_SIDE), AfterValidator(_whole_tiles)] | None = Field(
        default=None,
        description="Pictures larger than this are decoded in tiles of so many pixels a side: no seam, less memory, "
        "more time. 0: whole. 512 with --low-memory, else 0, when left out.",
    )
    max_memory: Memory | None = Field(
        default=None,
        description="Memory that drawing may take: 4GiB, 4096MiB, 4.5GB. What would take more is not begun.",
    )
    allow_lossy: bool = Field(
        default=False,
        description="To keep within --max-memory also calculate in bfloat16, which changes the picture a little.",
    )
    noise: NoiseSource = Field(
        default="philox",
        description="philox: the same on every machine (A1111's RNG: NV); torch: what diffusers makes.",
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Pictures in one pass of the network; one size gives one set of bits. The model's when left out.",
    )

    def not_ingredients(self) -> set[str]:
        """Fields that reach no pixel of picture i: where it is drawn (which machine did it, in which precision, in how
        little memory and how many at once, is in the recipe's `numerics`), whether a pickle may be opened, and for some
        modes how many.
        """
        where = {"allow_pickle", "device", "precision", "low_memory", "max_memory", "allow_lossy"}
        return where | {"decode_tile", "batch_size"}

    def as_before(self) -> set[str]:
        """The fields that came later and ask for nothing: what is drawn is what was drawn before there were any."""
        fields = type(self).model_fields
        later = {
            name for name, info in fields.items() if cast(dict[str, Any], info.json_schema_extra or {}).get("later")
        }
        return {name for name in later if getattr(self, name) == fields[name].default}


SHARED = frozenset(Request.model_fields)
PLAINER = {"string_unicode": "contains half a surrogate pair, which is no character"}  # by pydantic's error type

R = TypeVar("R", bound=Request)


def make_request(kind: type[R], /, **fields: Any) -> R:
    """Build a request of `kind`; raises `BadRequest` for a wrong field, `BadRequests` for several, never pydantic's."""
    strange: list[BadRequest] = [
        UnknownName("option", name, field_names(kind)) for name in fields if not known(kind, name)
    ]
    try:
        request = kind(**{name: value for name, value in fields.items() if known(kind, name)})
    except ValidationError as error:
        found = [dict(each) for each in error.errors(include_url=False)]
        if strange:  # what is missing is then most likely what was spelled wrong
            found = [each for each in found if each["type"] != "missing"]
        raise together(strange + [problem(kind, each) for each in found]) from None
    if strange:
        raise together(strange)
    return request


def field_names(kind: type[Request]) -> list[str]:
    """The fields of `kind` in the order they are read best: its own first, those of a `group` (in their
    `json_schema_extra`) after them, those that all modes share last.
    """

    def place(name: str) -> tuple[bool, str]:
        extra = cast(dict[str, Any], kind.model_fields[name].json_schema_extra or {})
        return name in SHARED, str(extra.get("group", ""))

    return sorted(kind.model_fields, key=place)


def known(kind: type[Request], name: str) -> bool:
    return name in kind.model_fields


def problem(kind: type[Request], found: dict[str, Any]) -> BadRequest:
    """One of pydantic's errors in our words."""
    field = str(found["loc"][0]) if found["loc"] else "request"
    reason = PLAINER.get(found["type"], str(found["msg"]).removeprefix("Value error, "))
    hint = (kind.model_fields[field].description or "") if known(kind, field) else ""
    value = None if found["type"] == "missing" else found["input"]
    return BadRequest(reason[0].lower() + reason[1:], field=field, value=value, hint=hint)

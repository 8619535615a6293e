"""What was asked: the one schema behind command line flags, Python arguments, files and (later) REST bodies.

Fields left at None are open; `modes.settle` closes them and nothing else does. A field's `flag` in
`json_schema_extra` is its name on the command line where that is not the field's own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sdplay.core.errors import BadRequest, UnknownName

LONGEST_PROMPT = 32_000
LARGEST_SEED = 2**63 - 1
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096

NoiseSource = Literal["philox", "torch"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]


def _encodable(text: str) -> str:
    """Refuse what no file or JSON could hold: a NUL, or half of a surrogate pair."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("contains half a surrogate pair, which is no character") from None
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty; say what to draw, for example \"a red apple\"")
    return text


def _multiple_of_8(side: int) -> int:
    if side % 8:
        raise ValueError(f"is no multiple of 8; the nearest are {side // 8 * 8} and {side // 8 * 8 + 8}")
    return side


Text = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(_encodable)]
Prompt = Annotated[Text, AfterValidator(_not_blank)]
Side = Annotated[int, Field(strict=True, ge=SMALLEST_SIDE, le=LARGEST_SIDE), AfterValidator(_multiple_of_8)]


class Request(BaseModel):
    """What every mode has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    prompt: Prompt = Field(description="What to draw, in words.")
    negative_prompt: Text = Field(
        default="", description="What to keep away from.", json_schema_extra={"flag": "negative"}
    )
    num: int = Field(
        default=1,
        strict=True,
        ge=1,
        le=100_000,
        description="How many pictures; picture i has seed + i.",
        json_schema_extra={"flag": "num", "short": "n"},
    )
    seed: int | None = Field(
        default=None,
        strict=True,
        ge=0,
        le=LARGEST_SEED,
        description="Number the noise is made from; the same seed draws the same picture. Random when left out.",
    )
    steps: int | None = Field(default=None, strict=True, ge=1, le=1000, description="Denoising steps.")
    guidance_scale: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How strictly to follow the words; 1 switches guidance off.",
        json_schema_extra={"flag": "guidance"},
    )
    sampler: str | None = Field(default=None, description="How noise is removed: see `sdplay samplers`.")
    schedule: str | None = Field(default=None, description="How the noise levels are spaced: see `sdplay samplers`.")
    width: Side | None = Field(default=None, description="Width in pixels, a multiple of 8.")
    height: Side | None = Field(default=None, description="Height in pixels, a multiple of 8.")
    model: str = Field(default="builtin", min_length=1, description="A model's name or a diffusers folder.")
    device: str = Field(default="auto", description="auto, cpu, gpu (or cuda, cuda:1, mps).")
    precision: Precision = Field(default="auto", description="Number format of the networks.")
    noise: NoiseSource = Field(
        default="philox", description="philox: the same on every machine (A1111's RNG: NV); torch: what diffusers makes."
    )


class Txt2Img(Request):
    """A picture from words."""

    mode: Literal["txt2img"] = "txt2img"


AnyRequest = Txt2Img
REQUESTS: dict[str, type[AnyRequest]] = {"txt2img": Txt2Img}

R = TypeVar("R", bound=Request)


def ask(kind: type[R], **fields: Any) -> R:
    """Build a request of `kind`; raises `BadRequest` that names the first wrong field, never pydantic's own error."""
    for name in fields:
        if name not in kind.model_fields:
            raise UnknownName("option", name, kind.model_fields)
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "request"
        reason = first["msg"].removeprefix("Value error, ")
        hint = "" if field not in kind.model_fields else kind.model_fields[field].description or ""
        raise BadRequest(reason[0].lower() + reason[1:], field=field, value=first["input"], hint=hint) from None


def request_from(fields: dict[str, Any]) -> AnyRequest:
    """The request whose kind `fields["mode"]` names; raises `UnknownName` or `BadRequest`."""
    mode = fields.get("mode", "txt2img")
    if mode not in REQUESTS:
        raise UnknownName("mode", str(mode), REQUESTS)
    return ask(REQUESTS[mode], **fields)

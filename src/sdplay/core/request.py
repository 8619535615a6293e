"""What was asked: the one schema behind command line flags, Python arguments, files and (later) REST bodies.

Fields left at None are open; `modes.settle` closes them and nothing else does. A field's `flag` in
`json_schema_extra` is its name on the command line where that is not the field's own.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sdplay.core.errors import BadRequest, UnknownName

LONGEST_PROMPT = 32_000
LARGEST_SEED = 2**63 - 1
SMALLEST_SIDE, LARGEST_SIDE = 64, 4096
MOST_PICTURES = 100_000

NoiseSource = Literal["philox", "torch"]
Fill = Literal["original", "noise", "nothing"]
Precision = Literal["auto", "float32", "bfloat16", "float16"]


def _without_nul(text: str) -> str:
    """Refuse a NUL, which no PNG text can hold (half a surrogate pair never gets here: pydantic refuses it)."""
    if "\0" in text:
        raise ValueError("contains a NUL character")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError('is empty; say what to draw, for example "a red apple"')
    return text


def _multiple_of_8(side: int) -> int:
    if side % 8:
        raise ValueError(f"is no multiple of 8; the nearest are {side // 8 * 8} and {side // 8 * 8 + 8}")
    return side


Text = Annotated[str, Field(max_length=LONGEST_PROMPT), AfterValidator(_without_nul)]
Prompt = Annotated[Text, AfterValidator(_not_blank)]
Side = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE), AfterValidator(_multiple_of_8)]
FreeSide = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
FilePath = Annotated[str, Field(min_length=1, max_length=4096), AfterValidator(_without_nul)]


class Request(BaseModel):
    """What every mode has in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    prompt: Prompt = Field(description="What to draw, in words.")
    negative_prompt: Text = Field(
        default="", description="What to keep away from.", json_schema_extra={"flag": "negative"}
    )
    num: int = Field(
        default=1,
        ge=1,
        le=MOST_PICTURES,
        description="How many pictures; picture i has seed + i.",
        json_schema_extra={"flag": "num", "short": "n"},
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
    sampler: str | None = Field(default=None, description="How noise is removed: see `sdplay samplers`.")
    schedule: str | None = Field(default=None, description="How the noise levels are spaced: see `sdplay samplers`.")
    width: Side | None = Field(default=None, description="Width in pixels, a multiple of 8.")
    height: Side | None = Field(default=None, description="Height in pixels, a multiple of 8.")
    model: str = Field(default="builtin", min_length=1, description="A model's name or a diffusers folder.")
    device: str = Field(default="auto", description="auto, cpu, gpu (or cuda, cuda:1, mps).")
    precision: Precision = Field(default="auto", description="Number format of the networks.")
    noise: NoiseSource = Field(
        default="philox",
        description="philox: the same on every machine (A1111's RNG: NV); torch: what diffusers makes.",
    )


class Txt2Img(Request):
    """A picture from words."""

    mode: Literal["txt2img"] = "txt2img"


class FromPicture(Request):
    """What the modes that start from a picture have in common; sizes are free, since it is padded and cut back."""

    image: FilePath = Field(description="The picture to start from (or a folder of pictures).")
    strength: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="How much may change: 0 gives the picture back, 1 ignores it.",
    )
    width: FreeSide | None = Field(default=None, description="Width in pixels; the picture's own when left out.")
    height: FreeSide | None = Field(default=None, description="Height in pixels; the picture's own when left out.")


class Img2Img(FromPicture):
    """A picture from words and another picture."""

    mode: Literal["img2img"] = "img2img"


class Inpaint(FromPicture):
    """A picture with a part painted anew; outside the blurred mask it keeps its bytes."""

    mode: Literal["inpaint"] = "inpaint"
    mask: FilePath | None = Field(
        default=None, description="Picture of the same size: white is painted anew, black stays."
    )
    mask_blur: float = Field(default=4.0, ge=0, le=256, description="Radius in pixels that softens the mask's edge.")
    mask_grow: int = Field(
        default=0, ge=-256, le=256, description="Pixels by which the mask grows (or shrinks, when negative)."
    )
    mask_invert: bool = Field(default=False, description="Paint the black part of the mask instead of the white.")
    fill: Fill = Field(
        default="original", description="What the masked part starts from: the picture, noise, or nothing (flat)."
    )
    only_masked: bool = Field(
        default=False, description="Draw the masked part alone, enlarged to the model's size, and paste it back."
    )
    padding: int = Field(
        default=32, ge=0, le=2048, description="Pixels of surroundings that --only-masked draws along."
    )
    extend: str = Field(
        default="",
        pattern=r"^\s*((left|right|top|bottom)\s*=\s*\d{1,4}\s*(,\s*|$))*$",
        description="Paint beyond the picture's edges: left=64,right=0,top=0,bottom=32.",
    )

    @model_validator(mode="after")
    def _has_something_to_paint(self) -> Inpaint:
        if self.mask is None and not any(self.borders):
            raise ValueError("nothing says where to paint: give --mask FILE, or --extend left=64")
        return self

    @property
    def borders(self) -> tuple[int, int, int, int]:
        """`extend` in pixels: (left, top, right, bottom)."""
        given = dict(part.split("=") for part in self.extend.replace(" ", "").strip(",").split(",") if part)
        left, top, right, bottom = (int(given.get(side, 0)) for side in ("left", "top", "right", "bottom"))
        return left, top, right, bottom


AnyRequest = Txt2Img | Img2Img | Inpaint
REQUESTS: dict[str, type[AnyRequest]] = {"txt2img": Txt2Img, "img2img": Img2Img, "inpaint": Inpaint}

PLAINER = {"string_unicode": "contains half a surrogate pair, which is no character"}  # by pydantic's error type

R = TypeVar("R", bound=Request)


def named_pictures(request: Request) -> dict[str, str]:
    """The paths of the pictures a request names, by role."""
    paths = ((role, getattr(request, role, None)) for role in ("image", "mask"))
    return {role: path for role, path in paths if path is not None}


def ask(kind: type[R], /, **fields: Any) -> R:
    """Build a request of `kind`; raises `BadRequest` that names the first wrong field, never pydantic's own error."""
    for name in fields:
        if name not in kind.model_fields:
            raise UnknownName("option", name, kind.model_fields)
    try:
        return kind(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "request"
        reason = PLAINER.get(first["type"], first["msg"].removeprefix("Value error, "))
        hint = "" if field not in kind.model_fields else kind.model_fields[field].description or ""
        value = None if first["type"] == "missing" else first["input"]
        raise BadRequest(reason[0].lower() + reason[1:], field=field, value=value, hint=hint) from None


def request_from(fields: dict[str, Any]) -> AnyRequest:
    """The request whose kind `fields["mode"]` names; raises `UnknownName` or `BadRequest`."""
    mode = str(fields.get("mode", "txt2img"))
    if mode not in REQUESTS:
        raise UnknownName("mode", mode, REQUESTS)
    return ask(REQUESTS[mode], **fields)

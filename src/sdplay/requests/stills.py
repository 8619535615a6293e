"""What the requests for single pictures have in common, and the samples they are planned as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LARGEST_SIDE, MOST_PICTURES, ONE_OR_MORE, FilePath, FreeSide, Prompt, Text
from sdplay.core.identity import add_on_name
from sdplay.core.sample import Asset, Control, ImageAsset, Init, Noise, PromptPair, Sample, SecondPass
from sdplay.core.seeding import SEEDS
from sdplay.library.card import ModelCard
from sdplay.prompts.composition import check_notation
from sdplay.prompts.styles import read_styles, styled
from sdplay.prompts.template import Wildcards, resolved
from sdplay.prompts.wildcards import read_wildcards
from sdplay.requests.base import Request, make_request
from sdplay.requests.given import PicturePath
from sdplay.requests.recipe import Recipe, damaged

Preprocessor = Literal["auto", "canny", "none"]
STEEPEST = 2040  # 4·255 across and 4·255 down: more than any threshold of edges can be
Threshold = Annotated[int, Field(ge=0, le=STEEPEST)]

# Styles are in the prompt when a recipe is made, of wildcards the recipe holds the lines, and it says what is enlarged.
READ: JsonDict = {"group": "picture", "hashed": False}


def marks(since: str | float | None) -> JsonDict:
    """The `json_schema_extra` of a ControlNet field; `since` is the value that it stands for in older recipes."""
    return {"group": "control", "if_absent": since}


class Controlled(Request):
    """The fields of A1111's ControlNet panel, under its names, for one ControlNet."""

    control_image: PicturePath | None = Field(
        default=None,
        description="A picture whose shapes are followed by a ControlNet: a photo, or a map of edges.",
        json_schema_extra=marks(None),
    )
    controlnet: Text | None = Field(
        default=None,
        min_length=1,
        description="The ControlNet: its name or path; the built-in model has one for edges of its own.",
        json_schema_extra=marks(None),
    )
    control_preprocessor: Preprocessor = Field(
        default="auto",
        description="What is made of the control image first: canny (its edges), none; auto: edges for a ControlNet "
        "with canny in its name, unless the picture is a map of edges already.",
        json_schema_extra=marks("auto"),
    )
    canny_low: Threshold = Field(
        default=100, description="A line goes on where edges are steeper than this.", json_schema_extra=marks(100)
    )
    canny_high: Threshold = Field(
        default=200, description="A line begins where edges are steeper than this.", json_schema_extra=marks(200)
    )
    control_scale: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="How much the ControlNet counts; 0: not at all.",
        json_schema_extra=marks(1.0),
    )
    control_start: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The share of the steps after which it begins.",
        json_schema_extra=marks(0.0),
    )
    control_end: float = Field(
        default=1.0, ge=0, le=1, description="The share of the steps after which it ends.", json_schema_extra=marks(1.0)
    )

    def unused_fields(self) -> set[str]:
        """Without a control image none of these reaches a pixel, and without edges no thresholds."""
        unused = super().unused_fields()
        if self.control_image is None:
            return unused | (Controlled.model_fields.keys() - Request.model_fields.keys())
        return unused | ({"canny_low", "canny_high"} if self.control_preprocessor == "none" else set())

    @model_validator(mode="after")
    def _has_something_to_follow(self) -> Controlled:
        if self.controlnet is not None and self.control_image is None:
            raise ValueError("a ControlNet has nothing to follow: give `control_image=FILE`")
        if self.control_start > self.control_end:
            raise ValueError(f"control_start {self.control_start:g} is after control_end {self.control_end:g}")
        return self


class Still(Controlled):
    """What the modes of single pictures have in common (those of films: `film.request.Film`)."""

    prompt: Prompt = Field(description="What to draw, in words.", json_schema_extra={"group": "basics"})
    num: int = Field(
        default=1,
        ge=1,
        le=MOST_PICTURES,
        description="How many pictures; picture i has seed + i.",
        json_schema_extra={"group": "basics", "flag": "num", "short": "n", "hashed": False},
    )
    style: Annotated[tuple[Text, ...], ONE_OR_MORE] = Field(
        default=(),
        max_length=100,
        description="A style of the styles file; can be given several times.",
        json_schema_extra=READ,
    )
    styles_file: FilePath = Field(
        default="styles.csv",
        description="Where styles are: CSV with the columns name, prompt, negative_prompt.",
        json_schema_extra=READ,
    )
    wildcards: FilePath = Field(
        default="wildcards",
        description="The folder where __name__ in a prompt is name.txt.",
        json_schema_extra=READ,
    )
    anyway: bool = Field(
        default=False,
        description="Draw at the size asked even if the model is made for smaller pictures; else it draws at its own "
        "size and enlarges. `sdplay again`: even if the picture's model is not here and the usual one is taken.",
        json_schema_extra=READ | {"basic": True},
    )

    def texts(self, wildcards: Wildcards) -> Iterator[tuple[str, str]]:
        """(field, text) of the prompts, and of the lines of wildcards."""
        yield from super().texts(wildcards)
        yield "prompt", self.prompt
        for lines in wildcards.values():
            yield from (("prompt", line) for line in lines)

    def prompt_pair(self, wildcards: Wildcards, seed: int) -> PromptPair:
        """The prompts of the picture with this seed, every choice made; raises `BadRequest` for a wildcard that
        `wildcards` lacks.
        """
        prompt, negative = self.prompt, self.negative_prompt
        if self.prompt_syntax == "a1111":
            prompt = resolved(prompt, wildcards, seed, "prompt")
            negative = resolved(negative, wildcards, seed, "negative_prompt")
        return PromptPair(prompt=prompt, negative_prompt=negative, syntax=self.prompt_syntax)

    def check(self, wildcards: Wildcards, seed: int) -> None:
        """As in every mode; of the choices in prompts those of the first picture stand for all."""
        if seed + self.num - 1 >= SEEDS:
            reason = "the last picture's seed would pass 2^63 - 1"
            raise BadRequest(reason, field="seed", value=seed, hint="take a smaller seed")
        if self.prompt_syntax == "a1111":
            words = self.prompt_pair(wildcards, seed)
            check_notation(words.prompt, words.negative_prompt)


class FromPicture(Still):
    """What the modes that start from a picture have in common; sizes are free, since it is padded and cut back."""

    image: PicturePath = Field(
        description="The picture to start from (or a folder of pictures).", json_schema_extra={"group": "basics"}
    )
    strength: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="How much may change: 0 gives the picture back, 1 ignores it.",
        json_schema_extra={"group": "basics"},
    )
    width: FreeSide | None = Field(
        default=None,
        description="Width in pixels; the picture's own when left out.",
        json_schema_extra={"group": "picture"},
    )
    height: FreeSide | None = Field(
        default=None,
        description="Height in pixels; the picture's own when left out.",
        json_schema_extra={"group": "picture"},
    )

    @property
    def borders(self) -> tuple[int, int, int, int]:
        """Pixels that are painted beyond the picture: (left, top, right, bottom)."""
        return 0, 0, 0, 0

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """The given picture's, extended; raises `BadRequest` where that is more than a side may have."""
        image = assets.get("image")
        if not isinstance(image, ImageAsset):
            return super().natural_size(card, assets)
        left, top, right, bottom = self.borders
        width, height = image.width + left + right, image.height + top + bottom
        if max(width, height) > LARGEST_SIDE:
            raise BadRequest(
                f"it is {width}x{height} pixels, and {LARGEST_SIDE} is the most a side may have",
                field="image",
                value=image.path,
                hint=f"give `size`, for example `size={card.size}`",
            )
        return width, height


def count(request: Still) -> int:
    """How many pictures `request` asks for."""
    return request.num


def expand_prompts(request: Still, known: Wildcards | None, seed: int) -> tuple[Still, dict[str, tuple[str, ...]]]:
    """As `modes.expand_prompts`: choices are left to each picture."""
    if request.style:
        styles = read_styles(Path(request.styles_file))
        prompt, negative = styled(request.prompt, request.negative_prompt, request.style, styles)
        changed = {"prompt": prompt, "negative_prompt": negative, "style": ()}
        request = make_request(type(request), **{**request.model_dump(), **changed})
    if request.prompt_syntax == "plain":
        return request, {}
    return request, read_wildcards([request.prompt, request.negative_prompt], Path(request.wildcards), known)


def prompt_of(recipe: Recipe, index: int) -> PromptPair:
    """What picture `index` of a recipe for single pictures is drawn from; raises as `Still.prompt_pair`."""
    assert isinstance(recipe.request, Still)
    return recipe.request.prompt_pair(recipe.wildcards, recipe.seed + index)


def control_of(recipe: Recipe) -> Control | None:
    """What all pictures of `recipe` follow, None for nothing."""
    request = recipe.request
    if "control_image" not in recipe.assets or not isinstance(request, Still):
        return None
    network = add_on_name(request.controlnet or "")
    if not any(one.kind == "controlnet" and one.name == network for one in recipe.add_ons):
        raise damaged("it does not say which ControlNet follows the control image", request.controlnet)
    return Control(
        image=recipe.image("control_image"),
        network=network,
        edges=(request.canny_low, request.canny_high) if request.control_preprocessor == "canny" else None,
        scale=request.control_scale,
        start=request.control_start,
        end=request.control_end,
    )


def samples(recipe: Recipe, indices: Sequence[int], init: Init, second: SecondPass | None = None) -> Iterator[Sample]:
    """The samples of `indices`, in that order, all starting from `init`; `second` is the second pass of hires fix."""
    request = recipe.request
    assert isinstance(request, Still)
    control = control_of(recipe)
    for index in indices:
        noise = Noise(seed=recipe.seed + index, source=request.noise)
        prompt = prompt_of(recipe, index)
        yield Sample(index=index, prompt=prompt, noise=noise, init=init, second=second, control=control)

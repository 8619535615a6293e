"""What the requests for single pictures have in common, and the samples they are planned as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LARGEST_SIDE, MOST_PICTURES, FilePath, FreeSide, Prompt, Text, as_texts
from sdplay.core.identity import add_on_name
from sdplay.core.sample import Asset, Control, Init, Noise, PromptPair, Sample, SecondPass
from sdplay.library.card import ModelCard
from sdplay.prompts.composition import check
from sdplay.prompts.styles import read_styles, styled
from sdplay.prompts.template import Wildcards, resolved
from sdplay.prompts.wildcards import read_wildcards
from sdplay.requests.base import make_request
from sdplay.requests.control import Controlled
from sdplay.requests.recipe import Recipe, damaged

# Styles are in the prompt when a recipe is made, and of wildcards the recipe holds the lines.
READ: JsonDict = {"hashed": False}


class Still(Controlled):
    """What the modes of single pictures have in common."""

    prompt: Prompt = Field(description="What to draw, in words.")
    num: int = Field(
        default=1,
        ge=1,
        le=MOST_PICTURES,
        description="How many pictures; picture i has seed + i.",
        json_schema_extra={"flag": "num", "short": "n", "hashed": False},
    )
    style: Annotated[tuple[Text, ...], BeforeValidator(as_texts)] = Field(
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

    def check_notation(self, wildcards: Wildcards, seed: int) -> None:
        """As in every mode; of wildcards the first picture's stand for all."""
        pair = self.prompt_pair(wildcards, seed)
        check(pair.prompt, pair.negative_prompt)


class FromPicture(Still):
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

    @property
    def borders(self) -> tuple[int, int, int, int]:
        """Pixels that are painted beyond the picture: (left, top, right, bottom)."""
        return 0, 0, 0, 0

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """The given picture's, extended; raises `BadRequest` where that is more than a side may have."""
        image = assets.get("image")
        if image is None:
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
    request, image = recipe.request, recipe.assets.get("control_image")
    if image is None or not isinstance(request, Still):
        return None
    network = add_on_name(request.controlnet or "")
    if not any(one.kind == "controlnet" and one.name == network for one in recipe.add_ons):
        raise damaged("it does not say which ControlNet follows the control image", request.controlnet)
    return Control(
        image=image,
        network=network,
        edges=(request.canny_low, request.canny_high) if request.control_preprocessor == "canny" else None,
        scale=request.control_scale,
        start=request.control_start,
        end=request.control_end,
    )


def samples(recipe: Recipe, indices: Sequence[int], init: Init, second: SecondPass | None = None) -> Iterator[Sample]:
    """The frames of `indices`, in that order; none waits for another."""
    request = recipe.request
    assert isinstance(request, Still)
    control = control_of(recipe)
    for index in indices:
        noise = Noise(seed=recipe.seed + index, source=request.noise)
        prompt = prompt_of(recipe, index)
        yield Sample(index=index, prompt=prompt, noise=noise, init=init, second=second, control=control)

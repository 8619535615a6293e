"""What the requests for films have in common, and the spellings their fields accept.

Names are those of the application this one began as; `ALIASES` are other names for the same fields.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field

from sdplay.core.fields import LARGEST_SIDE, ONE_OR_MORE, SMALLEST_SIDE, FilePath, Text, without_nul
from sdplay.core.sample import Asset, ClipAsset
from sdplay.library.card import ModelCard
from sdplay.requests.base import Request

FASTEST = 240
BATCH_ON_GPU = 4
ALIASES = {
    "FPS": "fps",
    "num_inference_steps": "steps",
    "scheduler": "sampler",
    "cfg_scale_schedule": "guidance_schedule",
    "W": "width",
    "H": "height",
}


def frame_rate(given: object) -> object:
    """A number of frames a second as text: "24", "23.976", "30000/1001"."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return given
    try:
        rate = Fraction(str(given).strip())
    except (ValueError, ZeroDivisionError):
        raise ValueError('is no number of frames a second; write 24 or "30000/1001"') from None
    if not 0 < rate <= FASTEST:
        raise ValueError(f"must be above 0 and at most {FASTEST}")
    return str(rate)


def schedule_text(given: object) -> object:
    """A schedule as text: a number, "0:(1.0), 30:(1+sin(t))", or a mapping from frames to values."""
    if isinstance(given, bool):
        return given
    if isinstance(given, int | float):
        return repr(given)
    if isinstance(given, Mapping):
        entries = cast(Mapping[object, object], given)
        return json.dumps({str(frame): value for frame, value in entries.items()}, ensure_ascii=False)
    return given


def prompts_text(given: object) -> object:
    """Prompts by frame as JSON text; a plain text stays as it is and holds for the whole film."""
    if isinstance(given, Mapping):
        entries = cast(Mapping[object, object], given)
        return json.dumps({str(frame): text for frame, text in entries.items()}, ensure_ascii=False)
    if isinstance(given, list | tuple):
        return json.dumps(given, ensure_ascii=False)
    return given


def folded(given: object) -> object:
    """A choice in any case, with or without spaces, dashes and underscores."""
    return "".join(char for char in given.casefold() if char.isalnum()) if isinstance(given, str) else given


def choice(*names: str, **aliases: str) -> BeforeValidator:
    """Accept any spelling of `names` (see `folded`), and `aliases` by their folded spelling."""
    by_spelling = {str(folded(name)): name for name in names} | aliases
    return BeforeValidator(
        lambda given: by_spelling.get(cast(str, folded(given)), given) if isinstance(given, str) else given
    )


def of_characters(text: str) -> str:
    """Refuse half a surrogate pair, which pydantic lets through behind a validator of ours, and a NUL."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise ValueError("contains half a surrogate pair, which is not a character")
    return without_nul(text)


Rate = Annotated[str, BeforeValidator(frame_rate, json_schema_input_type=str | float)]
Schedule = Annotated[
    str,
    BeforeValidator(schedule_text, json_schema_input_type=str | float | dict[str, Any]),
    Field(max_length=1_000_000),
    AfterValidator(of_characters),
]
PromptsByFrame = Annotated[
    str,
    BeforeValidator(prompts_text, json_schema_input_type=str | dict[str, Any] | list[Any]),
    Field(max_length=4_000_000),
    AfterValidator(of_characters),
]
OnBadFrame = Annotated[
    Literal["reroll", "previous", "keep", "error"],
    Field(
        description="A frame that comes out black or as no numbers: draw it from another seed, show the one before, "
        "keep it, or stop."
    ),
]
FilmSide = Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE)]


USED_UP = frozenset({"style", "styles_file", "wildcards"})  # when a recipe is made: what they say is in the prompts


class Film(Request, ABC):
    """What films have in common. A side that is not a multiple of 8 is rounded down to one, and that is said."""

    width: FilmSide | None = Field(
        default=None,
        description="Width in pixels; the model's own when left out.",
        json_schema_extra={"group": "picture"},
    )
    height: FilmSide | None = Field(
        default=None,
        description="Height in pixels; the model's own when left out.",
        json_schema_extra={"group": "picture"},
    )

    style: Annotated[tuple[Text, ...], ONE_OR_MORE] = Field(
        default=(),
        max_length=100,
        description="A style of the styles file, for every prompt; can be given several times.",
        json_schema_extra={"group": "picture", "hashed": False},
    )
    styles_file: FilePath = Field(
        default="styles.csv",
        description="Where styles are: CSV with the columns name, prompt, negative_prompt.",
        json_schema_extra={"group": "picture", "hashed": False},
    )
    wildcards: FilePath = Field(
        default="wildcards",
        description="The folder where __name__ in a prompt is name.txt.",
        json_schema_extra={"group": "picture", "hashed": False},
    )

    draws_templates: ClassVar[bool] = False  # their choices are made when the request is resolved

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """The clip's shape with the area that the model draws best, never larger than the clip itself."""
        clip = assets.get("video_init_path")
        if not isinstance(clip, ClipAsset):
            return super().natural_size(card, assets)
        scale = min(1.0, card.size / (clip.width * clip.height) ** 0.5)
        width, height = int(clip.width * scale) // 8 * 8, int(clip.height * scale) // 8 * 8
        return max(width, SMALLEST_SIDE), max(height, SMALLEST_SIDE)

    def size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """Both sides rounded down to multiples of 8."""
        width, height = super().size(card, assets)
        return width // 8 * 8, height // 8 * 8

    def usual_batch(self, card: ModelCard, device: str) -> int:
        """The card's for films; a GPU takes four frames at least."""
        return card.film_tile if device == "cpu" else max(card.film_tile, BATCH_ON_GPU)

    @property
    @abstractmethod
    def rate(self) -> Fraction:
        """Frames a second."""


def canonical_names(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` with every alias under the field's own name; one that is given under its own name wins."""
    renamed = {ALIASES[name]: value for name, value in fields.items() if name in ALIASES}
    return renamed | {name: value for name, value in fields.items() if name not in ALIASES}

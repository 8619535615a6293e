"""The request for a dream: a walk through latent space between key pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from sdplay.core.fields import LARGEST_SEED, MOST_FRAMES, PART, FilePath, Prompt, Text, Validated, as_tuple
from sdplay.film.request import Film, OnBadFrame, Rate, choice
from sdplay.prompts.composition import check_notation
from sdplay.prompts.template import Wildcards
from sdplay.requests.groups import fields_of

Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
Path = Annotated[Literal["slerp", "smooth", "circle"], choice("slerp", "smooth", "circle")]
Pace = Annotated[Literal["uniform", "perceptual", "audio"], choice("uniform", "perceptual", "audio")]
EasingName = Literal["linear", "step", "hold", "ease", "ease-in", "ease-out", "ease-in-out", "cosine"]
Bezier = Annotated[tuple[float, float, float, float], BeforeValidator(as_tuple)]

basics_field, film_field, sound_field = map(fields_of, ("basics", "film", "sound"))


class Keyframe(Validated):
    """A picture a dream walks through, at `frame`; what is left out is the film's own."""

    frame: int = Field(ge=0, le=MOST_FRAMES)
    prompt: Prompt
    negative: Text | None = None
    seed: Seed | None = None
    guidance_scale: float | None = Field(default=None, ge=0, le=100)
    hold: float | None = Field(default=None, ge=0, le=0.95)


class Dream(Film):
    """A walk through latent space: key pictures, and everything between them."""

    mode: Literal["dream"] = "dream"
    prompts: Annotated[tuple[Prompt, ...], BeforeValidator(as_tuple)] = basics_field(
        default=(), max_length=10_000, description="What the key pictures show, in words."
    )
    num: int | None = basics_field(
        default=None,
        ge=1,
        le=MOST_FRAMES,
        description="How many frames the film has; 120, or what `frames_per_key` makes, when left out.",
        flag="num",
        short="n",
    )
    seeds: Annotated[tuple[Seed, ...], BeforeValidator(as_tuple)] = film_field(
        default=(),
        max_length=10_000,
        description="A seed for each key picture; key j has seed + j when left out.",
        basic=True,
    )
    keyframes: Annotated[tuple[Annotated[Keyframe, PART], ...], BeforeValidator(as_tuple)] = film_field(
        default=(), max_length=10_000, description="The full form: frame, prompt, negative, seed, guidance_scale, hold."
    )
    frames_per_key: int | None = film_field(
        default=None,
        ge=1,
        le=MOST_FRAMES,
        description="Key j is at frame j times this; else they are spread evenly.",
        basic=True,
    )
    interpolate: Literal["latent", "prompt", "both"] = film_field(
        default="both", description="What changes between keys: the noise, the words, or both."
    )
    path: Path = film_field(
        default="slerp", description="How the noise goes from key to key: straight arcs, a smooth curve, one circle."
    )
    easing: EasingName | Bezier = film_field(
        default="linear", description="Speed within a stretch; or four Bézier numbers."
    )
    hold: float = film_field(
        default=0.0, ge=0, le=0.95, description="Part of every stretch that stands still at its keys.", basic=True
    )
    pace: Pace = film_field(
        default="uniform",
        description="Even in time; even to the eye, measured from quick sketches; or onwards with every beat of audio.",
    )
    audio_smooth: float = sound_field(
        default=0.0, ge=0, le=1, description="How much of an even pace is mixed into audio's."
    )
    loop: bool = film_field(
        default=False, description="End where it began, so that it plays round and round.", basic=True
    )
    fps: Rate = film_field(default="24", description="Frames a second.", basic=True)
    audio: FilePath | None = sound_field(default=None, description="Sound file that the film carries.", basic=True)
    audio_start: float = sound_field(default=0.0, ge=0, description="Second of the sound at which the film starts.")
    on_bad_frame: OnBadFrame = "reroll"

    @model_validator(mode="after")
    def _keys_fit_together(self) -> Dream:
        if bool(self.prompts) == bool(self.keyframes):
            raise ValueError(
                "give prompts, or keyframes" if not self.prompts else "give prompts or keyframes, not both"
            )
        counts = len(self.prompts), len(self.seeds)
        if self.seeds and 1 not in counts and counts[0] != counts[1] and not self.keyframes:
            raise ValueError(f"there are {counts[0]} prompts and {counts[1]} seeds: as many of both, or one of either")
        frames = [key.frame for key in self.keyframes]
        if frames != sorted(set(frames)):
            raise ValueError("keyframes must come in the order of their frames, one for each")
        if self.path == "circle" and len(self.seeds) > 2:
            raise ValueError("a circle goes through two seeds; give two, or leave them out")
        return self

    @model_validator(mode="after")
    def _pace_can_be_had(self) -> Dream:
        if self.pace == "audio" and self.audio is None:
            raise ValueError("pace=audio needs a sound to follow: give audio=FILE")
        if self.pace != "uniform" and self.path == "circle":
            raise ValueError(f"a circle is walked at an even pace, not at pace={self.pace}; take another path")
        return self

    def texts(self, wildcards: Wildcards) -> Iterator[tuple[str, str]]:
        """(field, text) of the prompts of all keys."""
        yield from super().texts(wildcards)
        yield from (("prompts", prompt) for prompt in self.prompts)
        yield from (("keyframes", text) for key in self.keyframes for text in (key.prompt, key.negative or ""))

    def check(self, wildcards: Wildcards, seed: int) -> None:
        """As in every mode."""
        if self.prompt_syntax == "plain":
            return
        for prompt in (*self.prompts, *(key.prompt for key in self.keyframes)):
            check_notation(prompt, self.negative_prompt)

    def unused_fields(self) -> set[str]:
        """If keys have fixed frames a longer film begins with the shorter one, unless its pace is measured again for
        every key; how fast it plays is not seen, unless it follows a sound.
        """
        fixed = bool(self.keyframes) or (self.frames_per_key is not None and self.pace != "perceptual")
        free = {"num"} if fixed and not self.loop and self.path != "circle" else set[str]()
        return super().unused_fields() | free | ({"fps"} if self.pace != "audio" else set[str]())

    @property
    def rate(self) -> Fraction:
        return Fraction(self.fps)

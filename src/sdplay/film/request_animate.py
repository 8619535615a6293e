"""The request for an animation: a picture that a camera moves and the model redraws, or a clip redrawn."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from sdplay.core.fields import MOST_FRAMES, FilePath
from sdplay.film.request import Film, OnBadFrame, PromptsByFrame, Rate, Schedule, choice
from sdplay.library.card import ModelCard
from sdplay.prompts.template import Wildcards
from sdplay.requests.groups import fields_of

Coherence = Literal["None", "RGB", "HSV", "LAB", "LAB_mean", "Video Input", "Image"]
OF_THE_FIRST = ("RGB", "HSV", "LAB", "LAB_mean")  # coherence with the colours of the first frame

basics_field, film_field, camera_field, look_field, clip_field, sound_field = map(
    fields_of, ("basics", "film", "camera", "look", "clip", "sound")
)


class Animate(Film):
    """A film of which every c-th frame is drawn from the one before, moved by a camera; or a clip redrawn."""

    mode: Literal["animate"] = "animate"
    animation_prompts: PromptsByFrame = basics_field(
        default="", description='Words by frame: {"0": "a hill", "60": "a lake"}.'
    )
    animation_mode: Annotated[
        Literal["2D", "3D", "Video Input"], choice("2D", "3D", "Video Input", video="Video Input")
    ] = film_field(
        default="2D", description="Moves of a flat picture, of a camera in depth, or a clip redrawn.", basic=True
    )
    max_frames: int | None = film_field(
        default=None,
        ge=1,
        le=MOST_FRAMES,
        description="How many frames; 300, or all of a clip's, when left out.",
        basic=True,
    )
    fps: Rate | None = film_field(
        default=None, description="Frames a second; 30, or the clip's own, when left out.", basic=True
    )
    seed_behavior: (
        Annotated[
            Literal["iter", "fixed", "random", "ladder", "alternate", "schedule"],
            choice("iter", "fixed", "random", "ladder", "alternate", "schedule"),
        ]
        | None
    ) = film_field(default=None, description="Seed of the next drawn frame: iter, and fixed for a clip.")
    seed_iter_N: int = film_field(  # noqa: N815
        default=1, ge=1, le=MOST_FRAMES, description="Drawn frames before the seed counts on."
    )
    diffusion_cadence: int = film_field(
        default=3, ge=1, le=10_000, description="Every how many frames one is drawn.", basic=True
    )
    flow_cadence: Annotated[Literal["none", "dis"], choice("none", "dis")] = film_field(
        default="none", description="Between drawn frames: fade only, or follow what moves (dis, needs sdplay[flow])."
    )
    keyframe_interpolation: Literal["linear", "step"] = film_field(
        default="linear", description="Between a schedule's keys: a line, or the last key's value."
    )
    prompt_interpolation: str = film_field(
        default="hold",
        pattern=r"^(hold|blend|crossfade:\d{1,6})$",
        description="Between prompts: hold, blend, or crossfade:N frames.",
    )
    border: Annotated[
        Literal["wrap", "replicate", "reflection", "zeros"],
        choice("wrap", "replicate", "reflection", "zeros", reflect="reflection", black="zeros", border="replicate"),
    ] = camera_field(default="wrap", description="What comes in at the edges of a 2D move.")
    padding_mode: Annotated[
        Literal["border", "zeros", "reflection", "wrap"],
        choice("border", "zeros", "reflection", "wrap", replicate="border"),
    ] = camera_field(default="border", description="What comes in at the edges of a 3D move.")
    sampling_mode: Annotated[Literal["bicubic", "bilinear", "nearest"], choice("bicubic", "bilinear", "nearest")] = (
        camera_field(default="bicubic", description="How pixels are read between pixels.")
    )
    warp: Literal["composed", "sequential"] = camera_field(
        default="composed", description="Each frame is one move of a drawn one, or a chain of moves as in old settings."
    )
    warp_geometry: Literal["deforum", "pinhole"] = camera_field(
        default="deforum", description="3D as Deforum's numbers mean it, or a true camera in degrees and planes."
    )
    angle: Schedule = camera_field(default="0:(0)", description="2D: degrees a frame, counter-clockwise.", basic=True)
    zoom: Schedule = camera_field(
        default="0:(1.0)", description="2D: factor a frame; above 1 comes nearer.", basic=True
    )
    translation_x: Schedule = camera_field(
        default="0:(0)", description="Pixels a frame: 2D to the right, 3D to the left.", basic=True
    )
    translation_y: Schedule = camera_field(default="0:(0)", description="Pixels a frame, down.")
    translation_z: Schedule = camera_field(default="0:(0)", description="3D: forward, into the picture.")
    transform_center_x: Schedule = camera_field(
        default="0:(0.5)", description="2D: centre of turning, as a part of the width."
    )
    transform_center_y: Schedule = camera_field(
        default="0:(0.5)", description="2D: centre of turning, as a part of the height."
    )
    rotation_3d_x: Schedule = camera_field(default="0:(0)", description="3D: degrees a frame, camera up.")
    rotation_3d_y: Schedule = camera_field(default="0:(0)", description="3D: degrees a frame, camera right.")
    rotation_3d_z: Schedule = camera_field(default="0:(0)", description="3D: degrees a frame, counter-clockwise.")
    strength_schedule: Schedule = film_field(
        default="0:(0.55)",
        description="How much a drawn frame may change: 0 moves only, 1 is a cut to a new picture.",
        basic=True,
    )
    guidance_schedule: Schedule | None = film_field(
        default=None, description="Guidance by frame, instead of one number."
    )
    steps_schedule: Schedule | None = film_field(default=None, description="Steps by frame, instead of one number.")
    seed_schedule: Schedule | None = film_field(default=None, description="Seeds by frame, for seed_behavior=schedule.")
    noise_schedule: Schedule = film_field(default="0:(0)", description="Noise put on a frame before it is drawn again.")
    contrast_schedule: Schedule = look_field(default="0:(1.0)", description="Factor on contrast before drawing again.")
    amount_schedule: Schedule = look_field(default="0:(0)", description="Anti-blur: how much is sharpened.")
    kernel_schedule: Schedule = look_field(default="0:(5)", description="Anti-blur: width of the blur, odd.")
    sigma_schedule: Schedule = look_field(default="0:(1.0)", description="Anti-blur: softness of the blur.")
    threshold_schedule: Schedule = look_field(default="0:(0.0)", description="Anti-blur: differences below stay.")
    color_strength_schedule: Schedule = look_field(default="0:(1.0)", description="How far colours are drawn to match.")
    fov: Annotated[float, Field(gt=0, lt=180)] = camera_field(default=40.0, description="3D: field of view, degrees.")
    fov_schedule: Schedule | None = camera_field(default=None, description="3D: field of view by frame.")
    near_plane: float = camera_field(
        default=200.0, gt=0, description="3D pinhole: distance of the nearest things, 200 is 1."
    )
    far_plane: float = camera_field(
        default=10000.0, gt=0, validate_default=True, description="3D pinhole: distance of the farthest things."
    )
    use_depth_warping: bool = camera_field(
        default=True, description="3D: near things move more; else all is one plane."
    )
    depth_model: str = camera_field(
        default="auto",
        description="3D: auto, builtin, guess (lower is nearer), none, or a depth model's folder or hub id.",
    )
    midas_weight: float = camera_field(
        default=0.3, ge=0, le=1, description="Kept for old settings: it mixed two depth models."
    )
    depth_equalize: bool = camera_field(default=False, description="3D: spread depths evenly, as Deforum can.")
    save_depth_maps: bool = camera_field(
        default=False, description="Write depth/NNNNNNNNN.png beside the frames.", hashed=False
    )
    color_coherence: Annotated[
        Coherence,
        choice(
            "None",
            "RGB",
            "HSV",
            "LAB",
            "LAB_mean",
            "Video Input",
            "Image",
            matchframe0rgb="RGB",
            matchframe0hsv="HSV",
            matchframe0lab="LAB",
        ),
    ] = look_field(default="RGB", description="Keep colours as in the first frame of a scene (or in the clip).")
    color_image: FilePath | None = look_field(
        default=None, description="The picture that color_coherence=Image follows."
    )
    smooth: Annotated[Literal["None", "Smooth", "Smooth_more"], choice("None", "Smooth", "Smooth_more")] = look_field(
        default="None", description="Soften frames that are moved."
    )
    init_image: FilePath | None = film_field(
        default=None, description="Picture to start from; else from words alone.", basic=True
    )
    init_strength: float = film_field(default=0.55, ge=0, le=1, description="How much of init_image may change.")
    steps_mode: Literal["scaled", "exact"] = film_field(
        default="scaled", description="At half strength: half the steps, or all of them over the lower half."
    )
    loop_mode: str = film_field(
        default="none",
        pattern=r"^(none|pingpong|crossfade:\d{1,6})$",
        description="none, pingpong or crossfade:N.",
        basic=True,
        hashed=False,
    )
    video_init_path: str = clip_field(default="", max_length=4096, description="The clip of Video Input.", basic=True)
    video_same_size: bool = clip_field(default=True, description="Give frames back at the clip's own size.")
    video_fit: Literal["stretch", "cover", "contain"] | None = clip_field(
        default=None, description="How the clip is fitted: stretch, and cover where the size is another."
    )
    video_sampling: Literal["index", "time"] = clip_field(
        default="index", description="Count the clip's frames, or go by their times."
    )
    extract_nth_frame: int = clip_field(
        default=1, ge=1, le=MOST_FRAMES, description="Take every n-th frame of the clip."
    )
    extract_from_frame: int = clip_field(default=0, ge=0, description="First frame of the clip to take.")
    extract_to_frame: int = clip_field(default=-1, ge=-1, description="Last frame of the clip to take; -1 is its end.")
    audio: FilePath | None = sound_field(
        default=None,
        description="Sound file that the film carries, and schedules may follow: amp, bass, onset, …",
        basic=True,
    )
    audio_start: float = sound_field(default=0.0, ge=0, description="Second of the sound at which the film starts.")
    on_bad_frame: OnBadFrame = "reroll"

    @field_validator("far_plane")
    @classmethod
    def _beyond_the_near_plane(cls, far_plane: float, info: ValidationInfo) -> float:
        near_plane = info.data.get("near_plane", 0.0)
        if far_plane <= near_plane:
            raise ValueError(f"must lie beyond near_plane = {near_plane:g}")
        return far_plane

    def texts(self, wildcards: Wildcards) -> Iterator[tuple[str, str]]:
        """(field, text) of the prompts of all frames, as they are written."""
        yield from super().texts(wildcards)
        yield "animation_prompts", self.animation_prompts

    def batch(self, card: ModelCard, device: str) -> int:
        """One, whatever was asked: only the frames of a clip do not wait for each other."""
        return super().batch(card, device) if self.of_clip else 1

    def unused_fields(self) -> set[str]:
        """A shorter film is the beginning of a longer one, unless a schedule asks how long it is."""
        texts = [value for value in self.model_dump().values() if isinstance(value, str)]
        free = set[str]() if any("max_f" in text for text in texts) else {"max_frames"}
        return super().unused_fields() | free

    @property
    def rate(self) -> Fraction:
        """Frames a second; 30 until `film_files` has put a clip's in."""
        return Fraction(self.fps or "30")

    @property
    def crossfade(self) -> int:
        """Frames drawn beyond the last one, which melt into the first ones; 0 where the film does not loop that way."""
        return int(self.loop_mode.removeprefix("crossfade:")) if self.loop_mode.startswith("crossfade:") else 0

    @property
    def of_clip(self) -> bool:
        return self.animation_mode == "Video Input"

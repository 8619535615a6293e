"""What A1111's clients send: the fields under its names, with the defaults of its API where no model decides them.

A field that is left out (or null) is None here where the model, and not the API, has a usual value for it. Fields that
there are not are left out of the answer's echo and named in its warnings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sdplay.core.errors import BadRequest, together
from sdplay.core.fields import LONGEST_PROMPT

DEEPEST = 32  # levels of objects and lists in a body
Words = Annotated[str, Field(max_length=LONGEST_PROMPT)]
Base64 = str
Count = Annotated[int, Field(ge=1, le=1000)]
Length = Annotated[int, Field(ge=0, le=65_536)]


class Body(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, protected_namespaces=())


class Drawing(Body):
    """What txt2img and img2img have in common."""

    prompt: Words = ""
    negative_prompt: Words = ""
    styles: list[Words] = Field(default=[], max_length=100)
    seed: int = -1
    subseed: int = -1
    subseed_strength: float = 0.0
    seed_resize_from_h: int = -1
    seed_resize_from_w: int = -1
    sampler_name: str | None = None
    sampler_index: str | None = None
    scheduler: str | None = None
    batch_size: Count = 1
    n_iter: Count = 1
    steps: int | None = None
    cfg_scale: float | None = None
    width: Length | None = None
    height: Length | None = None
    restore_faces: bool = False
    tiling: bool = False
    do_not_save_samples: bool = False
    do_not_save_grid: bool = False
    eta: float | None = None
    denoising_strength: float | None = None
    s_min_uncond: float | None = None
    s_churn: float | None = None
    s_tmax: float | None = None
    s_tmin: float | None = None
    s_noise: float | None = None
    override_settings: dict[str, Any] = {}
    override_settings_restore_afterwards: bool = True
    refiner_checkpoint: str | None = None
    refiner_switch_at: float | None = None
    disable_extra_networks: bool = False
    firstpass_image: Base64 | None = None
    comments: dict[str, Any] = {}
    script_name: str | None = None
    script_args: list[Any] = []
    send_images: bool = True
    save_images: bool = False
    alwayson_scripts: dict[str, Any] = {}
    infotext: str | None = None
    force_task_id: Annotated[str, Field(max_length=200)] | None = None


class Txt2ImgBody(Drawing):
    """The body of txt2img."""

    enable_hr: bool = False
    firstphase_width: Length = 0
    firstphase_height: Length = 0
    hr_scale: Annotated[float, Field(ge=1, le=8)] = 2.0
    hr_upscaler: str | None = None
    hr_second_pass_steps: int = 0
    hr_resize_x: Length = 0
    hr_resize_y: Length = 0
    hr_checkpoint_name: str | None = None
    hr_sampler_name: str | None = None
    hr_scheduler: str | None = None
    hr_prompt: Words = ""
    hr_negative_prompt: Words = ""


class Img2ImgBody(Drawing):
    """The body of img2img, which with a `mask` is inpaint."""

    init_images: list[Base64] = []
    resize_mode: Annotated[int, Field(ge=0, le=3)] = 0
    image_cfg_scale: float | None = None
    mask: Base64 | None = None
    latent_mask: Base64 | None = None
    mask_blur: float | None = None
    mask_blur_x: float = 4
    mask_blur_y: float = 4
    mask_round: bool = True
    inpainting_fill: Annotated[int, Field(ge=0, le=3)] = 0
    inpaint_full_res: bool = True
    inpaint_full_res_padding: int = 0
    inpainting_mask_invert: int = 0
    initial_noise_multiplier: float | None = None
    include_init_images: bool = False


class ProgressBody(Body):
    """Which task is asked about; `id_live_preview` is the preview that the client has already."""

    id_task: str = ""
    id_live_preview: int = -1
    live_preview: bool = True


class PngInfoBody(Body):
    image: Base64 = ""


class NamedImage(Body):
    data: Base64
    name: str = ""


class Enlarging(Body):
    """How pictures are enlarged: `resize_mode` 0 by a factor, 1 to a size."""

    resize_mode: Annotated[int, Field(ge=0, le=1)] = 0
    show_extras_results: bool = True
    gfpgan_visibility: float = 0
    codeformer_visibility: float = 0
    codeformer_weight: float = 0
    upscaling_resize: Annotated[float, Field(gt=0, le=8)] = 2
    upscaling_resize_w: Length = 512
    upscaling_resize_h: Length = 512
    upscaling_crop: bool = True
    upscaler_1: str = "None"
    upscaler_2: str = "None"
    extras_upscaler_2_visibility: float = 0
    upscale_first: bool = False


class ExtraSingleBody(Enlarging):
    image: Base64 = ""


class ExtraBatchBody(Enlarging):
    imageList: list[NamedImage] = Field(max_length=100)  # noqa: N815 (A1111's name)


B = TypeVar("B", bound=Body)


def parsed(kind: type[B], body: Mapping[str, Any]) -> B:
    """The `body` of a request; what is null is left out. Raises `BadRequest` for what is not valid."""
    check_depth(body)
    try:
        return kind.model_validate({name: value for name, value in body.items() if value is not None})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise together(
            [BadRequest(str(each["msg"]), field=".".join(map(str, each["loc"])) or "body") for each in found]
        ) from None


def unknown_fields(kind: type[Body], body: Mapping[str, Any]) -> list[str]:
    return sorted(name for name, value in body.items() if name not in kind.model_fields and value is not None)


def check_depth(body: object) -> None:
    """Raise `BadRequest` for more levels than any client has use for: what comes is sent back."""
    level: list[object] = [body]
    for _ in range(DEEPEST):
        level = [inner for value in level for inner in inside(value)]
        if not level:
            return
    raise BadRequest(f"more than {DEEPEST} objects and lists within each other", field="body")


def inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(cast("dict[object, object]", value).values())
    return cast("list[object]", value) if isinstance(value, list) else []

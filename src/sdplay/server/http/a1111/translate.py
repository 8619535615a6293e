"""From a request as A1111's clients send it to the fields of a job, and to what is to be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.images.infotext import UPSCALER_LABELS
from sdplay.interop.a1111 import upscaler_of
from sdplay.requests.txt2img import MULTIPLE
from sdplay.server.http.a1111.bodies import Drawing, Img2ImgBody, Txt2ImgBody
from sdplay.server.http.a1111.control import control_fields
from sdplay.server.http.a1111.errors import missing
from sdplay.server.http.a1111.names import same_as, sampling
from sdplay.server.http.a1111.neutral import check_neutral, eta_of
from sdplay.server.http.a1111.options import MODEL, USUAL_MODEL, meaning
from sdplay.server.http.a1111.pictures import FILLS, Placed, Size, placed
from sdplay.server.service import Service

MOST_PIXELS = 2**27  # of all pictures of an answer, which is in memory as a whole: 128 of 1024x1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A job's `mode` and `fields`, and `warnings`: what was asked for and reaches no picture here."""

    mode: str
    fields: dict[str, Any]
    warnings: list[str]


def translated(service: Service, body: Drawing, settings: Mapping[str, Any]) -> Translated:
    """The job that `body` asks for, under `settings` that hold for all requests and its own.

    Raises `BadRequest` and its kinds for what is not valid here and for what would reach pixels and cannot be done,
    and A1111's own status where its clients look for it.
    """
    warnings: list[str] = []
    own, strange = meaning(service, {**settings, **body.override_settings})
    warnings += [f"override_settings: {name!r} has no meaning here" for name in strange if name not in settings]
    fields: dict[str, Any] = (
        {"model": USUAL_MODEL} | own | sampling(body.sampler_name or body.sampler_index, body.scheduler)
    )
    check_neutral(body, fields.get("sampler"))
    fields |= words(body) | eta_of(body, fields.get("sampler"))
    if isinstance(body, Txt2ImgBody):
        fields |= plain_size(body, warnings) | second_pass(body)
        mode, image = "txt2img", None
    else:
        assert isinstance(body, Img2ImgBody)
        if not body.init_images:
            raise HTTPException(404, "Init image not found")
        image = placed(body, service.add_upload)
        mode = "img2img" if image.mask is None else "inpaint"
        fields |= drawn_over(body, image)

    def size() -> Size:
        """What is drawn: as asked, else the picture's own size, else that which suits the model."""
        if "width" in fields and "height" in fields:
            return fields["width"], fields["height"]
        side = service.studio.model(fields["model"]).card.size
        natural = image.size if image is not None else (side, side)
        return fields.get("width", natural[0]), fields.get("height", natural[1])

    check_answer(size(), fields)
    init = image.image if image is not None else None
    fields |= control_fields(body.alwayson_scripts, service.add_upload, init, size, warnings)
    return Translated(mode=mode, fields=fields, warnings=warnings)


def check_answer(size: Size, fields: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for more pictures than one answer can hold."""
    pixels = size[0] * size[1] * fields.get("hires_scale", 1) ** 2 * fields["num"]
    if pixels > MOST_PIXELS:
        reason = f"these are {pixels // 10**6} million pixels, and one answer holds {MOST_PIXELS // 10**6} million"
        raise BadRequest(reason, field="num", value=fields["num"], hint="ask for fewer pictures, or smaller ones")


def words(body: Drawing) -> dict[str, Any]:
    """Prompts, seed and numbers; what is left out is what suits the model."""
    fields: dict[str, Any] = {
        "prompt": body.prompt,
        "negative_prompt": body.negative_prompt,
        "num": body.batch_size * body.n_iter,
    }
    if body.styles:
        fields["style"] = list(body.styles)
    if body.seed >= 0:
        fields["seed"] = body.seed
    if body.steps is not None:
        fields["steps"] = body.steps
    if body.cfg_scale is not None:
        fields["guidance_scale"] = body.cfg_scale
    return fields


def plain_size(body: Txt2ImgBody, warnings: list[str]) -> dict[str, int]:
    """The size of the first pass: multiples of 8, to which A1111 rounds down as well."""
    given = {"width": body.firstphase_width or body.width, "height": body.firstphase_height or body.height}
    fields: dict[str, int] = {}
    for side, pixels in given.items():
        if pixels:
            fields[side] = pixels // MULTIPLE * MULTIPLE
            if fields[side] != pixels:
                warnings.append(f"{side}: {fields[side]} pixels are drawn, a multiple of {MULTIPLE}")
    return fields


def second_pass(body: Txt2ImgBody) -> dict[str, Any]:
    """The fields of a picture in two passes."""
    if not body.enable_hr:
        return {}
    check_same(body)
    fields: dict[str, Any] = {"hires_scale": scale_of(body), "hires_steps": body.hr_second_pass_steps}
    if body.denoising_strength is not None:
        fields["hires_strength"] = body.denoising_strength
    if body.hr_upscaler is not None:
        fields["hires_upscaler"] = latent_mode(body.hr_upscaler)
    return fields


def latent_mode(label: str) -> str:
    """Our name of what enlarges between the passes; raises `UnknownName`."""
    ours = "lanczos" if label.strip().casefold() in {"", "none"} else upscaler_of(label)
    if ours is None:
        raise UnknownName("hr_upscaler", label, UPSCALER_LABELS.values())
    return ours


def check_same(body: Txt2ImgBody) -> None:
    """Raise `BadRequest` where the second pass is to be drawn from other words, or by another sampler or model."""
    reason = "the second pass is drawn as the first is"
    model = body.override_settings.get(MODEL)
    for field, wanted, main in (
        ("hr_sampler_name", body.hr_sampler_name, body.sampler_name or body.sampler_index),
        ("hr_scheduler", body.hr_scheduler, body.scheduler),
        ("hr_checkpoint_name", body.hr_checkpoint_name, model if isinstance(model, str) else None),
    ):
        if not same_as(wanted, main):
            raise missing(field, wanted, reason)
    for field, wanted, main in (
        ("hr_prompt", body.hr_prompt, body.prompt),
        ("hr_negative_prompt", body.hr_negative_prompt, body.negative_prompt),
    ):
        if wanted.strip() not in {"", main.strip()}:
            raise missing(field, wanted, reason)


def scale_of(body: Txt2ImgBody) -> float:
    """How many times larger the second pass is; raises `BadRequest` for a size of other proportions."""
    first = body.firstphase_width or body.width, body.firstphase_height or body.height
    wanted = body.hr_resize_x, body.hr_resize_y
    if body.firstphase_width and body.firstphase_height:
        wanted = body.width or 0, body.height or 0
    if not any(wanted):
        return body.hr_scale
    sides = [(side // MULTIPLE * MULTIPLE, large) for side, large in zip(first, wanted, strict=True) if side and large]
    if not sides:
        raise BadRequest("needs the size of the first pass", field="width", hint="send `width` and `height`")
    scale = max(large / side for side, large in sides)
    made = [int(side * scale) // MULTIPLE * MULTIPLE for side, _ in sides]
    if made != [large // MULTIPLE * MULTIPLE for _, large in sides]:
        hint = "take a size in the proportions of `width` and `height`, or `hr_scale`"
        size = "x".join(map(str, wanted))
        raise missing("hr_resize_x", size, "the second pass has the proportions of the first", hint)
    return scale


def drawn_over(body: Img2ImgBody, image: Placed) -> dict[str, Any]:
    """The fields of a picture that is drawn over another one, or over a part of it."""
    fields: dict[str, Any] = {"image": image.image.id}
    fields["strength"] = 0.75 if body.denoising_strength is None else body.denoising_strength
    fields |= {side: pixels for side, pixels in (("width", body.width), ("height", body.height)) if pixels}
    if image.mask is None:
        return fields
    return fields | {
        "mask": image.mask.id,
        "mask_blur": blur_of(body),
        "mask_invert": bool(body.inpainting_mask_invert),
        "fill": FILLS[body.inpainting_fill],
        "only_masked": body.inpaint_full_res,
        "padding": body.inpaint_full_res_padding,
    }


def blur_of(body: Img2ImgBody) -> float:
    if body.mask_blur is not None:
        return body.mask_blur
    if body.mask_blur_x != body.mask_blur_y:
        raise missing("mask_blur_x", body.mask_blur_x, "a mask is blurred alike in both directions", "`mask_blur=4`")
    return body.mask_blur_x

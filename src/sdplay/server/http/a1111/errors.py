"""Errors as A1111's clients read them: `detail` for people, the fields at fault under A1111's names."""

from __future__ import annotations

import re
from typing import Any

from fastapi import HTTPException

from sdplay.core.errors import BadRequest

# What our fields are called there.
SPELLED = {
    "guidance_scale": "cfg_scale",
    "num": "n_iter",
    "size": "width",
    "strength": "denoising_strength",
    "image": "init_images",
    "style": "styles",
    "sampler": "sampler_name",
    "schedule": "scheduler",
    "model": "sd_model_checkpoint",
    "vae": "sd_vae",
    "clip_skip": "CLIP_stop_at_last_layers",
    "hires_scale": "hr_scale",
    "hires_strength": "denoising_strength",
    "hires_steps": "hr_second_pass_steps",
    "hires_upscaler": "hr_upscaler",
    "mask_invert": "inpainting_mask_invert",
    "only_masked": "inpaint_full_res",
    "padding": "inpaint_full_res_padding",
    "fill": "inpainting_fill",
    "control_image": "image",
    "controlnet": "model",
    "control_scale": "weight",
    "control_start": "guidance_start",
    "control_end": "guidance_end",
    "canny_low": "threshold_a",
    "canny_high": "threshold_b",
    "scale": "upscaling_resize",
    "upscaler": "upscaler_1",
    "picture": "image",
}
QUOTED = re.compile(r"`(\w+)(?=[=`])")
OUT_OF_MEMORY = "OutOfMemoryError"  # what some clients look for


def shape(status: int, problems: list[dict[str, Any]]) -> Any:
    """The answer for `problems`: where all are about fields `detail` is a list of places as in FastAPI, else text."""
    told = [respelled(message_of(each), each.get("hint")) for each in problems]
    fields = [SPELLED.get(each["field"], each["field"]) if each.get("field") else None for each in problems]
    whole = "; ".join(f"{field}: {text}" if field else text for field, text in zip(fields, told, strict=True))
    by_field = status == 422 and all(fields) and all(each["code"] == "bad-request" for each in problems)
    places = [
        {"loc": ["body", field], "msg": text, "type": "value_error"} for field, text in zip(fields, told, strict=True)
    ]
    memory = any(each["code"] == "memory-failed" for each in problems)
    return {
        "error": OUT_OF_MEMORY if memory else "HTTPException",
        "detail": places if by_field else whole,
        "body": "",
        "errors": whole,
    }


def message_of(problem: dict[str, Any]) -> str:
    """What a problem says; that a name is unknown tells which."""
    if problem["code"] == "unknown-name" and problem.get("value"):
        return f"{problem['value']} not found"
    return str(problem["message"])


def respelled(message: str, hint: str | None) -> str:
    text = f"{message} ({hint})" if hint else message
    return QUOTED.sub(lambda match: f"`{SPELLED.get(match[1], match[1])}", text)


def missing(field: str, value: object, reason: str, hint: str = "") -> BadRequest:
    """That what `field` asks for cannot be done here, and would have reached pixels."""
    return BadRequest(reason, field=field, value=value, hint=hint or "leave it out")


def unknown(what: str, name: str, known: list[str]) -> HTTPException:
    """That there is no such sampler or scheduler, with A1111's status for it."""
    return HTTPException(400, f"{what} not found: {name!r}. There are: {', '.join(known)}")

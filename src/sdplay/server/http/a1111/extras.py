"""Pictures made larger, and what pictures say of themselves."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from sdplay.images.infotext_grammar import parts
from sdplay.images.read import png, read_image
from sdplay.interop.texts import texts_behind, texts_in
from sdplay.library.upscalers import upscaler_name
from sdplay.server.http.a1111.bodies import Enlarging, ExtraBatchBody, ExtraSingleBody, PngInfoBody, parsed
from sdplay.server.http.a1111.draw import GONE, failure
from sdplay.server.http.a1111.errors import missing
from sdplay.server.http.a1111.pictures import Size, cropped, decoded, encoded, stretched
from sdplay.server.http.a1111.state import SOURCE
from sdplay.server.http.a1111.waiting import ended
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.records import Job
from sdplay.server.service import Service
from sdplay.server.uploads import checked_picture

router = APIRouter(prefix="/sdapi/v1")
NONE = "none"
TO_A_SIZE = 1


@router.post("/extra-single-image")
async def extra_single_image(request: Request, service: ServiceHere, body: JsonObject) -> Response:
    asked = parsed(ExtraSingleBody, body)
    done = await larger(request, service, asked, asked.image)
    if isinstance(done, Response):
        return done
    return JSONResponse({"html_info": said(asked), "image": encoded(done)})


@router.post("/extra-batch-images")
async def extra_batch_images(request: Request, service: ServiceHere, body: JsonObject) -> Response:
    asked = parsed(ExtraBatchBody, body)
    images: list[str] = []
    for each in asked.imageList:
        done = await larger(request, service, asked, each.data)
        if isinstance(done, Response):
            return done
        images.append(encoded(done))
    return JSONResponse({"html_info": said(asked), "images": images})


async def larger(request: Request, service: Service, asked: Enlarging, image: str) -> bytes | Response:
    """The file of the enlarged picture, or the answer where there is none."""
    check_done(asked)
    job = await run_in_threadpool(submit, service, asked, decoded(image, "image"))
    if isinstance(job, bytes):
        return job
    done = await ended(request, service, job.id)
    if done is None:
        return Response(status_code=GONE)
    if done.state != "completed":
        return failure(done)
    return await run_in_threadpool(finished, service, done, asked)


def check_done(asked: Enlarging) -> None:
    """Raise `BadRequest` for what is not done to pictures here."""
    for field, value in (
        ("gfpgan_visibility", asked.gfpgan_visibility),
        ("codeformer_visibility", asked.codeformer_visibility),
    ):
        if value:
            raise missing(field, value, "there is no network here that restores faces", f"`{field}=0`")
    if asked.extras_upscaler_2_visibility and asked.upscaler_2.casefold() != NONE:
        raise missing("upscaler_2", asked.upscaler_2, "a picture is enlarged by one upscaler", "`upscaler_2=None`")
    if asked.upscaler_1.casefold() != NONE:
        upscaler_name(asked.upscaler_1)


def submit(service: Service, asked: Enlarging, content: bytes) -> Job | bytes:
    """The job that enlarges a picture, or the picture itself where it only is made smaller, or nothing is done."""
    upload = service.add_upload(content)
    if asked.upscaler_1.casefold() == NONE:
        return content
    size = upload.width, upload.height
    scale = scale_of(asked, size)
    if scale <= 1:
        pixels = read_image(upload.file, "image")
        small = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
        return shaped(asked, png(stretched(pixels, small)) if scale < 1 else content)
    fields = {"picture": upload.id, "scale": scale, "upscaler": asked.upscaler_1}
    return service.submit("upscale", fields, source=SOURCE).job


def scale_of(asked: Enlarging, size: Size) -> float:
    """By how much: as asked, or so that the picture covers the size that is asked for."""
    if asked.resize_mode != TO_A_SIZE:
        return asked.upscaling_resize
    wanted = asked.upscaling_resize_w, asked.upscaling_resize_h
    if not all(wanted):
        raise missing("upscaling_resize_w", wanted[0], "there is no picture without a side", "send both sides")
    return max(wanted[0] / size[0], wanted[1] / size[1])


def finished(service: Service, job: Job, asked: Enlarging) -> bytes:
    picture = service.gallery.pictures(job=job.id)[0]
    return shaped(asked, service.file_of(picture).read_bytes())


def shaped(asked: Enlarging, content: bytes) -> bytes:
    if asked.resize_mode != TO_A_SIZE or not asked.upscaling_crop:
        return content
    return cropped(content, (asked.upscaling_resize_w, asked.upscaling_resize_h))


def said(asked: Enlarging) -> str:
    """In words without markup, which pages show as they are."""
    if asked.upscaler_1.casefold() == NONE:
        return "Nothing was done: no upscaler was asked for."
    return f"Enlarged by {upscaler_name(asked.upscaler_1)}."


@router.post("/png-info")
def png_info(service: ServiceHere, body: JsonObject) -> dict[str, Any]:
    """What a picture says of how it was made; nothing of it is kept."""
    content = decoded(parsed(PngInfoBody, body).image, "image")
    checked_picture(content, service.limits)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture")
        path.write_bytes(content)
        texts = texts_behind(path) | texts_in(path)
    told = texts.get("parameters") or texts.get("UserComment") or ""
    items = {key: text for key, text in texts.items() if key != "parameters"}
    return {"info": told, "items": items, "parameters": parameters(told)}


def parameters(told: str) -> dict[str, str]:
    prompt, negative, pairs = parts(told)
    return {"Prompt": prompt, "Negative prompt": negative, **pairs} if told else {}


@router.api_route("/interrogate", methods=["GET", "POST"])
def interrogate() -> None:
    """A GET is answered alike: clients ask that way whether there is such a thing."""
    raise HTTPException(404, "there is no model here that describes pictures")

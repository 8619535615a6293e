"""The answer to a request for pictures: the files in base64, the request again, and all that is known of them."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from typing import Any

from PIL import Image

from sdplay.images.infotext import SAMPLER_LABELS, infotext
from sdplay.images.infotext_grammar import parts
from sdplay.images.write import own_chunk, parse_chunk
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import FromPicture, Still, prompt_of
from sdplay.requests.txt2img import Txt2Img
from sdplay.server.http.a1111.bodies import Drawing, Img2ImgBody
from sdplay.server.http.a1111.names import SHORT
from sdplay.server.http.a1111.pictures import encoded
from sdplay.server.notes import messages
from sdplay.server.records import Job
from sdplay.server.service import Service
from sdplay.version import VERSION

# What `info` says in fields of its own.
OWN = {
    "Steps",
    "Sampler",
    "CFG scale",
    "Seed",
    "Size-1",
    "Size-2",
    "Model hash",
    "Model",
    "Version",
    "VAE",
    "VAE hash",
} | {
    *("Clip skip", "Denoising strength"),
}


def answer(service: Service, job: Job, body: Drawing, warnings: list[str]) -> dict[str, Any]:
    """What a client gets for `job`, which has ended: its pictures so far."""
    pictures = service.gallery.pictures(job=job.id, limit=job.total)
    files = [service.file_of(picture).read_bytes() for picture in pictures]
    drawn = [recipe_in(file) for file in files]
    return {
        "images": [encoded(file) for file in files] if body.send_images else [],
        "parameters": echo(body),
        "info": json.dumps(info(job, body, drawn, warnings)),
    }


def recipe_in(file: bytes) -> tuple[Recipe, int]:
    """What a picture of ours was drawn from, and which picture of it this is."""
    with Image.open(io.BytesIO(file)) as image:
        embedded = parse_chunk(own_chunk(image) or "")
    return embedded.recipe, embedded.index


def echo(body: Drawing) -> dict[str, Any]:
    """The request, without the pictures in it unless they are asked for."""
    said = body.model_dump(mode="json")
    said["alwayson_scripts"] = {name: {"args": []} for name in body.alwayson_scripts}
    if isinstance(body, Img2ImgBody) and not body.include_init_images:
        said |= {"init_images": None, "mask": None}
    return said


def info(job: Job, body: Drawing, drawn: list[tuple[Recipe, int]], warnings: list[str]) -> dict[str, Any]:
    """All that A1111 says of pictures: of the request as a whole, and of each of them in lists."""
    recipe = drawn[0][0] if drawn else Recipe.from_dict(job.request["recipe"])
    request = recipe.request
    assert isinstance(request, Still)
    words = [prompt_of(each, index) for each, index in drawn]
    texts = [infotext(each, index, VERSION) for each, index in drawn]
    larger = recipe.enlargement
    vae = next((one for one in recipe.add_ons if one.kind == "vae"), None)
    return {
        "prompt": words[0].prompt if words else request.prompt,
        "all_prompts": [each.prompt for each in words],
        "negative_prompt": words[0].negative_prompt if words else request.negative_prompt,
        "all_negative_prompts": [each.negative_prompt for each in words],
        "seed": recipe.seed + (drawn[0][1] if drawn else 0),
        "all_seeds": [each.seed + index for each, index in drawn],
        "subseed": body.subseed,
        "all_subseeds": [body.subseed for _ in drawn],
        "subseed_strength": 0,
        "width": larger.width if larger is not None else recipe.width,
        "height": larger.height if larger is not None else recipe.height,
        "sampler_name": SAMPLER_LABELS[recipe.sampler],
        "cfg_scale": recipe.guidance_scale,
        "steps": recipe.steps,
        "batch_size": body.batch_size,
        "restore_faces": False,
        "face_restoration_model": None,
        "sd_model_name": recipe.model.name,
        "sd_model_hash": recipe.model.digest[:SHORT],
        "sd_vae_name": vae.name if vae is not None else None,
        "sd_vae_hash": vae.digest[:SHORT] if vae is not None else None,
        "seed_resize_from_w": -1,
        "seed_resize_from_h": -1,
        "denoising_strength": strength(request),
        "extra_generation_params": dict(more_parameters(texts)),
        "index_of_first_image": 0,
        "infotexts": texts,
        "styles": list(body.styles),
        "job_timestamp": timestamp(job),
        "clip_skip": request.clip_skip,
        "is_using_inpainting_conditioning": False,
        "version": f"sdplay {VERSION}",
        "interrupted": job.state == "cancelled",
        "warnings": [*warnings, *messages(job.notes)],
    }


def strength(request: Still) -> float | None:
    if isinstance(request, FromPicture):
        return request.strength
    return request.hires_strength if isinstance(request, Txt2Img) and request.hires_scale != 1 else None


def more_parameters(texts: list[str]) -> Iterator[tuple[str, str]]:
    """The pairs of the first picture's text that `info` has no field for."""
    for key, value in parts(texts[0])[2].items() if texts else ():
        if key not in OWN:
            yield key, value


def timestamp(job: Job) -> str:
    return time.strftime("%Y%m%d%H%M%S", time.localtime(job.created))

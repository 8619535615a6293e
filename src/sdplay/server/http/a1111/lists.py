"""What there is, as A1111 lists it: models and their files by name, never by a path of this computer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter

from sdplay.core.errors import ModelBroken
from sdplay.core.machine import memory_available, memory_total
from sdplay.images.infotext import UPSCALER_LABELS as LATENT_MODES
from sdplay.library.add_ons import known_add_ons, vectors_of
from sdplay.library.upscalers import LANCZOS, NETWORKS, UPSCALER_LABELS, weights_folder
from sdplay.prompts.styles import read_styles
from sdplay.server.http.a1111.control import CONTROLNET
from sdplay.server.http.a1111.names import checkpoints, sampler_list, scheduler_list
from sdplay.server.http.native.context import ServiceHere

router = APIRouter(prefix="/sdapi/v1")
STYLES = Path("styles.csv")  # in the service's folder, where requests look for it too
Rows = list[dict[str, Any]]


@router.get("/samplers")
def samplers() -> Rows:
    return sampler_list()


@router.get("/schedulers")
def schedulers() -> Rows:
    return scheduler_list()


@router.get("/sd-models")
def sd_models(service: ServiceHere) -> Rows:
    return [
        {
            "title": each.title,
            "model_name": each.name,
            "hash": each.digest[:10] if each.digest else None,
            "sha256": each.digest,
            "filename": each.file,
            "config": None,
        }
        for each in checkpoints(service)
    ]


@router.get("/sd-vae")
def sd_vae(service: ServiceHere) -> Rows:
    known = known_add_ons("vae", service.library)
    return [{"model_name": path.name, "filename": path.name} for path in known.values()]


@router.get("/loras")
def loras(service: ServiceHere) -> Rows:
    known = known_add_ons("lora", service.library)
    return [{"name": name, "alias": name, "path": path.name, "metadata": {}} for name, path in known.items()]


@router.get("/embeddings")
def embeddings(service: ServiceHere) -> dict[str, Any]:
    loaded: dict[str, Any] = {}
    skipped: dict[str, Any] = {}
    for name, path in known_add_ons("embedding", service.library).items():
        about = {"step": None, "sd_checkpoint": None, "sd_checkpoint_name": None, "shape": 0, "vectors": 0}
        try:
            loaded[name] = about | {"vectors": vectors_of(path)}
        except (ModelBroken, OSError):
            skipped[name] = about
    return {"loaded": loaded, "skipped": skipped}


@router.get("/upscalers")
def upscalers() -> Rows:
    """Those that extra-single-image takes; networks as far as their weights are here."""
    here = [LANCZOS, *(NETWORKS if weights_folder() is not None else ())]
    rows: list[tuple[str, int]] = [("None", 1)]
    rows += [(UPSCALER_LABELS[name], max(NETWORKS.get(name, {4: ""}))) for name in here]
    return [
        {"name": name, "model_name": None, "model_path": None, "model_url": None, "scale": scale}
        for name, scale in rows
    ]


@router.get("/latent-upscale-modes")
def latent_upscale_modes() -> Rows:
    return [{"name": label} for ours, label in LATENT_MODES.items() if ours != LANCZOS]


@router.get("/realesrgan-models")
def realesrgan_models() -> Rows:
    found = NETWORKS if weights_folder() is not None else {}
    return [{"name": UPSCALER_LABELS[name], "path": None, "scale": max(scales)} for name, scales in found.items()]


@router.get("/hypernetworks")
@router.get("/face-restorers")
@router.get("/extensions")
def none_of_them() -> Rows:
    return []


@router.get("/prompt-styles")
def prompt_styles() -> Rows:
    known = read_styles(STYLES) if STYLES.is_file() else {}
    return [
        {"name": name, "prompt": style.prompt, "negative_prompt": style.negative_prompt}
        for name, style in known.items()
    ]


@router.get("/scripts")
def scripts() -> dict[str, list[str]]:
    return {"txt2img": [CONTROLNET], "img2img": [CONTROLNET]}


@router.get("/script-info")
def script_info() -> Rows:
    return [{"name": CONTROLNET, "is_alwayson": True, "is_img2img": img2img, "args": []} for img2img in (False, True)]


@router.get("/memory")
def memory() -> dict[str, Any]:
    """Main memory in bytes. What a GPU holds is known to the processes that draw on it."""
    total, free = memory_total(), memory_available()
    if total is None or free is None:
        return {"ram": {"error": "unknown on this system"}, "cuda": {"error": "not known to this process"}}
    ram = {"free": free, "used": total - free, "total": total}
    return {"ram": ram, "cuda": {"error": "not known to this process"}}

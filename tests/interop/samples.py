"""Metadata as each program writes it, typed by hand after their formats, and pictures that carry it."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from sdplay.interop import ParsedMetadata, parse_comfyui

A1111 = """a lighthouse (storm:1.2), [oil:photo:0.4], <lora:ghibli:0.8>
second prompt line
Negative prompt: blurry, low quality
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.0, Seed: 965400086, Size: 512x768, \
Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Denoising strength: 0.7, Clip skip: 2, Hires upscale: 2, \
Hires upscaler: Latent, Lora hashes: "ghibli: 0123abcd4567", Version: v1.10.1"""

FOOOCUS_INFOTEXT = """cinematic still a fox . shallow depth of field, a fox, intricate
Negative prompt: anime, cartoon
Steps: 30, Sampler: DPM++ 2M SDE Karras, Seed: 123, Size: 1152x896, CFG scale: 4, Sharpness: 2, \
ADM Guidance: "(1.5, 0.8, 0.3)", Model: juggernautXL_v8Rundiffusion, Model hash: aeb7e9e689, Scheduler: karras, \
Performance: Speed, Styles: "['Fooocus V2']", Raw prompt: a fox, Lora hashes: "offset: 4852686128ab", \
Lora weights: "offset: 0.1", Version: Fooocus v2.5.5"""

FOOOCUS: dict[str, Any] = {
    "adm_guidance": "(1.5, 0.8, 0.3)",
    "base_model": "juggernautXL_v8Rundiffusion",
    "base_model_hash": "aeb7e9e689",
    "clip_skip": 2,
    "full_negative_prompt": ["anime, cartoon", ""],
    "full_prompt": ["cinematic still a fox", "a fox"],
    "guidance_scale": 4,
    "loras": [["offset", 0.1, "4852686128ab"]],
    "metadata_scheme": "fooocus",
    "negative_prompt": "",
    "performance": "Speed",
    "prompt": "a fox\nin the snow",
    "resolution": "(1152, 896)",
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "123",
    "sharpness": 2,
    "steps": 30,
    "version": "Fooocus v2.5.5",
}

INVOKEAI: dict[str, Any] = {
    "generation_mode": "img2img",
    "positive_prompt": "a lighthouse",
    "negative_prompt": "fog",
    "width": 832,
    "height": 1216,
    "seed": 1554095076,
    "rand_device": "cpu",
    "cfg_scale": 7.5,
    "steps": 50,
    "scheduler": "dpmpp_2m_k",
    "clip_skip": 0,
    "strength": 0.6,
    "model": {
        "key": "9f58",
        "hash": "blake3:6a22",
        "name": "dreamshaper-8",
        "base": "sd-1",
        "type": "main",
    },
    "loras": [{"model": {"name": "ghibli"}, "weight": 0.75}],
    "app_version": "5.4.3",
}

SD_METADATA: dict[str, Any] = {
    "model": "stable diffusion",
    "model_weights": "stable-diffusion-1.5",
    "model_hash": "cc6cb27103417325ff94f52b7a5d2dde45a7515b25c255d8e396c90014281516",
    "app_id": "invoke-ai/InvokeAI",
    "app_version": "2.2.4",
    "image": {
        "prompt": [{"prompt": "a cat [blurry] on a mat [dog]", "weight": 1.0}],
        "steps": 50,
        "cfg_scale": 7.5,
        "threshold": 0,
        "height": 512,
        "width": 640,
        "seed": 42,
        "type": "txt2img",
        "sampler": "k_euler_a",
    },
}

DREAM = '"a \\"big\\" cat [dog]" -s 50 -S1234 -W 512 -H 640 -C 7.5 -A k_dpmpp_2 -I "my cat.png" -f 0.75 -F'

NOVELAI = {
    "Title": "AI generated image",
    "Description": "1girl, lighthouse",
    "Software": "NovelAI",
    "Source": "Stable Diffusion F4D50568",
    "Comment": json.dumps(
        {
            "steps": 28,
            "height": 768,
            "width": 512,
            "scale": 11.0,
            "seed": 5,
            "noise_schedule": "karras",
            "sampler": "k_euler_ancestral",
            "uc": "lowres, a: b, cc: d, ee: f",
        }
    ),
}


# What the graphs with a tin robot say.
TIN: dict[str, Any] = {
    "seed": 735,
    "steps": 12,
    "guidance_scale": 6.0,
    "sampler": "euler",
    "schedule": "karras",
    "width": 128,
    "height": 192,
    "model": "tin.safetensors",
}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


COMFYUI: dict[str, Any] = {
    "3": node(
        "KSampler",
        seed=1102676403634909,
        steps=20,
        cfg=8.0,
        sampler_name="dpmpp_2m",
        scheduler="normal",
        denoise=1.0,
        model=["10", 0],
        positive=["6", 0],
        negative=["7", 0],
        latent_image=["5", 0],
    ),
    "4": node("CheckpointLoaderSimple", ckpt_name="v1-5-pruned-emaonly.safetensors"),
    "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
    "6": node("CLIPTextEncode", text="a cat\nsitting on a log", clip=["11", 0]),
    "7": node("CLIPTextEncode", text="bad eyes", clip=["11", 0]),
    "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
    "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
    "10": node(
        "LoraLoader",
        lora_name="ghibli.safetensors",
        strength_model=0.8,
        strength_clip=0.7,
        model=["4", 0],
        clip=["4", 1],
    ),
    "11": node("CLIPSetLastLayer", stop_at_clip_layer=-2, clip=["10", 1]),
}

WORKFLOW: dict[str, Any] = {
    "last_node_id": 9,
    "nodes": [
        {
            "id": 3,
            "type": "KSampler",
            "inputs": [
                {"name": "model", "type": "MODEL", "link": 1},
                {"name": "positive", "type": "CONDITIONING", "link": 4},
                {"name": "negative", "type": "CONDITIONING", "link": 6},
                {"name": "latent_image", "type": "LATENT", "link": 2},
                {"name": "seed", "type": "INT", "link": 12, "widget": {"name": "seed"}},
            ],
            "widgets_values": [5, "randomize", 25, 6.5, "euler_ancestral", "karras", 1],
            "mode": 0,
        },
        {"id": 4, "type": "CheckpointLoaderSimple", "widgets_values": ["dream.safetensors"], "inputs": []},
        {"id": 5, "type": "EmptyLatentImage", "widgets_values": [640, 512, 1], "inputs": []},
        {"id": 6, "type": "CLIPTextEncode", "widgets_values": ["a boat"], "inputs": [{"name": "clip", "link": 3}]},
        {"id": 7, "type": "CLIPTextEncode", "widgets_values": ["fog"], "inputs": [{"name": "clip", "link": 5}]},
        {"id": 8, "type": "SaveImage", "inputs": [{"name": "images", "link": 7}], "widgets_values": ["x"]},
        {"id": 12, "type": "PrimitiveNode", "widgets_values": [99, "fixed"]},
        {"id": 13, "type": "SaveImage", "mode": 2, "inputs": [], "widgets_values": ["muted"]},
    ],
    "links": [
        [1, 4, 0, 3, 0, "MODEL"],
        [2, 5, 0, 3, 3, "LATENT"],
        [3, 4, 1, 6, 0, "CLIP"],
        [4, 6, 0, 3, 1, "CONDITIONING"],
        [5, 4, 1, 7, 0, "CLIP"],
        [6, 7, 0, 3, 2, "CONDITIONING"],
        [7, 3, 0, 8, 0, "LATENT"],
        [12, 12, 0, 3, 4, "INT"],
    ],
    "version": 0.4,
}

EXIF_IFD, USER_COMMENT, MAKE, MODEL, DESCRIPTION = 0x8769, 0x9286, 0x010F, 0x0110, 0x010E


def parse(graph: dict[str, Any]) -> ParsedMetadata:
    return parse_comfyui(json.dumps(graph))


def changed(sampler: dict[str, Any] | None = None, **nodes: dict[str, Any]) -> dict[str, Any]:
    """`COMFYUI` with nodes put in (`n6` is node 6) and inputs of its sampler changed."""
    graph = {**deepcopy(COMFYUI), **{key.removeprefix("n"): value for key, value in nodes.items()}}
    graph["3"]["inputs"] |= sampler or {}
    return graph


def custom_sampler(latent: str) -> dict[str, Any]:
    """A sampler taken apart: noise from node 90, guider 91, sampler 80, sigmas 92."""
    parts = {"noise": ["90", 0], "guider": ["91", 0], "sampler": ["80", 0], "sigmas": ["92", 0]}
    return node("SamplerCustomAdvanced", **parts, latent_image=[latent, 0])


def png(path: Path, **chunks: str) -> Path:
    """A PNG file with text chunks; "_" in a keyword stands for "-" where the keyword is sd_metadata."""
    info = PngImagePlugin.PngInfo()
    for keyword, text in chunks.items():
        info.add_text(keyword.replace("sd_metadata", "sd-metadata"), text)
    Image.new("RGB", (16, 8)).save(path, "PNG", pnginfo=info)
    return path


def commented(path: Path, comment: bytes) -> Path:
    """A file of a format after its name, whose EXIF UserComment is `comment`."""
    exif = Image.Exif()
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = comment
    Image.new("RGB", (16, 8)).save(path, exif=exif.tobytes())
    return path


def tagged(path: Path, tags: dict[int, str]) -> Path:
    """A JPEG or WebP file with EXIF tags of the picture itself."""
    exif = Image.Exif()
    for tag, text in tags.items():
        exif[tag] = text
    Image.new("RGB", (16, 8)).save(path, exif=exif)
    return path

"""Files that are broken, hostile or not files at all, and the commands that are given them."""

from __future__ import annotations

import io
import json
import os
import random
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from tests.fuzz.place import lora

SIDE = 64
INFOTEXT = (
    "a cat <lora:x:1>\nNegative prompt: dog\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model: m"
)
DEEP = "[" * 100_000 + "]" * 100_000
GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 1, "steps": 3, "positive": ["6", 0]}}})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: the ending of its name, a good one, and the commands that read it (`FILE` stands for it)."""

    ending: str
    good: Callable[[random.Random], bytes]
    commands: tuple[tuple[str, ...], ...]


def picture(rng: random.Random, ending: str, **options: object) -> bytes:
    pixels = np.frombuffer(rng.randbytes(SIDE * SIDE * 3), np.uint8).reshape(SIDE, SIDE, 3)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, ending, **options)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def png(rng: random.Random) -> bytes:
    info = PngImagePlugin.PngInfo()
    key, value = rng.choice(
        (
            ("parameters", INFOTEXT),
            ("prompt", GRAPH),
            ("workflow", DEEP),
            ("Comment", "{"),
            ("sdplay", "{}"),
            ("invokeai_metadata", '{"a": NaN}'),
            ("Comment", DEEP),
            ("parameters", "{" + DEEP),
        )
    )
    info.add_text(key, value, zip=rng.random() < 0.3)
    return picture(rng, "PNG", pnginfo=info)


def jpeg(rng: random.Random) -> bytes:
    exif = Image.Exif()
    exif[0x9286] = b"UNICODE\0" + INFOTEXT.encode("utf-16-be")
    exif[0x0112] = rng.choice((1, 6, 9, 0))
    return picture(rng, "JPEG", exif=exif.tobytes())


def webp(rng: random.Random) -> bytes:
    return picture(rng, "WEBP", lossless=True)


def gif(rng: random.Random) -> bytes:
    frames = [Image.new("RGB", (SIDE, SIDE), (shade, 0, 0)) for shade in range(0, 250, 50)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=rng.choice((0, 40, 65535)))
    return buffer.getvalue()


def huge_png(_: random.Random) -> bytes:
    """A PNG that says it is 60,000 pixels wide and high: 10 GB of pixels out of a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100_000))
        + chunk(b"IEND", b"")
    )


def weights(rng: random.Random) -> bytes:
    """A LoRA whose header says something that cannot be."""
    data = lora()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    name = rng.choice(list(header))
    wrong = rng.choice(
        (
            {"shape": [-1, 4]},
            {"shape": [10**12, 10**12]},
            {"dtype": "F7"},
            {"data_offsets": [9, 1]},
            {"shape": "x"},
            {"data_offsets": [0, 10**15]},
            {"shape": []},
            {},
        )
    )
    header[name] = {**header[name], **wrong} if rng.random() < 0.8 else rng.choice((None, [], 3, "x"))
    if rng.random() < 0.3:
        header["__metadata__"] = rng.choice(
            (DEEP, {"a": 1}, None, {"ss_tag_frequency": DEEP}, {"modelspec.title": "\ud83d"})
        )
    if rng.random() < 0.2:
        header |= {
            f"lora_unet_{i}.lora_up.weight": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
            for i in range(20_000)
        }
    text = json.dumps(header).encode()
    return (
        struct.pack("<Q", rng.choice((len(text), len(text), len(text), 2**63, 0, len(text) - 3)))
        + text
        + data[8 + size :]
    )


CONFIG = {
    "unet": {
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": [8, 8],
        "layers_per_block": 1,
    },
    "vae": {"block_out_channels": [8, 8, 8, 8], "layers_per_block": 1, "latent_channels": 4},
    "text_encoder": {"hidden_size": 8, "num_hidden_layers": 1, "vocab_size": 49408},
    "scheduler": {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012},
}
SIZES = (0, -1, 10**9, 10**400, 1e300, None, "x", [], [0], [[10**9]], {}, True, DEEP)


def model_folder(rng: random.Random, folder: Path) -> None:
    """A diffusers folder one of whose configurations says something that cannot be, with weights that do not fit it."""
    where, wrong = rng.choice(list(CONFIG)), rng.choice(SIZES)
    for part, config in CONFIG.items():
        (folder / part).mkdir(parents=True)
        entries = {**config, rng.choice(list(config)): wrong} if part == where else config
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        (folder / part / name).write_text(json.dumps(entries) if rng.random() < 0.9 else DEEP)
        if part != "scheduler" and rng.random() < 0.7:
            (folder / part / "model.safetensors").write_bytes(rng.choice((weights(rng), lora(), b"")))
    (folder / "tokenizer").mkdir()


def settings(rng: random.Random) -> bytes:
    value = rng.choice((1, -1, 10**30, None, "x", [], {}, "0:(1)", "0:(", 1e400, True, "\ud83d", DEEP))
    key = rng.choice(
        (
            "W",
            "H",
            "steps",
            "max_frames",
            "fps",
            "animation_mode",
            "zoom",
            "prompts",
            "seed",
            "color_coherence",
            "init_image",
            "diffusion_cadence",
            "prompt",
            "sampler",
            "strength_schedule",
        )
    )
    known = {"W": SIDE, "H": SIDE, "steps": 3, "max_frames": 4, "animation_mode": "2D", "prompts": {"0": "a cat"}}
    return json.dumps({**known, key: value}).encode()


def words(rng: random.Random) -> bytes:
    return rng.choice(
        (
            b"a cat\n",
            b"\xff\xfe\x00",
            b'--prompt "a cat" --steps 5\n',
            b"a\0b\n",
            "кот\n".encode("cp1251"),
            b"x" * 10**6,
            b"{a|b\n" * 1000,
            b"name,prompt,negative_prompt\nx,{prompt} y,z\n",
            b'"',
            b"\n" * 10**5,
        )
    )


ON_IMAGES = (
    ("show", "FILE"),
    ("show", "--json", "FILE"),
    ("again", "FILE"),
    ("img2img", "a cat", "--image", "FILE"),
    ("verify", "FILE"),
    ("inpaint", "a cat", "--image", "picture.png", "--mask", "FILE"),
    ("upscale", "FILE", "--upscaler", "lanczos"),
    ("canny", "FILE"),
    ("animate", "a cat", "--max-frames", "2", "--init-image", "FILE", "--steps", "2"),
    ("animate", "a cat", "--max-frames", "2", "--color-image", "FILE", "--color-coherence", "image", "--steps", "2"),
)
ON_WEIGHTS = (
    ("txt2img", "a cat", "--lora", "FILE"),
    ("txt2img", "a cat", "--embedding", "FILE"),
    ("txt2img", "a cat", "--model", "FILE"),
    ("txt2img", "a cat", "--vae", "FILE"),
    ("models", "add", "FILE"),
    ("models", "info", "FILE"),
    ("txt2img", "a cat", "--controlnet", "FILE", "--control-image", "picture.png"),
    ("upscale", "picture.png", "--upscaler", "FILE"),
)
ON_FOLDERS = (
    ("txt2img", "a cat", "--model", "FILE"),
    ("txt2img", "a cat", "--model", "FILE", "--max-memory", "8GB"),
    ("txt2img", "a cat", "--model", "FILE", "--allow-pickle"),
    ("txt2img", "a cat", "--vae", "FILE/vae"),
    ("txt2img", "a cat", "--controlnet", "FILE/unet", "--control-image", "picture.png"),
    ("models", "add", "FILE"),
    ("models", "info", "FILE"),
    ("plan", "animate", "a cat", "--model", "FILE", "--max-frames", "2"),
    ("explain", "a cat", "--model", "FILE"),
)
ON_WORDS = (
    ("txt2img", "--prompts-from", "FILE"),
    ("txt2img", "a __x__ cat", "--wildcards", "FILE"),
    ("show", "FILE"),
    ("txt2img", "a cat", "--styles-file", "FILE", "--style", "x"),
    ("animate", "--config", "FILE"),
    ("dream", "--config", "FILE"),
    ("plan", "animate", "--config", "FILE"),
    ("resume", "FILE"),
    ("again", "FILE"),
)
ON_FILMS = (
    (
        "animate",
        "a cat",
        "--animation-mode",
        "video input",
        "--video-init-path",
        "FILE",
        "--steps",
        "2",
        "--max-frames",
        "2",
    ),
    ("plan", "animate", "a cat", "--animation-mode", "video input", "--video-init-path", "FILE"),
    ("verify", "FILE"),
    ("show", "FILE"),
    ("animate", "a cat", "--audio", "FILE", "--max-frames", "2", "--steps", "2"),
    ("upscale", "FILE", "--upscaler", "lanczos"),
)
KINDS = (
    Kind(".png", png, ON_IMAGES),
    Kind(".jpg", jpeg, ON_IMAGES),
    Kind(".webp", webp, ON_IMAGES),
    Kind(".png", huge_png, ON_IMAGES),
    Kind(".gif", gif, ON_FILMS),
    Kind(".safetensors", weights, ON_WEIGHTS),
    Kind(".json", settings, ON_WORDS),
    Kind(".txt", words, ON_WORDS),
    Kind(".csv", words, ON_WORDS),
)
PLACES = (
    "/dev/zero",
    "/dev/full",
    "/dev/tty",
    "/proc/self/mem",
    "fifo",
    "loop",
    "folder",
    "empty",
)  # instead of a file
FOLDER_EVERY = 10  # numbers, one of which is a model's folder and no file


def damaged(rng: random.Random, data: bytes) -> bytes:
    """`data` cut, zeroed, overwritten, lengthened, or as it is."""
    at = rng.randrange(len(data) or 1)
    return rng.choice(
        (
            data,
            data,
            data[:at],
            data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :],
            data[at:],
            data[:at] + rng.randbytes(16) + data[at + 16 :],
            data + rng.randbytes(1000),
            b"",
            rng.randbytes(200),
        )
    )


def hostile_files(seed: int, count: int, folder: Path) -> Iterator[tuple[int, list[str]]]:
    """Write `count` files into `folder`, one at a time; with each comes the command line that reads it."""
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        kind = KINDS[number % len(KINDS)]
        command = rng.choice(kind.commands)
        name = f"file-{number}{kind.ending}"
        if number % FOLDER_EVERY == 0:
            name, command = f"folder-{number}", rng.choice(ON_FOLDERS)
            model_folder(rng, folder / name)
        elif rng.random() < 0.15:
            name = rng.choice(PLACES)
        else:
            (folder / name).write_bytes(damaged(rng, kind.good(rng)))
        yield number, [word.replace("FILE", name) for word in command]
        if (folder / name).is_file() and name.startswith("file-"):
            os.unlink(folder / name)
        if name.startswith("folder-"):
            shutil.rmtree(folder / name)

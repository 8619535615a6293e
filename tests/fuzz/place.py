"""A folder with one of everything that a command may be pointed at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import save

from tests.support.fakemodel import fake_model


def environment(root: Path) -> dict[str, str]:
    """What makes commands draw flat colours with the model of `furnish`, and nothing of this machine's."""
    return {
        "SDPLAY_EXECUTOR": "fake",
        "SDPLAY_HOME": str(root / "home"),
        "SDPLAY_MODEL": str(root / "models" / "fake"),
        "NO_COLOR": "1",
        "HF_HUB_OFFLINE": "1",
    }


def furnish(root: Path) -> Path:
    """Make the model and a working folder below `root`; returns the folder."""
    fake_model(root / "models" / "fake")
    here = root / "here"
    here.mkdir()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(here / "picture.png")
    Image.fromarray((rng.random((64, 64)) > 0.5).astype(np.uint8) * 255).save(here / "mask.png")
    frames = [Image.fromarray(np.full((64, 64, 3), shade, np.uint8)) for shade in (0, 90, 250)]
    frames[0].save(here / "film.gif", save_all=True, append_images=frames[1:], duration=100)
    (here / "words.txt").write_text("a cat\na dog\n")
    (here / "settings.json").write_text(json.dumps({"prompt": "a cat", "steps": 3, "W": 64, "H": 64}))
    (here / "empty").write_bytes(b"")
    (here / "folder").mkdir()
    os.mkfifo(here / "fifo")
    (here / "loop").symlink_to("loop")
    (here / "lora.safetensors").write_bytes(lora())
    (here / "model").symlink_to(root / "models" / "fake")
    return here


def lora() -> bytes:
    """A LoRA of one matrix in the layout of kohya's trainer."""
    name = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"
    shapes = {f"{name}.lora_down.weight": (4, 8), f"{name}.lora_up.weight": (8, 4), f"{name}.alpha": ()}
    return save({key: np.ones(shape, np.float32) for key, shape in shapes.items()})

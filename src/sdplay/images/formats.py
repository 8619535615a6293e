"""The formats that pictures are kept in."""

from __future__ import annotations

from typing import Literal

Format = Literal["png", "webp", "jpeg", "avif"]
MEDIA_TYPES: dict[Format, str] = {"png": "image/png", "webp": "image/webp", "jpeg": "image/jpeg", "avif": "image/avif"}
SUFFIXES: dict[Format, str] = {"png": ".png", "webp": ".webp", "jpeg": ".jpg", "avif": ".avif"}
LOSSY: tuple[Format, ...] = ("jpeg", "avif")

"""The depth models that come with the program, by name: recipes call them so, wherever the program lies."""

from __future__ import annotations

from pathlib import Path

from sdplay.library.card import MODELS

SHIPPED_DEPTH = MODELS / "addons" / "depth"
BUILTIN_DEPTH = "builtin-depth"


def depth_place(name: str) -> Path:
    """The folder of the depth model `name`: a shipped one's, or that of this path."""
    shipped = SHIPPED_DEPTH / name
    return shipped if Path(name).name == name and shipped.is_dir() else Path(name)

"""What the models in the box are like: tests ask here, so that they hold for the next one too."""

from __future__ import annotations

import json
from pathlib import Path

from sdplay.library.card import MODELS, shipped_cards

CARD = shipped_cards()["builtin"]
SIDE = CARD.size
FOLDERS: dict[str, Path] = {card.name: card.folder for card in shipped_cards().values() if card.folder is not None}
# The one that draws one of 327 things in a picture, 128 pixels wide: what is said of that has words that tests know.
FIRST = "builtin-128" if "builtin-128" in FOLDERS else "builtin"


def latents_shape(side: int = SIDE, folder: Path = MODELS / "builtin") -> tuple[int, int, int]:
    """[channels, height, width] of the latents of a square picture."""
    codec = json.loads((folder / "vae" / "config.json").read_text())
    small = side // 2 ** (len(codec["block_out_channels"]) - 1)
    return codec["latent_channels"], small, small

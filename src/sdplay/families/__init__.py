"""The kinds of models that can be drawn with: how their files are found out, read, and made one model of.

This file imports no torch, so that the library can ask what a file is.

To add one: a folder beside this file, with its `Architecture` in `__init__.py` and a function `load` in `model.py`, a
line here, and a card with the name of the architecture.
"""

from __future__ import annotations

from sdplay.families.sd import SD2, SD15
from sdplay.families.sdxl import SDXL

ARCHITECTURES = (SD15, SD2, SDXL)
# The folders of a diffusers folder that can shape a picture, in the order in which they are hashed.
COMPONENTS = ("scheduler", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "unet", "vae")

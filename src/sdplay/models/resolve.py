"""From the name somebody typed to files on disk and their digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.core.recipe import ModelIdentity
from sdplay.core.request import LARGEST_SIDE, SMALLEST_SIDE
from sdplay.models.card import ModelCard
from sdplay.models.registry import shipped_cards

PARTS = ("scheduler", "text_encoder", "tokenizer", "unet", "vae")
SHAPING_SUFFIXES = {".json", ".safetensors", ".txt"}
FOLDER_CARD = "sd15"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedModel:
    """A model that exists: its card, its folder, and the identity a recipe records. `rule` says how it was found."""

    card: ModelCard
    folder: Path
    identity: ModelIdentity
    rule: str


def resolve(name: str) -> ResolvedModel:
    """Find the model `name`: a shipped card, or the path of a diffusers folder.

    Raises `ModelNotFound` when nothing has that name and `ModelBroken` when a folder lacks a part.
    """
    cards = shipped_cards()
    card = cards.get(name)
    if card is not None and card.folder is not None:
        return _identify(card, card.folder, name, "a model that comes with the program")
    found = "no model has this name and no folder this path"
    try:
        folder = Path(name).expanduser().resolve()
        if folder.is_dir():
            card = _card_of(folder, cards[FOLDER_CARD])
            return _identify(card, folder, card.name, "a folder of this path")
        if folder.exists():
            found = "is a file, and not a folder"
    except (OSError, RuntimeError, ValueError) as error:  # no such user, too long, forbidden, no possible path
        found = f"no model has this name, and as a path it cannot be read: {error}"
    shipped = ", ".join(n for n, c in cards.items() if c.folder is not None)
    hint = f"models that need no download: {shipped}; or give the path of a diffusers folder"
    raise ModelNotFound(found, field="model", value=name, hint=hint)


def _card_of(folder: Path, card: ModelCard) -> ModelCard:
    """The card of a folder that has none: the general one, at the size its network was trained for."""
    _check_parts(folder)
    try:
        unet = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        vae = json.loads((folder / "vae" / "config.json").read_text(encoding="utf-8"))
        side = int(unet["sample_size"]) * 2 ** (len(vae["block_out_channels"]) - 1)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"the configuration of its unet or vae cannot be read: {type(error).__name__}: {error}"
        raise _broken(reason, folder) from None
    size = min(max(side // 8 * 8, SMALLEST_SIDE), LARGEST_SIDE)  # what may be asked for
    name = folder.name.encode(errors="replace").decode()  # a name that is no UTF-8 could not be written into files
    return replace(card, name=name, size=size, folder=folder)


def _check_parts(folder: Path) -> None:
    missing = [part for part in PARTS if not (folder / part).is_dir()]
    if missing:
        raise _broken(f"the folder lacks {', '.join(missing)}", folder)


def _broken(reason: str, folder: Path) -> ModelBroken:
    hint = "a diffusers folder of Stable Diffusion 1.x holds " + ", ".join(PARTS)
    return ModelBroken(reason, field="model", value=str(folder), hint=hint)


def _identify(card: ModelCard, folder: Path, name: str, rule: str) -> ResolvedModel:
    _check_parts(folder)
    try:
        identity = ModelIdentity(name=name, digest=folder_digest(folder), family=card.family)
    except OSError as error:
        raise _broken(f"a file cannot be read: {error}", folder) from None
    return ResolvedModel(card=card, folder=folder, identity=identity, rule=rule)


def folder_digest(folder: Path) -> str:
    """sha256 over names and contents of every file of the five parts that can shape a picture, hex."""
    whole = hashlib.sha256()
    for part in PARTS:
        for path in sorted((folder / part).iterdir()):
            if path.suffix in SHAPING_SUFFIXES:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").hexdigest()
                whole.update(f"{part}/{path.name}:{content}\n".encode())
    return whole.hexdigest()

"""Names of models: the cards that come with the program, and the names that the user gave.

A card says what a model is, what its licence is, and what settings suit it. Each name that was added is a small file of
its own, so that two programs cannot lose each other's.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import BadRequest, StoreError, UnknownName
from sdplay.core.fields import Precision
from sdplay.files.atomic import replace_file
from sdplay.files.regular import read_regular_text
from sdplay.files.remembered import Remembered

NAME = re.compile(r"\w[\w.+-]{0,63}")

MODELS = Path(__file__).parents[1] / "models"  # weights and cards that come with the program
CARDS = MODELS / "cards"
USUAL_FACTOR = 8  # how many times a picture of Stable Diffusion is as wide as its latents


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Data about a model that its weights do not hold.

    `family` names the folder of `sdplay.families` that loads it. `size` is the side in pixels it draws best; `steps`,
    `guidance_scale`, `sampler` and `schedule` are its defaults. `tile` is the number of pictures in one forward pass on
    a CPU, `film_tile` that of frames that do not wait for each other: a single picture should not cost as much as four,
    and a film is never one picture. `precision` is the networks' number format on a CPU where none is asked for, "auto"
    for the machine's best: narrow networks gain nothing from bfloat16, and pay for it. `decode` is the VAE's, "same"
    for that of the other networks.
    `controlnet` is the ControlNet that comes with it, and `few_steps` the LoRA that draws its drafts in four steps, ""
    for none. `factor` is how many times a picture is as wide as its latents. `folder` is where its files are, None for
    a card without files of its own. `largest` is the longest side in pixels that it can draw, beyond which it makes a
    pattern, 0 where none is known; `most_hires_strength` is how much a second pass larger than that may change.
    """

    name: str
    title: str
    family: str
    licence: str
    size: int
    steps: int
    guidance_scale: float
    sampler: str
    schedule: str
    tile: int = 1
    film_tile: int = 1
    precision: Precision = "auto"
    decode: str = "same"
    controlnet: str = ""
    few_steps: str = ""
    factor: int = USUAL_FACTOR
    largest: int = 0
    most_hires_strength: float = 1.0
    folder: Path | None = None


def read_card(path: Path) -> ModelCard:
    """The card in a TOML file; a relative `folder` is relative to the folder above that of the cards."""
    return _cards(path)


def _read_card(path: Path) -> ModelCard:
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    if "folder" in fields:
        fields["folder"] = path.parents[1] / fields["folder"]
    return ModelCard(**fields)


_cards = Remembered(_read_card, 64)


def shipped_cards() -> dict[str, ModelCard]:
    """Every card that comes with the package, by name."""
    cards = (read_card(path) for path in sorted(CARDS.glob("*.toml"), key=lambda path: path.stem))
    return {card.name: card for card in cards}


def model_aliases(home: Path) -> dict[str, str]:
    """The names that were added, and for each the path or hub id it stands for; damaged files are left out."""
    found: dict[str, str] = {}
    for path in sorted((home / "added").glob("*.json")):
        try:
            found[path.stem] = str(json.loads(read_regular_text(path))["model"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
    return found


def add_alias(home: Path, name: str, model: str) -> None:
    """Let `name` stand for `model`, an absolute path or a hub id.

    Raises `BadRequest` for a name that is taken or not valid, and `StoreError` if `home` cannot be written.
    """
    if not NAME.fullmatch(name) or name.endswith("."):
        hint = "letters, digits, - _ + and . make a name; say another with `name`"
        raise BadRequest("is not a valid name", field="name", value=name, hint=hint)
    if name in shipped_cards():
        raise BadRequest("the program itself has this name", field="name", value=name, hint="say another with `name`")
    taken = {known.casefold(): (known, other) for known, other in model_aliases(home).items()}
    known, other = taken.get(name.casefold(), (name, model))
    if other != model:
        hint = f"say another with `name`, or give it free with `sdplay models remove {known}`"
        raise BadRequest(f"this name stands for {other} already", field="name", value=name, hint=hint)
    try:
        (home / "added").mkdir(parents=True, exist_ok=True)
        replace_file(home / "added" / f"{name}.json", json.dumps({"model": model}).encode("ascii"), durable=False)
    except OSError as error:
        raise _unwritable(home, error) from None


def remove_alias(home: Path, name: str) -> str:
    """Forget `name`, and return what it stood for; the model's files are not touched.

    Raises `UnknownName` for one that was never added.
    """
    known = model_aliases(home)
    if name not in known:
        raise UnknownName("added model", name, known)
    try:
        (home / "added" / f"{name}.json").unlink()
    except OSError as error:
        raise _unwritable(home, error) from None
    return known[name]


def _unwritable(home: Path, error: OSError) -> StoreError:
    hint = "set SDPLAY_HOME to a folder you may write to"
    return StoreError(f"cannot write there: {error.strerror or error}", field="home", value=str(home), hint=hint)

"""A model's card: what it is, what its licence is, and what settings suit it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parents[1] / "models"  # weights and cards that come with the program
CARDS = MODELS / "cards"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """Data about a model that its weights do not hold.

    `family` names the room that loads it. `size` is the side in pixels it draws best; `steps`, `guidance_scale`,
    `sampler` and `schedule` are what is taken when nothing is asked.
    `tile` is the number of pictures in one forward pass on a CPU, `film_tile` that of frames that do not wait for each
    other: a single picture should not cost as much as four, and a film is never one picture. `decode` is the codec's
    number format, "same" for that of the other networks. `controlnet` is the ControlNet that comes with it, "" for
    none. `folder` is where its files are, None for a card without files of its own.
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
    decode: str = "same"
    controlnet: str = ""
    folder: Path | None = None


def read_card(path: Path) -> ModelCard:
    """Read a card from TOML; a relative `folder` is relative to the folder above that of the cards."""
    fields = tomllib.loads(path.read_text(encoding="utf-8"))
    if "folder" in fields:
        fields["folder"] = path.parents[1] / fields["folder"]
    return ModelCard(**fields)


def shipped_cards() -> dict[str, ModelCard]:
    """Every card that comes with the package, by name."""
    cards = (read_card(path) for path in sorted(CARDS.glob("*.toml")))
    return {card.name: card for card in cards}

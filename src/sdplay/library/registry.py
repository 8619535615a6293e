"""The cards this package ships."""

from __future__ import annotations

from pathlib import Path

from sdplay.library.card import ModelCard, read_card

MODELS = Path(__file__).parents[1] / "models"  # weights and cards that come with the program
CARDS = MODELS / "cards"


def shipped_cards() -> dict[str, ModelCard]:
    """Every card that comes with the package, by name."""
    cards = (read_card(path) for path in sorted(CARDS.glob("*.toml")))
    return {card.name: card for card in cards}

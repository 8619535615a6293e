from __future__ import annotations

from sdplay.models.registry import shipped_cards
from sdplay.modes.settle import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.cli.conftest import Sdplay


def test_samplers_lists_every_sampler_and_schedule_with_its_aliases(sdplay: Sdplay) -> None:
    outcome = sdplay("samplers")
    assert outcome.code == 0
    for name, aliases in (SAMPLER_ALIASES | SCHEDULE_ALIASES).items():
        (line,) = [line for line in outcome.out.splitlines() if line.split("  ")[0] == name]
        assert all(alias in line for alias in aliases)


def test_models_lists_what_needs_no_download(sdplay: Sdplay) -> None:
    outcome = sdplay("models")
    assert outcome.code == 0
    for card in shipped_cards().values():
        listed = any(line.startswith(f"{card.name} ") for line in outcome.out.splitlines())
        assert listed == (card.folder is not None)
        assert (card.licence in outcome.out) == listed

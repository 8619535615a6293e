from __future__ import annotations

from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES
from tests.support.commandline import Sdplay


def test_samplers_lists_every_sampler_and_schedule_with_its_aliases(sdplay: Sdplay) -> None:
    outcome = sdplay("samplers")
    assert outcome.code == 0
    for name, aliases in (SAMPLER_ALIASES | SCHEDULE_ALIASES).items():
        (line,) = [line for line in outcome.out.splitlines() if line.split("  ")[0] == name]
        assert all(alias in line for alias in aliases)

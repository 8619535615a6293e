"""sdplay.library.identity."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ConfigDict, with_config

WHOLE = ConfigDict(extra="forbid")  # an ingredient of a newer program must not be dropped in silence


@with_config(WHOLE)
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdentity:
    """Which weights: a name for people and the sha256 over every file that shapes a picture."""

    name: str
    digest: str
    family: str

"""Samplers, schedulers, checkpoints and VAEs under A1111's names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import UnknownName
from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS
from sdplay.interop.names import normal, schedule_of, split
from sdplay.library.add_ons import known_add_ons
from sdplay.library.card import shipped_cards
from sdplay.library.digest import known_digest
from sdplay.library.resolve import resolve
from sdplay.requests.resolve import SAMPLER_ALIASES
from sdplay.server.http.a1111.errors import unknown
from sdplay.server.service import Service

AUTOMATIC = "Automatic"
SAME = ("", "use same sampler", "use same scheduler", "use same checkpoint", "automatic")
NO_VAE = ("", "automatic", "none")
SCHEDULER_NAMES = {"trailing": "sgm_uniform", "linspace": "normal", "leading": "ddim"}  # where ours are others
HASHED = re.compile(r"\s*\[[0-9a-fA-F]{4,}\]$")
SHORT, SHORTER = 10, 8  # hex digits of a checkpoint's hash, and of a ControlNet's


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A model as A1111 lists it; `digest` is None for one that was never hashed, which takes minutes."""

    name: str
    file: str
    digest: str | None

    @property
    def title(self) -> str:
        return f"{self.file} [{self.digest[:SHORT]}]" if self.digest else self.file

    def is_called(self, wanted: str) -> bool:
        names = {self.title, self.name, self.file, *((self.digest, self.digest[:SHORT]) if self.digest else ())}
        return wanted in {name.casefold() for name in names}


def checkpoints(service: Service) -> list[Checkpoint]:
    """Every model that requests may name; the one that comes with the program first."""
    paths = dict(service.library.models())
    return [checkpoint_of(service, name, paths.get(name)) for name in service.model_names()]


def checkpoint_of(service: Service, name: str, path: Path | None) -> Checkpoint:
    if path is not None:
        return Checkpoint(name=name, file=path.name, digest=known_digest(path, service.library.digests))
    shipped = shipped_cards().get(name)
    digest = resolve(name, service.library).identity.digest if shipped is not None else None
    return Checkpoint(name=name, file=name, digest=digest)


def find_checkpoint(service: Service, wanted: str) -> Checkpoint:
    """The one with this title, name, file name or hash; raises `UnknownName`."""
    known = checkpoints(service)
    folded = wanted.strip().casefold()
    for spelled in (folded, HASHED.sub("", folded)):
        if (found := next((each for each in known if each.is_called(spelled)), None)) is not None:
            return found
    raise UnknownName("sd_model_checkpoint", wanted, [each.title for each in known])


def find_vae(service: Service, wanted: str) -> str | None:
    """Our name of the VAE that A1111 calls by its file; None for the model's own. Raises `UnknownName`."""
    if wanted.strip().casefold() in NO_VAE:
        return None
    known = known_add_ons("vae", service.library)
    for name, path in known.items():
        if wanted.strip().casefold() in {name.casefold(), path.name.casefold()}:
            return name
    raise UnknownName("sd_vae", wanted, [AUTOMATIC, *known])


def sampling(sampler: str | None, scheduler: str | None) -> dict[str, str]:
    """The fields for A1111's sampler and scheduler; what is left out or automatic is left to the model.

    "DPM++ 2M Karras" is understood too. Raises the status that A1111 has for a name that there is not.
    """
    fields: dict[str, str] = {}
    if sampler is not None and sampler.strip():
        ours, schedule = split(sampler)
        if ours is None:
            raise unknown("Sampler", sampler, list(SAMPLER_LABELS.values()))
        fields = {"sampler": ours} | ({"schedule": schedule} if schedule is not None else {})
    if scheduler is not None and normal(scheduler) not in {"", "automatic"}:
        schedule = schedule_of(scheduler)
        if schedule is None:
            raise unknown("Scheduler", scheduler, [AUTOMATIC, *SCHEDULE_LABELS.values()])
        fields["schedule"] = schedule
    return fields


def same_as(wanted: str | None, main: str | None) -> bool:
    """Whether a second pass asks for what the first has anyway."""
    return wanted is None or normal(wanted) in SAME or (main is not None and normal(wanted) == normal(main))


def sampler_list() -> list[dict[str, Any]]:
    return [
        {"name": label, "aliases": list(dict.fromkeys([*SAMPLER_ALIASES[ours], ours])), "options": {}}
        for ours, label in SAMPLER_LABELS.items()
    ]


def scheduler_list() -> list[dict[str, Any]]:
    known = {"automatic": AUTOMATIC} | {SCHEDULER_NAMES.get(ours, ours): said for ours, said in SCHEDULE_LABELS.items()}
    rho = {"karras": 7.0}
    return [
        {"name": name, "label": said, "aliases": None, "default_rho": rho.get(name, -1.0), "need_inner_model": False}
        for name, said in known.items()
    ]

"""By what a computer calculates: what must be the same on two of them, so that they draw the same bits."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from importlib.metadata import version

from sdplay.core.machine import memory_total
from sdplay.executors.fingerprint import PACKAGE, PREFIXES, VARIABLES, cores
from sdplay.film.job.description import processor
from sdplay.version import VERSION

CHOSEN_BY_RAY = {"CUDA_VISIBLE_DEVICES"}  # for each worker its own


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """A worker, as it says itself: on what host, with how many cores and bytes of memory, on which device, and by what
    it calculates.
    """

    host: str
    cores: int
    memory: int | None
    device: str
    arithmetic: Mapping[str, str] = field(hash=False)

    @property
    def mark(self) -> str:
        """Eight hexadecimal digits that stand for the arithmetic."""
        text = "\n".join(f"{name}={value}" for name, value in sorted(self.arithmetic.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def arithmetic_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment changes how torch computes, or with how many threads."""
    names = (name for name in environment if name in VARIABLES or name.startswith(PREFIXES))
    return {name: environment[name] for name in names if name not in CHOSEN_BY_RAY}


def take_over(variables: Mapping[str, str], environment: MutableMapping[str, str]) -> None:
    """Let `environment` have those variables and no others of their kind: torch reads them when it is loaded.

    Ray sets OMP_NUM_THREADS for a worker by itself, and a picture with one thread has other bits than with two.
    """
    for name in arithmetic_variables(environment).keys() - variables.keys():
        del environment[name]
    environment.update(variables)


def worker_facts() -> WorkerFacts:
    """Those of this process; loads torch."""
    import torch

    from sdplay.engines.device import detect_machine

    device = detect_machine().device
    calculates = {
        "sdplay": VERSION,
        "files": source_digest(),
        "torch": version("torch"),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "device": torch.cuda.get_device_name() if device.startswith("cuda") else device,
    }
    calculates |= {f"${name}": value for name, value in arithmetic_variables(os.environ).items()}
    return WorkerFacts(
        host=platform.node(),
        cores=len(cores()) or os.cpu_count() or 1,
        memory=memory_total(),
        device=calculates["device"],
        arithmetic=calculates,
    )


def source_digest() -> str:
    """The digest of this program's own files: a worker with other ones draws other pictures, or none."""
    whole = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        whole.update(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes())
    return whole.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Differs:
    """What two workers do not have in common: its `name`, and what it is for one and for the `other`."""

    name: str
    one: str
    other: str


def first_difference(one: Mapping[str, str], other: Mapping[str, str]) -> Differs | None:
    """The first thing in which the arithmetic of two workers differs, None if it is the same."""
    for name in sorted(one.keys() | other.keys()):
        here, there = one.get(name, "none"), other.get(name, "none")
        if here != there:
            return Differs(name.removeprefix("$"), here[:60], there[:60])
    return None


def difference(one: WorkerFacts, other: WorkerFacts) -> str:
    """In what two workers differ, in a few words; empty if in nothing that changes bits."""
    found = first_difference(one.arithmetic, other.arithmetic)
    return f"{found.name} is {found.one} on {one.host} and {found.other} on {other.host}" if found else ""

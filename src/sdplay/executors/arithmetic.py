"""By what a machine calculates: where two differ in it, the same recipe may come out with other bits.

Unlike a `fingerprint`, which is that of one process on one machine, this is what has to be the same on several: not
where things are installed, but versions, the kind of processor, and what the environment says to libraries. How many
threads calculate, and in what format, is in the recipe.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sdplay.executors.fingerprint import PREFIXES, PRETENDING, VARIABLES
from sdplay.film.job.description import here

# Of the environment, what says where a process runs and not how it calculates: threads are in the recipe.
OF_THE_PLACE = frozenset({"CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "OMP_NUM_THREADS"})
LONGEST_SHOWN = 60

Arithmetic = Mapping[str, str]


def arithmetic(device: str, engine: str = "torch") -> dict[str, str]:
    """That of this machine on `device`, torch's name of it, with `engine`; loads torch, unless all is pretended."""
    found = here()
    if os.environ.get(PRETENDING) != "fake":
        found |= of_torch(device)
    if engine == "openvino":
        found["openvino"] = installed("openvino")
    named = {name: value for name, value in os.environ.items() if name in VARIABLES or name.startswith(PREFIXES)}
    return found | {f"${name}": value for name, value in named.items() if name not in OF_THE_PLACE}


def of_torch(device: str) -> dict[str, str]:
    """What torch calculates with on `device`."""
    import torch

    backends: Any = torch.backends
    if not device.startswith("cuda"):
        return {"kernels": str(backends.cpu.get_cpu_capability())}
    versions: Any = torch.version
    number = int(device.partition(":")[2] or 0)
    return {
        "gpu": torch.cuda.get_device_name(number),
        "cuda": f"{versions.cuda or versions.hip} {backends.cudnn.version()}",
    }


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def arithmetic_digest(found: Arithmetic) -> str:
    """16 hexadecimal digits: equal where all of it is."""
    return hashlib.sha256(json.dumps(dict(found), sort_keys=True).encode()).hexdigest()[:16]


def arithmetic_differences(first: Arithmetic, own: Arithmetic) -> Iterator[str]:
    """In what this machine differs from the first, in a few words each: "torch: 2.9 there, 2.8 here"."""
    for name in sorted(first.keys() | own.keys()):
        there, here_ = (found.get(name, "not set")[:LONGEST_SHOWN] for found in (first, own))
        if first.get(name) != own.get(name):
            yield f"{name.removeprefix('$')}: {there} there, {here_} here"

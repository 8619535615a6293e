"""What must be the same in two processes, so that one draws for the other the bits that it would have drawn itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from sdplay.version import VERSION

PACKAGE = Path(__file__).parents[1]
PRETENDING = "SDPLAY_EXECUTOR"  # what it draws with
# Of the environment, what changes how, with how many threads or on which device torch computes. Not those that only
# say how threads wait.
VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OMP_THREAD_LIMIT",
    PRETENDING,
)
PREFIXES = ("DNNL_", "HIP_", "HSA_", "MKL_", "ONEDNN_", "OPENBLAS_", "PYTORCH_", "TORCH_")

Fingerprint = Mapping[str, str]


def fingerprint() -> dict[str, str]:
    """That of this process: program, Python, cores, and each variable of the environment that is set."""
    found = {
        "version": VERSION,
        "python": f"{sys.prefix} {sys.version}",
        "files": str(newest(PACKAGE)),
        "packages": " ".join(str(time_of(path)) for path in sys.path if path.endswith("-packages")),
        "cores": " ".join(map(str, sorted(cores()))),
    }
    named = {name: value for name, value in os.environ.items() if name in VARIABLES or name.startswith(PREFIXES)}
    return found | {f"${name}": value for name, value in named.items()}


def difference(service: Fingerprint, own: Fingerprint) -> str:
    """In what a service differs from who asks it to draw, in a few words that go on from "the service"; empty if in
    nothing.
    """
    return next(differences(service, own), "")


def differences(service: Fingerprint, own: Fingerprint) -> Iterator[str]:
    said = {
        "version": f"is sdplay {service.get('version')}, and this is {own.get('version')}",
        "python": "runs in another Python environment",
        "files": "began before the program's files were changed",
        "packages": "began before the installed packages were changed",
        "cores": "may use other processor cores",
    }
    for name, words in said.items():
        if service.get(name) != own.get(name):
            yield words
    for name in sorted((service.keys() | own.keys()) - said.keys()):
        if service.get(name) != own.get(name):
            has = f"has {name[1:]}={service[name]}" if name in service else f"does not have {name[1:]} set"
            yield has[:100]


def newest(folder: Path) -> int:
    """When the newest Python file below `folder` was changed, in nanoseconds."""
    latest, folders = 0, [str(folder)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    latest = max(latest, entry.stat().st_mtime_ns)
                elif "." not in entry.name and entry.name != "__pycache__" and entry.is_dir():
                    folders.append(entry.path)
    return latest


def time_of(path: str) -> int:
    with suppress(OSError):
        return os.stat(path).st_mtime_ns
    return 0


def cores() -> set[int]:
    """The processor cores that this process may use; none where the system does not say."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()

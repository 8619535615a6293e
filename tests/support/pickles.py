"""Checkpoints in torch's pickled form: honest ones, and ones that want to do harm."""

from __future__ import annotations

import os
import pickle
import sys
import types
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from tests.support.headers import SD15


def pickled(safe: Path, path: Path, *, zipped: bool = True, **beside: Any) -> Path:
    """The weights of the `.safetensors` file `safe` as a training program saves them, in `path`."""
    torch.save({"state_dict": load_file(safe), **beside}, path, _use_new_zipfile_serialization=zipped)
    return path


def small(path: Path) -> Path:
    """A pickle with the names of an SD 1.x checkpoint and hardly a weight."""
    shapes = {name: (8, shape[1], *shape[2:]) if len(shape) > 1 else shape for name, shape in SD15.items()}
    torch.save({"state_dict": {name: torch.zeros(shape) for name, shape in shapes.items()}}, path)
    return path


class Calls:
    """Pickles as a call of `function` with `arguments`, which is what makes opening a pickle run a program."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self.call


def hostile(path: Path, trace: Path, form: str = "zip") -> Path:
    """A file that creates `trace` when a plain pickle reader opens it."""
    harm = {"state_dict": {"weight": torch.zeros(2)}, "more": Calls(os.system, f"touch '{trace}'")}
    if form == "zip":
        torch.save(harm, path)
    elif form == "legacy":
        torch.save(harm, path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(harm["more"], protocol=int(form)))
    return path


def bomb(path: Path, size: int = 50_000_000) -> Path:
    """A zip archive that is a thousand times smaller than what it holds."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, protocol=2))
        archive.writestr("archive/data/0", bytes(size))
    return path


@contextmanager
def lightning() -> Iterator[type]:
    """A class as pytorch_lightning has it, while it is pickled; gone again where it is opened."""
    name = "pytorch_lightning.callbacks.model_checkpoint"
    parts = name.split(".")
    modules = {".".join(parts[: n + 1]): types.ModuleType(".".join(parts[: n + 1])) for n in range(len(parts))}
    kind = type("ModelCheckpoint", (), {"__module__": name})
    modules[name].ModelCheckpoint = kind  # type: ignore[attr-defined]
    sys.modules.update(modules)
    try:
        yield kind
    finally:
        for module in modules:
            del sys.modules[module]

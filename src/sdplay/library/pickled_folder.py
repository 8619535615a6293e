"""Diffusers folders whose weights are pickles (`.bin`): a folder of the same files with `.safetensors` for each."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sdplay.core.errors import StoreError
from sdplay.core.identity import SUFFIXES
from sdplay.files.model_files import PICKLE_HINT, broken, weight_files
from sdplay.library.digest import file_digest
from sdplay.library.pickled import as_safetensors

CONFIGURATIONS = {".json", ".txt", ".model"}


def pickled_weights(component: Path) -> list[Path]:
    """The pickles that a component is loaded from, as `weight_files` chooses; none if it has `.safetensors` too."""
    if weight_files(component) or not component.is_dir():
        return []
    found = sorted(path for path in component.iterdir() if path.suffix.lower() in SUFFIXES[1:] and path.is_file())
    plain = [path for path in found if len(path.suffixes) == 1]
    return plain or [path for path in found if path.suffixes[0].startswith(".fp16")]


def with_safetensors(folder: Path, parts: Iterable[str], digest: str, cache: Path, memory: Path) -> Path:
    """A folder in `cache`, named after the `digest` of `folder`, with its files and `.safetensors` for its pickles.

    `parts` are the folders in it that matter, "" for itself; digests are remembered in `memory`. Raises `ModelBroken`
    as `as_safetensors` does, and `StoreError` where `cache` cannot be written.
    """
    target = cache / digest
    if target.is_dir():
        return target
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="sdplay-", dir=cache) as place:
            made = Path(place) / "model"
            made.mkdir()
            for part in parts:
                _copy(folder / part, made / part, cache, memory)
            if (folder / "model_index.json").is_file():
                shutil.copyfile(folder / "model_index.json", made / "model_index.json")
            with suppress(FileExistsError):
                made.replace(target)
    except OSError as error:
        hint = "free some space, or set XDG_CACHE_HOME (or SDPLAY_HOME) to a folder with room for it"
        raise StoreError(f"cannot write there: {error}", field="cache", value=str(cache), hint=hint) from None
    return target


def _copy(component: Path, target: Path, cache: Path, memory: Path) -> None:
    """The files of a component that can shape a picture; weights are linked where the system can."""
    if not component.is_dir():
        return
    target.mkdir(exist_ok=True)
    for path in component.iterdir():
        if path.suffix in CONFIGURATIONS and path.is_file() and not path.name.endswith(".index.json"):
            shutil.copyfile(path, target / path.name)
    for path in weight_files(component):
        _place(path.resolve(), target / path.name, os.symlink)
    for path in pickled_weights(component):
        made = as_safetensors(path, file_digest(path, memory), cache)
        _place(made, target / f"{path.stem}.safetensors", os.link)


def _place(path: Path, target: Path, link: Callable[[Path, Path], None]) -> None:
    try:
        link(path, target)
    except OSError:  # a system without such links, or a user without the right to make them
        shutil.copyfile(path, target)


def refuse_pickles(folder: Path, parts: Iterable[str]) -> None:
    """Raise `ModelBroken` that says what to do where a component's weights are pickles alone."""
    for part in parts:
        found = pickled_weights(folder / part)
        if found:
            where = f"{part}/{found[0].name}" if part else found[0].name
            raise broken(f"its weights are a pickle, {where}", folder, PICKLE_HINT)

"""The files that a task is drawn from, on machines that may not have them: by their path where that holds the same
bytes, else sent, once a machine.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from sdplay.executors.fingerprint import PACKAGE
from sdplay.families import COMPONENTS
from sdplay.library.depth_models import depth_place
from sdplay.library.digest import SHAPING_SUFFIXES, file_digest
from sdplay.library.library import cache_of, library_from_env
from sdplay.tasks import DrawTask, Task

PART = 32 * 2**20  # bytes that are sent at a time
INDEX = "model_index.json"
KEPT = "cluster"  # where in the cache what was sent is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """A file below the folder of a `Place` ("" for the place itself): its size in bytes and its sha256."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file or folder on the machine that asks: its `path` there, or that below our own package (`within`)."""

    path: str
    within: str
    files: tuple[NamedFile, ...]

    @property
    def digest(self) -> str:
        lines = "".join(f"{file.name}:{file.digest}\n" for file in self.files)
        return hashlib.sha256(f"{Path(self.path).name}\n{lines}".encode()).hexdigest()


def places_of(task: Task, folder: Path) -> tuple[Place, ...]:
    """The places that `task` names, whose paths are relative to `folder`; raises `OSError` for one that is gone."""
    if not isinstance(task, DrawTask):
        return ()
    named = [str(task.model.path), *(str(add_on.path) for add_on in task.model.add_ons)]
    named += [asset.path for asset in task.recipe.assets.values()]
    return tuple(place_at(folder / depth_place(path), path) for path in dict.fromkeys(named))


def place_at(path: Path, named: str) -> Place:
    memory = library_from_env(os.environ).digests
    found = ((name, path / name if name else path) for name in names_below(path))
    files = tuple(NamedFile(name=name, size=one.stat().st_size, digest=file_digest(one, memory)) for name, one in found)
    within = path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else ""
    return Place(path=named, within=within, files=files)


def names_below(path: Path) -> Iterator[str]:
    """The files in a folder that shape a picture, by their names in it; "" for a file."""
    if not path.is_dir():
        yield ""
        return
    parts = [path / part for part in COMPONENTS] if (path / INDEX).is_file() else [path]
    for part in parts:
        for file in sorted(part.rglob("*")) if part.is_dir() else ():
            if file.suffix in SHAPING_SUFFIXES and file.is_file():
                yield file.relative_to(path).as_posix()
    if (path / INDEX).is_file():
        yield INDEX


class Depot:
    """The files of places, on a machine that draws: where they are, and what of them is missing."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root if root is not None else cache_of(os.environ) / KEPT
        self._found: dict[str, Path] = {}
        self._own = secrets.token_hex(8)  # several workers of a machine may be sent the same file

    def lacking(self, places: Sequence[Place], folder: Path) -> list[tuple[Place, NamedFile]]:
        """The files that are not here, neither where they were nor kept from an earlier time."""
        missing: list[tuple[Place, NamedFile]] = []
        for place in places:
            where = self._where(place, folder)
            if where is None:
                kept = self.kept(place)
                missing += [(place, file) for file in place.files if not is_same(at(kept, file), file)]
                self._found[place.path] = kept
            else:
                self._found[place.path] = where
        return missing

    def _where(self, place: Place, folder: Path) -> Path | None:
        candidates = [folder / place.path] + ([PACKAGE / place.within] if place.within else [])
        for path in candidates:
            if all(is_same(at(path, file), file) for file in place.files):
                return path
        return None

    def kept(self, place: Place) -> Path:
        return self._root / place.digest / (Path(place.path).name or "file")

    def receive(self, place: Place, file: NamedFile, number: int, part: bytes) -> None:
        """Write part `number` of a file that is sent, beside where it will be."""
        hidden = self._hidden(place, file)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        with hidden.open("r+b" if hidden.exists() else "w+b") as out:
            out.seek(number * PART)
            out.write(part)

    def keep(self, place: Place, file: NamedFile) -> None:
        """Give a file that was sent its name; raises `OSError` for other bytes than were promised."""
        hidden = self._hidden(place, file)
        if not file.size:
            hidden.parent.mkdir(parents=True, exist_ok=True)
            hidden.touch()
        with hidden.open("rb") as sent:
            found = hashlib.file_digest(sent, "sha256").hexdigest()
        if found != file.digest:
            hidden.unlink()
            raise OSError(f"{file.name or place.path} was changed on its way")
        os.replace(hidden, at(self.kept(place), file))

    def _hidden(self, place: Place, file: NamedFile) -> Path:
        path = at(self.kept(place), file)
        return path.with_name(f".sdplay-{self._own}-{path.name}")

    def localized(self, task: Task) -> Task:
        """`task` with the paths of this machine, `lacking` having found nothing."""
        if not isinstance(task, DrawTask):
            return task
        here, model, recipe = self._found, task.model, task.recipe
        add_ons = tuple(replace(one, path=moved(one.path, here)) for one in model.add_ons)
        model = replace(model, path=moved(model.path, here), add_ons=add_ons)
        if recipe.assets:
            assets = {role: replace(asset, path=str(moved(asset.path, here))) for role, asset in recipe.assets.items()}
            request = recipe.request.model_copy(update={role: asset.path for role, asset in assets.items()})
            recipe = replace(recipe, request=request, assets=assets)
        return replace(task, model=model, recipe=recipe)


def at(place: Path, file: NamedFile) -> Path:
    return place / file.name if file.name else place


def moved(path: str | Path, here: Mapping[str, Path]) -> Path:
    return here.get(str(path), Path(path))


def is_same(path: Path, file: NamedFile) -> bool:
    """Whether `path` holds those bytes; what was hashed once is remembered."""
    try:
        return path.is_file() and path.stat().st_size == file.size and digest_at(path) == file.digest
    except OSError:
        return False


def digest_at(path: Path) -> str:
    return file_digest(path, library_from_env(os.environ).digests)


def parts_of(path: Path, size: int = PART) -> Iterator[bytes]:
    """A file in parts."""
    with path.open("rb") as file:
        yield from iter(partial(file.read, size), b"")

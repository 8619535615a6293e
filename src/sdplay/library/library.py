"""Where models stand on this machine: the home of this program and the folders of other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sdplay.core.errors import ModelNotFound
from sdplay.core.identity import SUFFIXES
from sdplay.library.fetch import fetch
from sdplay.library.locations import DEEPEST, FolderType, locations, webui_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`home` is where this program keeps things, `roots` are folders (or extra_model_paths.yaml files) to look for
    names in, `folders` more of them by what they hold, `cache` is for what can be made again, `fetch` gets hub models.
    With `allow_pickle` pickles on them are opened, whatever a request says.
    """

    home: Path
    roots: tuple[Path, ...] = ()
    folders: Mapping[FolderType, tuple[Path, ...]] = field(default_factory=dict[FolderType, tuple[Path, ...]])
    cache: Path = Path()
    fetch: Callable[[str], Path] = field(default=fetch)
    allow_pickle: bool = False

    @property
    def digests(self) -> Path:
        return self.home / "digests"

    @property
    def converted(self) -> Path:
        """Where the safetensors forms of pickles are kept."""
        return self.cache / "converted"

    def models(self) -> Iterator[tuple[str, Path]]:
        """(name, path) of every model in the library: checkpoints by stem, folders by name; each path once."""
        return self.files("checkpoints")

    def files(self, sort: FolderType) -> Iterator[tuple[str, Path]]:
        """(name, path) of every file of a `sort` in the library; each once, by whatever path it is reached.

        Raises `BadRequest` for an extra_model_paths.yaml that cannot be read.
        """
        seen: set[tuple[int, int]] = set()
        more = ((folder, DEEPEST) for folder in self.folders.get(sort, ()))
        known = (place for root in (*self.roots, self.home / "models") for place in locations(root, sort))
        for folder, depth in (*more, *known):
            for path in _below(folder, depth):
                state = path.stat()
                if (state.st_dev, state.st_ino) not in seen:
                    seen.add((state.st_dev, state.st_ino))
                    yield (path.stem if path.suffix.lower() in SUFFIXES else path.name), path

    def find(self, name: str) -> Path | None:
        """The one model called `name`, with or without its suffix; raises `ModelNotFound` where two are."""
        found = [path for stem, path in self.models() if name in {stem, path.name}]
        found = [path for path in found if path.suffix == ".safetensors" or path.is_dir()] or found
        if len(found) > 1:
            hint = "give one of their paths: " + ", ".join(map(str, found))
            raise ModelNotFound(f"{len(found)} models have this name", field="model", value=name, hint=hint)
        return found[0] if found else None


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Weights and diffusers folders in `folder` and `depth` levels below it; a folder we may not see is empty."""
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                if (path / "model_index.json").is_file():
                    yield path
                elif depth:
                    yield from _below(path, depth - 1)
            elif path.suffix.lower() in SUFFIXES and path.is_file():
                yield path


def library_from_env(environment: Mapping[str, str], token: str | None = None) -> Library:
    """The library that SDPLAY_HOME and SDPLAY_MODELS (folders, separated as in PATH) speak of, and A1111's flags.

    `token` is for the hub, instead of the one that HF_TOKEN or a login says.
    """
    listed = environment.get("SDPLAY_MODELS", "").split(os.pathsep)
    roots = tuple(Path(entry).expanduser() for entry in listed if entry.strip())
    home = home_of(environment)
    return Library(
        home=home,
        roots=roots,
        folders=webui_folders(environment),
        cache=cache_of(environment),
        fetch=partial(fetch, token=token, memory=home / "digests"),
    )


def home_of(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """SDPLAY_HOME, else the place where programs of this platform keep their data."""
    if environment.get("SDPLAY_HOME"):
        return Path(environment["SDPLAY_HOME"]).expanduser()
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sdplay"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sdplay"
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sdplay"


def cache_of(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """`cache` below SDPLAY_HOME, else the place where programs of this platform keep what can be made again."""
    if environment.get("SDPLAY_HOME") or platform == "win32":
        return home_of(environment, platform) / "cache"
    if platform == "darwin":
        return Path.home() / "Library" / "Caches" / "sdplay"
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sdplay"

"""Where models stand on this machine: the home of this program and the folders of other programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sdplay.core.errors import ModelNotFound
from sdplay.models.fetch import fetch

# Below each root; "" is the root itself. A1111 and Forge; ComfyUI and Fooocus; a folder of either's checkpoints.
PLACES = ("", "models/Stable-diffusion", "models/checkpoints", "Stable-diffusion", "checkpoints", "models/diffusers")
SUFFIXES = (".safetensors", ".ckpt", ".pt")
DEEPEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """`home` is where this program keeps things, `roots` are folders to look for names in, `fetch` gets hub models."""

    home: Path
    roots: tuple[Path, ...] = ()
    fetch: Callable[[str], Path] = field(default=fetch)

    @property
    def digests(self) -> Path:
        return self.home / "digests"

    def models(self) -> Iterator[tuple[str, Path]]:
        """(name, path) of every model on the shelves: checkpoints by stem, folders by name; each path once."""
        seen: set[Path] = set()
        for root in (*self.roots, self.home / "models"):
            for place in PLACES:
                for path in _below(root / place, depth=DEEPEST if place else 0):
                    if path not in seen:
                        seen.add(path)
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
    """Checkpoints and diffusers folders in `folder` and `depth` levels below it; a folder we may not see is empty."""
    with suppress(OSError):
        for path in sorted(folder.iterdir()):
            if path.is_dir():
                if (path / "model_index.json").is_file():
                    yield path
                elif depth:
                    yield from _below(path, depth - 1)
            elif path.suffix.lower() in SUFFIXES:
                yield path


def shelves_of(environment: Mapping[str, str]) -> Shelves:
    """The shelves that SDPLAY_HOME and SDPLAY_MODELS (folders, separated as in PATH) speak of."""
    listed = environment.get("SDPLAY_MODELS", "").split(os.pathsep)
    roots = tuple(Path(entry).expanduser() for entry in listed if entry.strip())
    return Shelves(home=home_of(environment), roots=roots)


def home_of(environment: Mapping[str, str], platform: str = sys.platform) -> Path:
    """SDPLAY_HOME, else the place where programs of this platform keep their data."""
    if environment.get("SDPLAY_HOME"):
        return Path(environment["SDPLAY_HOME"]).expanduser()
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "sdplay"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sdplay"
    return Path(environment.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "sdplay"

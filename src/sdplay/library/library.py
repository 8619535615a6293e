"""Where models are on this machine: the home of this program, and the folders of other programs.

Those are found by folder names, ComfyUI's extra_model_paths.yaml and A1111's flags.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sdplay.core.errors import BadRequest, ModelNotFound
from sdplay.core.identity import SUFFIXES
from sdplay.files.regular import read_regular_text
from sdplay.library.fetch import fetch

FolderType = Literal["checkpoints", "loras", "vae", "embeddings", "controlnet", "vae_approx"]
FOLDER_TYPES: tuple[FolderType, ...] = get_args(FolderType)
# Below an application's folder or its folder of models; A1111 and Forge; ComfyUI and Fooocus.
BELOW: dict[FolderType, tuple[str, ...]] = {
    "checkpoints": ("models/Stable-diffusion", "models/checkpoints", "Stable-diffusion", "checkpoints"),
    "loras": ("models/Lora", "models/loras", "Lora", "loras"),
    "vae": ("models/VAE", "models/vae", "VAE", "vae"),
    "embeddings": ("embeddings", "models/embeddings"),
    "controlnet": ("models/ControlNet", "models/controlnet", "ControlNet", "controlnet"),
    "vae_approx": ("models/VAE-approx", "models/vae_approx", "VAE-approx", "vae_approx"),
}
FOLDERS = ("models/diffusers", "diffusers")  # of whole diffusers folders
LISTING = "extra_model_paths.yaml"
FLAGS: dict[str, FolderType] = {
    "--ckpt-dir": "checkpoints",
    "--lora-dir": "loras",
    "--vae-dir": "vae",
    "--embeddings-dir": "embeddings",
    "--controlnet-dir": "controlnet",
}
SERVICE, RUNNING = "service", "running.json"  # below the home: the folder of a service, and how one that runs is found
DEEPEST = 3  # levels of folders that are searched below such a place


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """`home` is where this program keeps things, `roots` are folders (or extra_model_paths.yaml files) to look for
    names in, `folders` more of them by what they hold, `cache` is for what can be made again, `fetch` downloads
    hub models. With `allow_pickle` pickles in it are opened, whatever a request says.
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


def locations(root: Path, sort: FolderType) -> Iterator[tuple[Path, int]]:
    """(folder, levels to search below it) of every place for files of a `sort` that `root` stands for.

    `root` is an application's folder, a folder of models or of checkpoints alone, or a file as ComfyUI's
    extra_model_paths.yaml, which is also read from such a folder. Raises `BadRequest` for a damaged one.
    """
    if root.suffix.casefold() in {".yaml", ".yml"}:
        yield from ((folder, DEEPEST) for folder in read_extra_model_paths(root)[sort])
        return
    if sort == "checkpoints":
        of_an_application = any((root / place).is_dir() for sort in FOLDER_TYPES for place in BELOW[sort])
        yield root, 0 if of_an_application else DEEPEST
        yield from ((root / place, DEEPEST) for place in FOLDERS)
    yield from ((root / place, DEEPEST) for place in BELOW[sort])
    if (root / LISTING).is_file():
        yield from ((folder, DEEPEST) for folder in read_extra_model_paths(root / LISTING)[sort])


def read_extra_model_paths(path: Path) -> dict[FolderType, list[Path]]:
    """The folders that an extra_model_paths.yaml lists, by sort; raises `BadRequest` for one that cannot be read.

    A section has a `base_path` (relative to the folder of the file) and a value for each sort, of one
    folder a line. Sections and keys of other programs are nothing to us.
    """
    import yaml

    try:
        content = yaml.safe_load(read_regular_text(path))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise _unreadable(path, str(error).replace("\n", " ")) from None
    if not isinstance(content, dict | None):
        raise _unreadable(path, "it holds no sections")
    found: dict[FolderType, list[Path]] = {sort: [] for sort in FOLDER_TYPES}
    for section in cast(dict[Any, Any], content or {}).values():
        if not isinstance(section, dict):
            continue
        entries = cast(dict[str, Any], section)
        base = path.parent / _expanded(str(entries.get("base_path") or ""))
        for sort in FOLDER_TYPES:
            value = entries.get(sort) or ""
            if not isinstance(value, str):
                raise _unreadable(path, f"its {sort} is not a text, but {value!r}")
            found[sort] += [base / _expanded(line.strip()) for line in value.splitlines() if line.strip()]
    return found


def _expanded(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def _unreadable(path: Path, why: str) -> BadRequest:
    hint = "a file as ComfyUI's extra_model_paths.yaml: sections with base_path, checkpoints, loras, …"
    return BadRequest(f"it cannot be read: {why}", field="SDPLAY_MODELS", value=str(path), hint=hint)


def webui_folders(environment: Mapping[str, str]) -> dict[FolderType, tuple[Path, ...]]:
    """The folders that A1111's COMMANDLINE_ARGS name with --ckpt-dir and its like, by sort."""
    try:
        words = shlex.split(environment.get("COMMANDLINE_ARGS", ""), posix=os.name != "nt")
    except ValueError:  # an open quote; these are another program's flags, and no business of ours to judge
        return {}
    found: dict[FolderType, tuple[Path, ...]] = {}
    for at, word in enumerate(words):
        flag, _, value = word.partition("=")
        value = value or next(iter(words[at + 1 : at + 2]), "")
        if flag in FLAGS and value and not value.startswith("--"):
            found[FLAGS[flag]] = (*found.get(FLAGS[flag], ()), Path(value.strip("\"'")).expanduser())
    return found

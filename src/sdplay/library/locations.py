"""Where the programs of the field keep their files: folder names, ComfyUI's extra_model_paths.yaml, A1111's flags."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sdplay.core.errors import BadRequest
from sdplay.files.regular import read_regular_text

FolderType = Literal["checkpoints", "loras", "vae", "embeddings", "controlnet"]
FOLDER_TYPES: tuple[FolderType, ...] = get_args(FolderType)

# Below an application's folder or its folder of models; A1111 and Forge; ComfyUI and Fooocus.
BELOW: dict[FolderType, tuple[str, ...]] = {
    "checkpoints": ("models/Stable-diffusion", "models/checkpoints", "Stable-diffusion", "checkpoints"),
    "loras": ("models/Lora", "models/loras", "Lora", "loras"),
    "vae": ("models/VAE", "models/vae", "VAE", "vae"),
    "embeddings": ("embeddings", "models/embeddings"),
    "controlnet": ("models/ControlNet", "models/controlnet", "ControlNet", "controlnet"),
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
DEEPEST = 3  # levels of folders that are searched below such a place


def locations(root: Path, sort: FolderType) -> Iterator[tuple[Path, int]]:
    """(folder, levels to search below it) of every place for files of a `sort` that `root` stands for.

    `root` is an application's folder, a folder of models or of checkpoints alone, or a file as ComfyUI's
    extra_model_paths.yaml, which is also heeded where it lies in such a folder. Raises `BadRequest` for a damaged one.
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

    A section has a `base_path` (from the file's own folder where it is relative) and a value for each sort, of one
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

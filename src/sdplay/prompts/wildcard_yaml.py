"""Wildcards in YAML files: lists of options under nested keys, `a: {b: [red, blue]}` for `__a/b__`.

This is how the collections for A1111's dynamic prompts are written; the name of the file is no part of a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import cast

from sdplay.core.errors import BadRequest

SUFFIXES = (".yaml", ".yml")
LARGEST = 2_000_000  # bytes of a file
MOST = 200_000  # keys and options, counted as often as they are referred to
HINT = "keys with lists of texts below them, in UTF-8"
Options = dict[str, tuple[str, ...]]


def yaml_wildcards(folder: Path) -> Options:
    """The options in all YAML files in `folder`, and in the folders in it, by name.

    Raises `BadRequest` for a file that cannot be read, or holds something else.
    """
    found: Options = {}
    for path in sorted(folder.rglob("*.y*ml")) if folder.is_dir() else ():
        if path.suffix in SUFFIXES and path.resolve().is_relative_to(folder.resolve()):
            for name, options in read_yaml(path).items():
                found[name] = (*found.get(name, ()), *options)
    return found


def matching_options(pattern: str, known: Options) -> tuple[str, ...]:
    """The options under all names that `pattern` fits, whose `*` stands for a part between slashes."""
    parts = pattern.split("/")
    fitting = (
        options
        for name, options in sorted(known.items())
        if len(name.split("/")) == len(parts) and all(map(fnmatchcase, name.split("/"), parts))
    )
    return tuple(option for options in fitting for option in options)


def read_yaml(path: Path) -> Options:
    """The options in one file."""
    import yaml

    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        return dict(leaves(yaml.safe_load(path.read_text(encoding="utf-8-sig")), (), [MOST]))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).replace("\n", " ")
        raise BadRequest(f"cannot be read: {why}", field="wildcards", value=str(path), hint=HINT) from None


def leaves(node: object, above: tuple[str, ...], room: list[int]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(name, options) of every list below `node`; `room` counts down what may still be looked at."""
    room[0] -= len(cast(list[object], node)) if isinstance(node, dict | list) else 1
    if room[0] < 0:
        raise ValueError(f"it holds more than {MOST:,} options")
    if isinstance(node, Mapping):
        for key, below in cast(Mapping[object, object], node).items():
            yield from leaves(below, (*above, str(key)), room)
    elif node is not None:
        listed = cast(list[object], node) if isinstance(node, list) else [node]
        if not above or any(isinstance(each, dict | list) for each in listed):
            raise ValueError(f"{'/'.join(above) or 'it'} is no list of texts")
        options = tuple(text for each in listed if (text := str(each).strip()))
        if any("\0" in option for option in options):
            raise ValueError("it holds a NUL character")
        yield "/".join(above), options

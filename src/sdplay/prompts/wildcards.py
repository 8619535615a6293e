"""Wildcard files: `name.txt`, an option on each line, `#` before comments, in a folder and the folders in it; beside
them YAML files with lists of options under nested keys, `a: {b: [red, blue]}` for `__a/b__`, as the collections for
A1111's dynamic prompts are written (the name of such a file is not part of a name).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import cast

from sdplay.core.errors import BadRequest
from sdplay.files.regular import read_regular, read_regular_text
from sdplay.prompts.template import Wildcards, template, unknown_hint, wildcard_names

LARGEST_FILE = 2_000_000  # bytes
SUFFIXES = (".yaml", ".yml")
MOST = 200_000  # keys and options of a YAML file, counted as often as they are referred to
HINT = "keys with lists of texts below them, in UTF-8"
Options = dict[str, tuple[str, ...]]  # of the YAML files in a folder, by name
LARGEST = 500_000  # characters of all that one recipe names: every picture's file holds them


def read_wildcards(texts: Iterable[str], folder: Path, known: Wildcards | None = None) -> dict[str, tuple[str, ...]]:
    """The lines of every wildcard that `texts`, or lines of wildcards in them, name; those in `known` are taken as they
    are, all others from files in `folder`. A name may hold `/` and `*`; what several files match is put together.

    Raises `BadRequest` for a wildcard without a file, a file without options or that is not text, and for more than
    500,000 characters in all.
    """
    found: dict[str, tuple[str, ...]] = {}
    listed: Options | None = None
    wanted = names_in(texts)
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        given = (known or {}).get(name)
        if given is None:
            listed = yaml_wildcards(folder) if listed is None else listed
            given = read_wildcard(name, folder, listed)
        found[name] = tuple(given)
        size = sum(len(line) for lines in found.values() for line in lines)
        if size > LARGEST:
            reason = f"its wildcards hold {size:,} characters, and {LARGEST:,} is the most"
            raise BadRequest(reason, field="wildcards", value=name, hint="split the file into several")
        wanted += names_in(found[name])
    return dict(sorted(found.items()))


def names_in(texts: Iterable[str]) -> list[str]:
    return [name for text in texts if "__" in text for name in wildcard_names(template(text))]


def read_wildcard(name: str, folder: Path, listed: Options) -> tuple[str, ...]:
    """The options of one wildcard: the lines of its files, then those of the `listed` names that it fits."""
    files = sorted(matching(name, folder))
    options = matching_options(name, listed)
    if not files and not options:
        there = [str(PurePosixPath(path.relative_to(folder).with_suffix(""))) for path in folder.rglob("*.txt")]
        reason = f"there is no {name}.txt in {folder}" + (", and no such key in its YAML files" if listed else "")
        raise BadRequest(reason, field="wildcards", value=f"__{name}__", hint=unknown_hint([*there, *listed]))
    lines = [beside(line, file, folder, listed) for file in files for line in read_lines(file)]
    if not lines and not options:
        reason = "holds no option"
        raise BadRequest(reason, field="wildcards", value=str(files[0]), hint="write one on each line")
    return (*lines, *options)


def beside(line: str, file: Path, folder: Path, listed: Options) -> str:
    """`line` of `file`; a wildcard that exists only in the folder of that file gets the folder before its name."""
    above = file.parent.relative_to(folder).as_posix()
    for name in names_in([line]) if above != "." else ():
        full = f"{above}/{name}"
        if not any(matching(name, folder)) and not matching_options(name, listed) and any(matching(full, folder)):
            line = line.replace(f"__{name}__", f"__{full}__")
    return line


def wildcard_files(folder: Path) -> list[str]:
    """The names of all wildcards in `folder`: those of text files and the keys of YAML files; [] without one."""
    if not folder.is_dir():
        return []
    texts = [
        path.relative_to(folder).with_suffix("").as_posix()
        for path in folder.rglob("*.txt")
        if path.is_file() and path.resolve().is_relative_to(folder.resolve())
    ]
    return sorted({*texts, *yaml_wildcards(folder)})


def matching(name: str, folder: Path) -> Iterator[Path]:
    """The files of a wildcard; nothing outside of `folder`."""
    if ".." in name.split("/") or not folder.is_dir():
        return
    for path in sorted(folder.glob(f"{globbed(name)}.txt")):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            yield path


def globbed(name: str) -> str:
    """The pattern of paths that `name` stands for: `**` as a part is any folders, at the end with all in them."""
    parts = [part if part == "**" else part.replace("**", "*") for part in name.split("/")]
    return "/".join([*parts, "*"] if parts[-1] == "**" else parts)


def read_text(file: Path) -> str:
    """The text of a file in UTF-8, or in the code page of old Windows programs; raises `ValueError` and `OSError`."""
    content = read_regular(file, LARGEST_FILE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252")


def read_lines(file: Path) -> list[str]:
    try:
        text = read_text(file)
        if "\0" in text:
            raise ValueError("it holds a NUL character")
    except (OSError, ValueError) as error:
        why = f"cannot be read: {error}"
        raise BadRequest(why, field="wildcards", value=str(file), hint="a text file in UTF-8") from None
    lines = map(str.strip, text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


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
    if "**" in parts:  # as many parts as there are
        deep = (options for name, options in sorted(known.items()) if fnmatchcase(name, pattern))
        return tuple(option for options in deep for option in options)
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
        return dict(leaves(yaml.safe_load(read_regular_text(path, LARGEST_FILE)), (), [MOST]))
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
            raise ValueError(f"{'/'.join(above) or 'it'} is not a list of texts")
        options = tuple(text for each in listed if (text := str(each).strip()))
        if any("\0" in option for option in options):
            raise ValueError("it holds a NUL character")
        yield "/".join(above), options

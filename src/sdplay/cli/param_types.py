"""What a flag's value can be, beyond what click knows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from sdplay.core.errors import BadRequest
from sdplay.core.values import read_size

OTHER_KINDS = {"jpg": "jpeg", "jpe": "jpeg"}  # endings of files that are called otherwise
# Endings that a name of a picture or a film has, and hardly a folder's.
FILE_ENDINGS = {".png", ".webp", ".jpg", ".jpeg", ".avif", ".gif", ".apng", ".mp4", ".webm", ".mkv", ".mov"}


class Size(click.ParamType):
    """A pair of sides, width first."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        size = read_size(str(value))
        if size is None:
            self.fail(f"{value!r} is not a size; write 256 or 256x384", param, ctx)
        return size


class Choice(click.Choice[str]):
    """Names that `--help` shows; the request understands or refuses any other name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        known = {name.casefold(): name for name in self.choices}
        return known.get(str(value).casefold(), value)


class Numbers(click.ParamType):
    """Numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return tuple(float(part) if "." in part else int(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of numbers; write 1,2,3", param, ctx)


class NameOrNumbers(Numbers):
    """A name, or numbers with commas between them."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and "," in value:
            return tuple(float(number) for number in super().convert(value, param, ctx))
        return value


class Number(click.types.FloatParamType):
    """A number with a decimal point."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number; write 0.6", param, ctx)


class FileKind(click.Choice[str]):
    """Kinds of files, whatever their case, also as the ending of a file: .JPG is jpeg."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        ending = str(value).casefold().removeprefix(".")
        kind = OTHER_KINDS.get(ending, ending)
        return super().convert(kind if kind in self.choices else value, param, ctx)


class Folder(click.Path):
    """A folder that is there or will be made; the name of a file is refused, since nobody means a folder by it.

    `instead` says what names the files.
    """

    def __init__(self, instead: str) -> None:
        super().__init__(path_type=Path)
        self._instead = instead

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        folder = Path(os.fsdecode(super().convert(value, param, ctx)))
        there = os.path.isfile(folder)
        if there or (folder.suffix.lower() in FILE_ENDINGS and not os.path.lexists(folder)):
            reason = f"is {'a file' if there else 'the name of a file'}, and a folder is meant"
            name = max(param.opts, key=len) if param is not None else None
            raise BadRequest(reason, field=name, value=str(folder), hint=self._instead)
        return folder

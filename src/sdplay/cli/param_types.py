"""What a flag's value can be, beyond what click knows."""

from __future__ import annotations

import math
import os
import re
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


class Finite(click.FloatRange):
    """A number within a range, neither infinite nor none at all, both of which click lets through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


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


class UnitRange(click.ParamType):
    """Units as they are typed: "3", "0-99", "7-" to the last, several with commas between them; pairs of the first and
    the last, which is None for the last that there is.
    """

    name = "units"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(self._span(part, param, ctx) for part in value.split(","))

    def _span(self, text: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int | None]:
        match = re.fullmatch(r"\s*(\d{1,9})\s*(-\s*(\d{0,9}))?\s*", text)
        if match is None:
            self.fail(f"{text!r} is not a range of units; write 3, 0-99, 7- or 3,7-9", param, ctx)
        first = int(match[1])
        last = first if match[2] is None else int(match[3]) if match[3] else None
        if last is not None and last < first:
            self.fail(f"{text!r} ends before it begins", param, ctx)
        return first, last


class Share(click.ParamType):
    """A share of a whole, 0 to 1: "5%" or 0.05."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"\s*(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})\s*(%?)\s*", value)
        share = float(match[1]) / (100 if match[2] else 1) if match is not None else -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is not a share; write 5% or 0.05", param, ctx)
        return share

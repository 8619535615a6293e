"""Frames as they are typed: the first and the last of them.

`--frames 20-30` is a part of a film: of the farm managers that draw films in pieces, and of whoever looks at a few
frames first, most write it that way. Deforum has no such flag, and a number of frames has its own here, `--max-frames`
and `--num`. One number alone could be either, so it is refused, with both ways to say it.
"""

from __future__ import annotations

import re
from typing import Any

import click

LENGTHS = {"num": "--num", "max_frames": "--max-frames"}  # flags that say how many frames a film has, by their field


class FrameRange(click.ParamType):
    """The first and the last of some frames; the last is None for the end of the film, if it may be `open_ended`."""

    name = "range"

    def __init__(self, *, open_ended: bool) -> None:
        self._open_ended = open_ended

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        match = re.fullmatch(r"\s*(\d{0,9})\s*[:-]\s*(\d{0,9})\s*", value)
        if match is None or not (self._open_ended or (match[1] and match[2])):
            self.fail(f"{value!r} is not a range of frames; {self._ways(value, ctx)}", param, ctx)
        first, last = int(match[1] or 0), int(match[2]) if match[2] else None
        if last is not None and last < first:
            self.fail(f"{value!r} ends before it begins", param, ctx)
        return first, last

    def _ways(self, value: str, ctx: click.Context | None) -> str:
        """What to write instead."""
        if self._open_ended:
            return "write 10:20, 10: or :20"
        if not value.strip().isdecimal():
            return "write 20-30, for the frames 20 to 30"
        names = [param.name for param in ctx.command.params] if ctx is not None else []
        lengths = [f"; for a film of {value} frames, {LENGTHS[name]} {value}" for name in names if name in LENGTHS]
        return f"for frame {value} alone, write {value}-{value}{''.join(lengths)}"

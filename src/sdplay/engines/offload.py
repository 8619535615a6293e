"""Parts of a model that take turns in memory: the one that works is filled, and the others are given back first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


class SequentialOffload:
    """Lets one of the named `parts` at a time have its weights; each is some networks with a `block`.

    `dropped` is told the name of a part that gives its weights back. Bits do not depend on any of it.
    """

    def __init__(self, parts: Mapping[str, Sequence[Any]], dropped: Callable[[str], None]) -> None:
        self._parts, self._dropped = parts, dropped
        self._now = ""

    def load(self, name: str) -> None:
        """Bring the weights of the part `name` into memory, in the place of the others.

        Where this is cut off in the middle (Ctrl-C, no memory), whatever is left is dropped at the next turn.
        """
        if name == self._now:
            return
        self._now = ""
        for part, networks in self._parts.items():  # `name` too: it is empty, but where a turn was cut off
            self._dropped(part)
            for network in networks:
                network.weight_buffer.unload()
        for network in self._parts[name]:
            network.weight_buffer.load()
        self._now = name

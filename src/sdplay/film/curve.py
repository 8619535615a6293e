"""A value that changes over a film: keys at frames, and what lies between them. `parse_curve` reads its text.

    schedule := NUMBER | entry ("," entry)* [","]       also a mapping {"0": 1.0, "30": "1+sin(t)"}, or that as JSON
    entry    := frame ":" value [mode]                  0:(0) step, 10:(30) ease, "max_f-1":(sin(t))
    frame    := INT | expression over max_f, s, fps     rounded down; may be quoted
    value    := "(" expression ")" | expression
    mode     := linear | step | hold | ease | ease-in | ease-out | ease-in-out | cosine     up to the next key

A key with a number leads to the next key's value in its mode; a key with an expression is computed at every frame until
the next key (Deforum's rule). Before the first key the first holds, after the last the last. A key beyond the film's
end is led to and cut off, so that a shorter film is the beginning of a longer one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from sdplay.core.errors import BadRequest
from sdplay.film.curve_text import EASINGS, Key, read_keys
from sdplay.film.expression import Expression
from sdplay.film.expression_names import Timeline

SoundAt = Callable[[int], Mapping[str, float]]
FRAME = attrgetter("frame")


@dataclass(frozen=True, slots=True)
class Curve:
    """A schedule, read and checked; `keys` are in the order of their frames.

    `depends_on_length`: some expression asks for `max_f`, so a longer film is another film. `uses_sound`: some
    expression follows the sound.
    """

    name: str
    keys: tuple[Key, ...]
    timeline: Timeline
    depends_on_length: bool
    uses_sound: bool

    def at(self, frame: int, sound: Mapping[str, float] | None = None) -> float:
        """The value at `frame` (0 or more), found in O(log keys); `sound` holds the sound's features at that frame.

        An expression that a number leads to is computed for its own key's frame, with the sound of `frame`. Raises
        `BadRequest` naming schedule, frame and text where the arithmetic fails or the result is not finite.
        """
        place = self._place(frame)
        key = self.keys[place]
        if isinstance(key.value, Expression):
            return self._computed(key, key.value, frame, sound)
        if frame <= key.frame or place + 1 == len(self.keys):
            return key.value
        following = self.keys[place + 1]
        weight = EASINGS[key.mode]((frame - key.frame) / (following.frame - key.frame))
        return key.value if weight == 0 else self._between(key.value, following, weight, sound)

    def is_constant(self, value: float) -> bool:
        """Whether every key says `value` as a number."""
        return all(key.value == value for key in self.keys)

    @property
    def is_number(self) -> bool:
        """Whether it is one number throughout."""
        return len(self.keys) == 1 and isinstance(self.keys[0].value, float)

    def key_at(self, frame: int) -> Key:
        """The key in force at `frame`."""
        return self.keys[self._place(frame)]

    def _place(self, frame: int) -> int:
        return max(bisect_right(self.keys, frame, key=FRAME) - 1, 0)

    def _between(self, start: float, following: Key, weight: float, sound: Mapping[str, float] | None) -> float:
        end = following.value
        if isinstance(end, Expression):
            end = self._computed(following, end, following.frame, sound)
        return start + (end - start) * weight

    def _computed(self, key: Key, value: Expression, frame: int, sound: Mapping[str, float] | None) -> float:
        try:
            return value({**self.timeline.values, **(sound or {}), "t": float(frame)})
        except KeyError as missing:
            reason, hint = f"{missing} is known only where there is sound", "give audio=FILE"
        except BadRequest as wrong:
            reason, hint = wrong.reason, wrong.hint
        raise BadRequest(f"at frame {frame}: {reason}", field=self.name, value=key.text, hint=hint) from None


def parse_curve(
    name: str, given: float | str | Mapping[str, float | str], timeline: Timeline, *, default_mode: str = "linear"
) -> Curve:
    """The curve that `given` says for the schedule `name`; `default_mode` is for keys that name none.

    Raises `BadRequest` (field=`name`) with the entry at fault: what cannot be read, an unknown name, a negative frame,
    two values for one frame, or a feature of sound in a film without.
    """
    keys, used = read_keys(name, given, timeline, default_mode)
    return Curve(name, keys, timeline, "max_f" in used, bool(used - timeline.values.keys() - {"t"}))


def check_range(
    curve: Curve,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    low_open: bool = False,
    high_open: bool = False,
    sound: SoundAt | None = None,
) -> None:
    """Compute every frame that is drawn and raise `BadRequest` at the first that is not finite or outside low … high.

    `low_open` and `high_open` exclude the ends themselves.
    """
    for frame in range(curve.timeline.frames + curve.timeline.beyond):
        value = curve.at(frame, sound(frame) if sound else None)
        above = value > low if low_open else value >= low
        below = value < high if high_open else value <= high
        if not (above and below and math.isfinite(value)):
            raise BadRequest(
                f"at frame {frame} it is {value:.6g}, and must be {_interval(low, high, low_open, high_open)}",
                field=curve.name,
                value=curve.key_at(frame).text,
            )


def _interval(low: float, high: float, low_open: bool, high_open: bool) -> str:
    floor = f"above {low:g}" if low_open else f"at least {low:g}"
    ceiling = f"below {high:g}" if high_open else f"at most {high:g}"
    limits = [text for text, end in ((floor, low), (ceiling, high)) if math.isfinite(end)]
    return " and ".join(limits) or "finite"

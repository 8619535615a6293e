"""The words of a film by frame: `animation_prompts`, and how one prompt gives way to the next.

A prompt may end in ` --neg ` and a negative prompt (Deforum's way), and hold arithmetic between back quotes that is
computed for every frame: `` a (cherry:`1+sin(t)`) tree --neg blurry ``.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from sdplay.core.errors import BadRequest
from sdplay.core.warning import RequestWarning
from sdplay.film.curve import FRAME
from sdplay.film.curve_text import read_expression, read_frame, unquoted
from sdplay.film.expression import Expression
from sdplay.film.expression_names import Timeline

FIELD = "animation_prompts"
MOST_CROSSFADE = 1_000_000
DIGITS = 6

_NEGATIVE = re.compile(r"(?:^|\s)--neg(?:\s|$)")
Prompts = str | Mapping[int | str, str] | Sequence[Sequence[int | str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAt:
    """The words at a frame, and those they give way to by `weight`: 0 is `prompt` alone, near 1 `next_prompt`."""

    prompt: str
    negative: str
    next_prompt: str
    next_negative: str
    weight: float


@dataclass(frozen=True, slots=True)
class Wording:
    """A text of which every second piece is an expression, written out with 6 significant digits."""

    pieces: tuple[str | Expression, ...]

    @property
    def as_written(self) -> str:
        """The text with every expression as a 1, to see its notation."""
        return "".join(p if isinstance(p, str) else "1" for p in self.pieces).strip()

    def at(self, values: Mapping[str, float]) -> str:
        return "".join(p if isinstance(p, str) else f"{p(values):.{DIGITS}g}" for p in self.pieces).strip()


@dataclass(frozen=True, slots=True)
class PromptKey:
    """The words from `frame` on; `text` is as written."""

    frame: int
    prompt: Wording
    negative: Wording
    text: str


@dataclass(frozen=True, slots=True)
class PromptTrack:
    """The words of a whole film; `warnings` says what was understood otherwise than written.

    `interpolation`: hold, blend (from key to key), or crossfade:N (N frames after each change lie between).
    `depends_on_length`: some expression asks for `max_f`. `uses_sound`: some expression follows the sound.
    """

    keys: tuple[PromptKey, ...]
    timeline: Timeline
    interpolation: str
    depends_on_length: bool
    uses_sound: bool
    warnings: tuple[RequestWarning, ...]

    @property
    def is_computed(self) -> bool:
        """Whether there is arithmetic in the words."""
        wordings = (wording for key in self.keys for wording in (key.prompt, key.negative))
        return any(isinstance(piece, Expression) for wording in wordings for piece in wording.pieces)

    def at(self, frame: int, sound: Mapping[str, float] | None = None) -> PromptAt:
        """The words at `frame`, found in O(log keys); `sound` holds the sound's features at that frame.

        Raises `BadRequest` naming frame and text where arithmetic in them fails.
        """
        place = max(bisect_right(self.keys, frame, key=FRAME) - 1, 0)
        start, end, weight = self._way(place, frame)
        prompt, negative = self._words(start, frame, sound)
        to, to_negative = (prompt, negative) if end is start else self._words(end, frame, sound)
        return PromptAt(prompt=prompt, negative=negative, next_prompt=to, next_negative=to_negative, weight=weight)

    def _way(self, place: int, frame: int) -> tuple[PromptKey, PromptKey, float]:
        key = self.keys[place]
        following = self.keys[place + 1] if place + 1 < len(self.keys) else None
        if self.interpolation == "blend" and following is not None and frame > key.frame:
            return key, following, (frame - key.frame) / (following.frame - key.frame)
        if self.interpolation.startswith("crossfade:") and place > 0:
            between = int(self.interpolation.removeprefix("crossfade:"))
            if following is not None:
                between = min(between, following.frame - key.frame)
            if frame - key.frame < between:
                return self.keys[place - 1], key, (frame - key.frame + 1) / (between + 1)
        return key, key, 0.0

    def _words(self, key: PromptKey, frame: int, sound: Mapping[str, float] | None) -> tuple[str, str]:
        """The prompt and the negative prompt of `key` at `frame`."""
        values = {**self.timeline.values, **(sound or {}), "t": float(frame)}
        try:
            return key.prompt.at(values), key.negative.at(values)
        except KeyError as missing:
            reason, hint = f"{missing} is known only where there is sound", "give audio=FILE"
        except BadRequest as wrong:
            reason, hint = wrong.reason, wrong.hint
        raise BadRequest(f"at frame {frame}: {reason}", field=FIELD, value=key.text, hint=hint) from None


def parse_prompts(
    given: Prompts, timeline: Timeline, *, negative: str = "", interpolation: str = "hold"
) -> PromptTrack:
    """The track that `given` says: one text, {frame: text}, such a mapping as JSON, or [[frame, text], …].

    Frames are whole numbers or expressions over `max_f`, `s`, `fps`; `negative` is for prompts without `--neg`. Raises
    `BadRequest` (field animation_prompts) where nothing is given, for broken JSON (with line and column), a text that
    is none, a frame twice, or arithmetic that cannot be read.
    """
    _check_interpolation(interpolation)
    keys: dict[int, PromptKey] = {}
    used: set[str] = set()
    for frame_text, text in _pairs(given):
        try:
            frame, in_frame = read_frame(unquoted(str(frame_text)), timeline)
            prompt, said = split_negative(text)
            unwanted = negative if said is None else said
            key = PromptKey(frame, _wording(prompt, timeline), _wording(unwanted, timeline), text)
        except BadRequest as wrong:
            value = f"{frame_text}: {text}"
            raise BadRequest(wrong.reason, field=FIELD, value=value, hint=wrong.hint) from None
        if keys.get(frame, key).text != text:
            raise BadRequest(f"there are two prompts for frame {frame}", field=FIELD, value=text)
        keys[frame] = key
        used |= in_frame | _used(key.prompt) | _used(key.negative)
    if not keys:
        raise BadRequest("there is no prompt", field=FIELD, value=given, hint='write {"0": "a hill", "60": "a lake"}')
    first = min(keys)
    warnings = (from_the_first(first),) if first > 0 else ()
    ordered = tuple(keys[frame] for frame in sorted(keys))
    heard = bool(used - timeline.values.keys() - {"t"})
    return PromptTrack(ordered, timeline, interpolation, "max_f" in used, heard, warnings)


def from_the_first(frame: int) -> RequestWarning:
    """That the prompt of `frame` is that of the frames before it too, for which there is none."""
    message = f"{FIELD}: the first prompt is for frame {frame}; it holds from frame 0"
    return RequestWarning(code="first-prompt", field=FIELD, message=message, values={"frame": frame})


def prompt_pairs(given: Prompts) -> list[tuple[object, str]]:
    """(frame, text) of each prompt in `given`, as written; raises as `parse_prompts` if it is not text or JSON."""
    return _pairs(given)


def split_negative(text: str) -> tuple[str, str | None]:
    """The prompt in `text` and, after ` --neg `, its negative prompt; raises `BadRequest` for more than one."""
    if "--neg" not in text:
        return text, None
    prompt, *negatives = _NEGATIVE.split(text)
    if len(negatives) > 1:
        raise BadRequest("a prompt has at most one --neg", field=FIELD, value=text)
    return prompt, negatives[0] if negatives else None


def joined_negative(prompt: str, negative: str | None) -> str:
    """The inverse of `split_negative`."""
    return prompt if negative is None else f"{prompt} --neg {negative}"


def _check_interpolation(text: str) -> None:
    number = text.removeprefix("crossfade:")
    fades = number != text and number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MOST_CROSSFADE
    if text not in ("hold", "blend") and not fades:
        raise BadRequest(
            "between prompts there is hold, blend or crossfade:N", field="prompt_interpolation", value=text
        )


def _pairs(given: object) -> list[tuple[object, str]]:
    entries = _read_text(given) if isinstance(given, str) else given
    if isinstance(entries, Mapping):
        return [_pair(entry) for entry in cast(Mapping[object, object], entries).items()]
    if isinstance(entries, list | tuple):
        return [_pair(entry) for entry in cast(Sequence[object], entries)]
    raise BadRequest("prompts are a text, {frame: text} or [[frame, text], …]", field=FIELD, value=given)


def _pair(entry: object) -> tuple[object, str]:
    pair = cast(Sequence[object], entry) if isinstance(entry, list | tuple) else ()
    if len(pair) != 2:
        raise BadRequest("an entry of prompts is [frame, text]", field=FIELD, value=cast(object, entry))
    frame, text = pair
    if isinstance(frame, bool) or not isinstance(frame, int | str):
        raise BadRequest("a prompt's frame is a whole number, or an expression", field=FIELD, value=frame)
    if not isinstance(text, str):
        raise BadRequest(f"the prompt for frame {frame} is not text", field=FIELD, value=text)
    return frame, text


def _read_text(text: str) -> object:
    """JSON where the text begins as such, else one prompt for the whole film."""
    stripped = text.strip()
    if not stripped:
        return []
    # a prompt may itself begin with one square bracket: [red:blue:0.5] hair
    if not re.match(r"\{|\[\s*[\[\]]", stripped):
        return [(0, text)]
    try:
        return json.loads(stripped, object_pairs_hook=list)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise BadRequest(f"this is not JSON at {where}: {wrong.msg}", field=FIELD, value=text) from None
    except (RecursionError, ValueError):
        raise BadRequest("this is not JSON that can be read", field=FIELD, value=text) from None


def _wording(text: str, timeline: Timeline) -> Wording:
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        raise BadRequest("a back quote is never closed", hint="write arithmetic as `1+sin(t)`")
    return Wording(tuple(read_expression(p, timeline) if i % 2 else p for i, p in enumerate(pieces) if p or i % 2))


def _used(wording: Wording) -> frozenset[str]:
    return frozenset[str]().union(*(piece.uses for piece in wording.pieces if isinstance(piece, Expression)))

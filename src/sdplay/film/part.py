"""A part of a film: which of its segments must be there so that some of its frames are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from sdplay.core.errors import BadRequest
from sdplay.film.plan import FilmPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The numbers of the `segments` that hold the frames asked for, and of those missing `before` them in a chain."""

    plan: FilmPlan
    segments: range
    before: Collection[int] = ()

    def __contains__(self, number: int) -> bool:
        return number in self.segments or number in self.before

    @property
    def total(self) -> int:
        """How many frames all these segments have."""
        return self._frames(self.segments) + self.frames_before

    @property
    def frames_before(self) -> int:
        return self._frames(self.before)

    def _frames(self, numbers: Collection[int]) -> int:
        length, count = self.plan.segment_length, self.plan.segment_count
        cut = count * length - self.plan.total if count - 1 in numbers else 0  # the last segment may be shorter
        return len(numbers) * length - cut


def part_of(plan: FilmPlan, frames: range | None, is_done: Callable[[int], bool]) -> Part:
    """The segments of `frames` (None: all), and those they wait for that are not done, back to the last one that is.

    A dream's segments wait for none, a clip's at most for the first, whose colours they keep; a key of an animation
    is drawn from the key before it, so all of its scene up to there must have been drawn once.
    """
    if frames is None:
        return Part(plan=plan, segments=range(plan.segment_count))
    length = plan.segment_length
    asked = range(frames.start // length, (frames.stop - 1) // length + 1)
    missing: set[int] = set()
    for number in asked:
        before: int | None = number
        while before is not None and before not in missing and not is_done(before):
            missing.add(before)
            before = plan.segment(before).waits_for
    for number in sorted(missing):  # in the film's order, in which it is quick to say where a scene begins
        needed = {key // length for key in plan.needs(plan.segment(number))}
        missing |= {one for one in needed if not is_done(one)}
    return Part(plan=plan, segments=asked, before=frozenset(missing.difference(asked)))


def check_frames(plan: FilmPlan, frames: range) -> None:
    """Raise `BadRequest` for a part that is empty or has gaps, or that the film of `plan` has not."""
    if len(frames) == 0 or frames.step != 1:
        raise BadRequest("is no part of a film", field="frames", value=str(frames), hint="give range(20, 31)")
    if frames.start < 0 or frames.stop > plan.total:
        reason = f"the film has the frames 0 to {plan.total - 1}"
        raise BadRequest(reason, field="frames", value=frames_text(frames), hint="its length is another setting")


def frames_text(frames: range) -> str:
    """First and last frame, as they are typed: "20-30"."""
    return f"{frames.start}-{frames.stop - 1}"

"""Which segment may be drawn next, and that nobody waits for ever."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.film.job.segment_queue import SegmentQueue
from sdplay.film.plan_animate import AnimationPlan
from sdplay.film.request_animate import Animate
from sdplay.requests.base import make_request
from sdplay.requests.resolve import resolve_request
from tests.support.patience import PATIENCE
from tests.support.recipes import MACHINE, MODEL


def score(frames: int, cuts: set[int]) -> AnimationPlan:
    keys = ", ".join(f"{k}:({1 if k in cuts else 0.5}) step" for k in range(frames))
    fields: dict[str, Any] = {"animation_prompts": "a", "max_frames": frames, "diffusion_cadence": 1}
    return AnimationPlan(resolve_request(make_request(Animate, **fields, strength_schedule=keys), MODEL, MACHINE, 7))


@given(st.integers(1, 24), st.sets(st.integers(0, 23)), st.sets(st.integers(0, 23)), st.randoms())
def test_each_missing_segment_is_handed_out_once_and_after_what_it_waits_for(
    frames: int, cuts: set[int], there: set[int], chance: Any
) -> None:
    """Segments in the middle of what is there may be missing: they were damaged, and are drawn again."""
    plan = score(frames, cuts)
    done = {segment for segment in there if segment < frames}
    missing, given_out, open_segments = set(range(frames)) - done, [], []
    work = SegmentQueue(plan, done.__contains__)
    while missing - done:
        while len(open_segments) < 3 and (segment := work._ready()) is not None:
            work._open.add(segment.number)
            assert segment.waits_for is None or segment.waits_for in done
            assert all(key in done for key in plan.needs(segment))
            given_out.append(segment.number)
            open_segments.append(segment)
        assert open_segments, "nothing can be drawn though something is missing"
        segment = open_segments.pop(chance.randrange(len(open_segments)))
        work.finished([segment], lambda number=segment.number: done.add(number))
    assert sorted(given_out) == sorted(missing)
    assert work.take() is None


def test_who_waits_goes_home_when_the_queue_is_closed() -> None:
    work = SegmentQueue(score(3, set()), set[int]().__contains__)
    assert work.take() is not None
    waiting = threading.Thread(target=work.take)
    waiting.start()
    work.close()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_a_commit_that_fails_leaves_the_queue_usable() -> None:
    work = SegmentQueue(score(2, {1}), set[int]().__contains__)
    segment = work.take()
    assert segment is not None

    def failing() -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011
        work.finished([segment], failing)
    work.close()
    assert work.take() is None

"""A film that differs from another one takes over the segments that come out the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sdplay.core.errors import StoreError
from sdplay.film.job.folder import JobFolder
from sdplay.film.job.frame_file import frame_name, pixel_sha, read_frame
from sdplay.film.job.journal import SegmentRecord
from sdplay.film.job.segments import FRAMES, KEYS, SegmentStore
from sdplay.film.plan import FilmPlan
from sdplay.film.request_dream import Dream
from sdplay.film.schedules import RANGES
from sdplay.requests.recipe import Recipe

# Settings that reach pixels through the samples, moves and grades of single frames alone: those are compared instead.
OF_BOTH = frozenset({"seed", "negative_prompt", "fps"})
OF_DREAMS = OF_BOTH | {
    "prompts",
    "keyframes",
    "seeds",
    "num",
    "frames_per_key",
    "interpolate",
    "path",
    "easing",
    "hold",
    "pace",
    "pace_table",
    "audio_smooth",
    "loop",
    "guidance_scale",
}
OF_ANIMATIONS = (
    OF_BOTH
    | RANGES.keys()
    | {
        "animation_prompts",
        "prompt_interpolation",
        "keyframe_interpolation",
        "max_frames",
        "seed_behavior",
        "seed_iter_N",
        "init_strength",
        "loop_mode",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForkSource:
    """The film that another one is forked from."""

    folder: JobFolder
    plan: FilmPlan


def unchanged_segments(old: FilmPlan, new: FilmPlan) -> Iterator[int]:
    """The numbers of the segments that both films draw from the same samples, and in a chain from the same pictures."""
    if fixed_settings(old.recipe) != fixed_settings(new.recipe) or old.segment_length != new.segment_length:
        return
    changed_chains: set[int] = set()
    for number in range(min(old.segment_count, new.segment_count)):
        before, after, chain = old.segment(number), new.segment(number), new.chain(number)
        same = before == after and old.needs(before) == new.needs(after) and old.content(before) == new.content(after)
        if same and chain == old.chain(number) and chain not in changed_chains:
            yield number
        else:
            changed_chains.add(chain)


def fixed_settings(recipe: Recipe) -> dict[str, Any]:
    """What of `recipe` every frame depends on."""
    of_frames = OF_DREAMS if isinstance(recipe.request, Dream) else OF_ANIMATIONS
    return {name: value for name, value in recipe.to_dict().items() if name not in of_frames}


def frames_in_common(old: FilmPlan, new: FilmPlan) -> int:
    """How many frames of `new` are those of `old`."""
    segments = (new.segment(number) for number in unchanged_segments(old, new))
    return sum(segment.stop - segment.first for segment in segments)


def take_over_segments(source: ForkSource, plan: FilmPlan, segments: SegmentStore, extra: dict[str, Any]) -> None:
    """Copy the unchanged finished segments of `source` into `segments`; `extra` goes into their lines of the journal.

    A segment with a damaged picture is left out, and one with a frame that had to be replaced.
    """
    unchanged = set(unchanged_segments(source.plan, plan))
    for record in source.folder.records():
        segment = plan.segment(record.number) if record.number in unchanged else None
        fits = segment is not None and (record.first, record.stop) == (segment.first, segment.stop)
        if fits and not segments.is_done(record.number) and "rescued" not in record.extra:
            copy_segment(record, source.folder, segments, extra)


def copy_segment(record: SegmentRecord, source: JobFolder, segments: SegmentStore, extra: dict[str, Any]) -> None:
    try:
        frames = {i: read_frame(source.path / FRAMES / frame_name(i)) for i in range(record.first, record.stop)}
        keys = {i: read_frame(source.path / KEYS / frame_name(i)) for i in record.keys}
    except StoreError:
        return
    if any(pixel_sha(frames[i]) != sha for i, sha in enumerate(record.sha, record.first)):
        return
    if any(pixel_sha(keys[i]) != sha for i, sha in record.keys.items()):
        return
    for index, pixels in frames.items():
        segments.write_frame(index, pixels)
    for index, pixels in keys.items():
        segments.write_key(index, pixels)
    segments.finish(replace(record, extra={**record.extra, **extra}))

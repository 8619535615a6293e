"""dream: key pictures, and frames between them in the noise, in the words, or in both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sdplay.core.errors import BadRequest, shorten
from sdplay.core.sample import (
    AnyNoise,
    AnyPrompt,
    CircleNoise,
    LerpPrompt,
    Noise,
    PromptPair,
    Sample,
    Segment,
    SlerpNoise,
    SplineNoise,
)
from sdplay.core.seeding import SEEDS
from sdplay.core.warning import RequestWarning
from sdplay.film.layout import (
    EvenLoop,
    EvenOpen,
    KeyframesLoop,
    KeyframesOpen,
    Layout,
    SpacedLoop,
    SpacedOpen,
    eased,
    even_pace,
    with_hold,
)
from sdplay.film.request_dream import Dream, Keyframe
from sdplay.requests.recipe import Recipe

if TYPE_CHECKING:
    from sdplay.film.audio_features import OnsetPace

USUAL_FRAMES = 120
MOST_MEASURED = 1000
MOST_LISTED = 3  # keys in a warning


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A picture the film walks through, and when."""

    at: float
    prompt: PromptPair
    noise: Noise
    guidance_scale: float
    hold: float


def frames_of(request: Dream) -> int:
    """How many frames `request` asks for; raises `BadRequest` for a loop whose keys do not close it."""
    every = request.frames_per_key
    if request.num is not None:
        if is_closed(request):
            check_closing(request, request.num)
        return request.num
    if request.keyframes:
        return max(USUAL_FRAMES, request.keyframes[-1].frame + 1)
    if every is None:
        return USUAL_FRAMES
    count = len(named_keys(request))
    return count * every if is_closed(request) else (count - 1) * every + 1


def is_closed(request: Dream) -> bool:
    """Whether the film ends where it began."""
    return request.loop or request.path == "circle"


def check_closing(request: Dream, frames: int) -> None:
    """Raise `BadRequest` where the keys do not come round in so many `frames`."""
    reason = hint = ""
    if request.keyframes:
        if frames <= request.keyframes[-1].frame:
            reason, hint = "a loop must go on after its last key", f"more than {request.keyframes[-1].frame}"
    elif request.frames_per_key is not None:
        around = request.frames_per_key * len(named_keys(request))
        if frames % around:
            reason = "a loop must end where its first key would be again"
            hint = f"once round all keys is {around} frames: take {frames // around * around or around}"
    if reason:
        raise BadRequest(reason, field="num", value=frames, hint=hint)


def check_room(request: Dream) -> None:
    """Raise `BadRequest` for fewer frames than prompts that are spread over them, open or in a loop.

    Keys at frames of their own may lie beyond the end: the film begins as a longer one does.
    """
    prompts, frames = len(request.prompts), frames_of(request)
    if request.frames_per_key is None and frames < prompts:
        reason = f"{prompts:,} prompts need at least {prompts:,} frames"
        raise BadRequest(reason, field="num", value=frames, hint="ask for more frames, or for fewer prompts")


def named_keys(request: Dream) -> tuple[Keyframe, ...]:
    """The keys in their full form; a single prompt with a single seed walks on to the next seed."""
    if request.keyframes:
        return request.keyframes
    prompts, seeds = request.prompts, request.seeds
    count = max(len(prompts), len(seeds), 2)
    return tuple(
        Keyframe(frame=0, prompt=prompts[j % len(prompts)], seed=seeds[j % len(seeds)] if seeds else None)
        for j in range(count)
    )


def onset_pace(request: Dream, frames: int) -> OnsetPace:
    """The sound of `request`, decoded and analysed: a second for some minutes of it."""
    from sdplay.film.audio_features import OnsetPace  # loads PyAV: only for films that follow a sound

    return OnsetPace(request, frames)


def layout_of(request: Dream, total: int) -> Layout:
    """How the keys of `request` lie in its `total` frames."""
    keys, spacing = len(named_keys(request)), request.frames_per_key
    if request.keyframes:
        frames = tuple(key.frame for key in request.keyframes)
        kind = KeyframesLoop if is_closed(request) else KeyframesOpen
        return kind(total=total, keys=keys, frames=frames)
    if spacing is not None:
        kind = SpacedLoop if is_closed(request) else SpacedOpen
        return kind(total=total, keys=keys, spacing=spacing)
    return EvenLoop(total=total, keys=keys) if is_closed(request) else EvenOpen(total=total, keys=keys)


class DreamPlan:
    """A dream frame by frame, as data: between which keys each frame lies, and how far."""

    def __init__(self, recipe: Recipe) -> None:
        assert isinstance(recipe.request, Dream)
        self.recipe, self.request = recipe, recipe.request
        self.total = frames_of(self.request)
        self.named = named_keys(self.request)
        self.layout = layout_of(self.request, self.total)
        self.onsets = onset_pace(self.request, self.total) if self.request.pace == "audio" else None
        if self.request.pace == "perceptual" and self.stretches > MOST_MEASURED:
            reason = f"there are {self.stretches} stretches between keys, and {MOST_MEASURED} at most can be measured"
            hint = "take a larger frames_per_key, or pace=uniform"
            raise BadRequest(reason, field="pace", value="perceptual", hint=hint)

    def frame(self, index: int) -> Sample:
        """Frame `index` as data."""
        number, way = self.layout.place(index)
        start, end = self.key(number), self.key(number + 1)
        weight = self._weight(number, index, way, start, end)
        return Sample(
            index=index,
            prompt=self._prompt(start, end, weight),
            noise=self._noise(number, index, weight),
            guidance_scale=start.guidance_scale + weight * (end.guidance_scale - start.guidance_scale),
        )

    @property
    def segment_length(self) -> int:
        """Frames of a segment: as many as one forward pass takes."""
        return self.recipe.numerics.tile

    @property
    def segment_count(self) -> int:
        return -(-self.total // self.segment_length)

    def segment(self, number: int) -> Segment:
        first = number * self.segment_length
        return Segment(number=number, first=first, stop=min(first + self.segment_length, self.total))

    def content(self, segment: Segment) -> tuple[object, ...]:
        """The samples of a segment."""
        return tuple(map(self.frame, range(segment.first, segment.stop)))

    def needs(self, segment: Segment) -> tuple[int, ...]:
        """A dream's frames start from nothing that is drawn."""
        return ()

    def chain(self, number: int) -> int:
        return number

    @property
    def warnings(self) -> tuple[RequestWarning, ...]:
        return (
            *self._left_out(),
            *(self.onsets.warnings if self.onsets is not None else ()),
            *self._of_pace(),
        )

    def _of_pace(self) -> Iterator[RequestWarning]:
        if self.request.audio_smooth and self.onsets is None:
            message = "audio_smooth has no effect without pace=audio"
            yield RequestWarning(code="no-pace", field="audio_smooth", message=message)
        if not self.is_measured:
            message = "the pace is measured before the first frame; until then it counts as even"
            yield RequestWarning(code="pace-measured", field="pace", message=message)

    def _left_out(self) -> Iterator[RequestWarning]:
        """A line if the film is too short to show all its keys."""
        shown = self.layout.shown(between=self.request.interpolate != "latent")
        missing = [shorten(key.prompt) for place, key in enumerate(self.named) if place not in shown]
        if missing:
            listed = ", ".join(missing[:MOST_LISTED]) + (", …" if len(missing) > MOST_LISTED else "")
            of_film = f"these {self.total} frames" if self.total > 1 else "this 1 frame"
            message = f"{len(missing)} of {len(self.named)} keys are left out of {of_film}: {listed}"
            values = {
                "left": len(missing),
                "keys": len(self.named),
                "frames": self.total,
                "words": tuple(missing[:MOST_LISTED]),
            }
            yield RequestWarning(code="keys-left-out", field="num", message=message, values=values)

    @property
    def stretches(self) -> int:
        """How many stretches from key to key the film passes through."""
        return self.layout.stretches

    @property
    def is_measured(self) -> bool:
        """Whether the pace is known wherever the film goes."""
        return self.request.pace != "perceptual" or len(self.recipe.pace_table) >= self.stretches

    def is_key(self, index: int) -> bool:
        """Whether frame `index` is the first at or after a key."""
        return index == 0 or self.layout.place(index)[0] != self.layout.place(index - 1)[0]

    def key(self, number: int) -> Key:
        """Key `number`; beyond the named ones their prompts come round."""
        ordinal = self.layout.ordinal(number)
        asked, key = self.request, self.named[ordinal % len(self.named)]
        counted = self.recipe.seed if asked.interpolate == "prompt" else (self.recipe.seed + ordinal) % SEEDS
        negative = key.negative if key.negative is not None else asked.negative_prompt
        return Key(
            at=self.layout.time(number),
            prompt=PromptPair(prompt=key.prompt, negative_prompt=negative, syntax=asked.prompt_syntax),
            noise=Noise(seed=key.seed if key.seed is not None else counted, source=asked.noise),
            guidance_scale=key.guidance_scale if key.guidance_scale is not None else self.recipe.guidance_scale,
            hold=key.hold if key.hold is not None else asked.hold,
        )

    def _weight(self, number: int, index: int, way: float, start: Key, end: Key) -> float:
        """How much of key `number` + 1 there is in frame `index`; a stretch that is not measured is walked evenly."""
        if self.onsets is not None and way > 0:
            way = self.onsets.share(start.at, end.at, index)
        weight = eased(self.request.easing, with_hold(start.hold, way))
        table = self.recipe.pace_table
        return even_pace(table[number], weight) if number < len(table) else weight

    def _prompt(self, start: Key, end: Key, weight: float) -> AnyPrompt:
        if weight == 0 or start.prompt == end.prompt or self.request.interpolate == "latent":
            return start.prompt
        return end.prompt if weight == 1 else LerpPrompt(start=start.prompt, end=end.prompt, weight=weight)

    def _noise(self, number: int, index: int, weight: float) -> AnyNoise:
        start, end = self.key(number).noise, self.key(number + 1).noise
        if self.request.path == "circle" and self.request.interpolate != "prompt":
            return CircleNoise(first=self.key(0).noise, second=self.key(1).noise, turn=index / self.total)
        if weight == 0 or start == end or self.request.interpolate == "prompt":
            return start
        if weight == 1:
            return end
        if self.request.path == "smooth":
            before, start, end, after = (self.key(each).noise for each in self.layout.around(number))
            return SplineNoise(through=(before, start, end, after), weight=weight)
        return SlerpNoise(start=start, end=end, weight=weight)


def plan(recipe: Recipe, indices: Sequence[int]) -> Iterator[Sample]:
    """The frames of `indices`, in that order; none waits for another."""
    return map(DreamPlan(recipe).frame, indices)

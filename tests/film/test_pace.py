"""The pace of a dream: even, even to the eye, or with a sound; keys stay where they are."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.core.sample import Sample, SlerpNoise
from sdplay.events import Event, FilmSaved, ImageDone, Measuring, Resumed
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.film import shoot
from sdplay.film.pace import FLOOR, PARTS, change_seen, pace_probe, probe_frames
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request_dream import Dream
from sdplay.images.read import Pixels
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.studio import Studio
from sdplay.tasks import Task
from tests.film.video.test_sound import clicks, write_sound
from tests.support.recipes import MACHINE, MODEL
from tests.support.shot import film, frames, same, shot

WORDS = {"prompts": ("a red apple", "a green apple", "a pear")}
LATE = (0.0, 0.1, 0.2, 0.4, 1.0)


def dream(**fields: Any) -> Recipe:
    return resolve_request(
        make_request(Dream, **{**({} if "keyframes" in fields else WORDS), **fields}), MODEL, MACHINE, 7
    )


def weights(walk: DreamPlan) -> list[float]:
    """How far each frame of a walk is, in keys."""
    found = []
    for index in range(walk.total):
        noise = walk.frame(index).noise
        base = walk.layout.place(index)[0]
        if isinstance(noise, SlerpNoise):
            found.append(base + noise.weight)
        else:
            found.append(base if noise == walk.key(base).noise else base + 1)
    return found


def seen(frame: Sample) -> tuple[Any, ...]:
    return frame.prompt, frame.noise, frame.guidance_scale


KEYS = [
    {"frame": 3, "prompt": "a hill", "seed": 5, "guidance_scale": 2.0},
    {"frame": 35, "prompt": "a lake", "hold": 0.5, "negative": "a boat"},
    {"frame": 99, "prompt": "a tree"},
]


@pytest.mark.parametrize(
    ("fields", "stretches", "frame_of"),
    [
        ({"num": 65}, 2, lambda j, m: 32 * j + 2 * m),
        ({"num": 65, "path": "smooth", "easing": "ease", "hold": 0.4}, 2, None),
        ({"num": 96, "loop": True}, 3, lambda j, m: 32 * j + 2 * m),
        ({"num": 96, "loop": True, "path": "smooth"}, 3, lambda j, m: 32 * j + 2 * m),
        ({"num": 65, "path": "smooth"}, 2, lambda j, m: 32 * j + 2 * m),
        ({"frames_per_key": 32}, 2, lambda j, m: 32 * j + 2 * m),
        ({"frames_per_key": 32, "num": 161, "path": "smooth"}, 5, lambda j, m: 32 * j + 2 * m),
        ({"frames_per_key": 32, "num": 160}, 5, lambda j, m: 32 * j + 2 * m),
        ({"frames_per_key": 32, "loop": True}, 3, lambda j, m: 32 * j + 2 * m),
        ({"keyframes": KEYS, "num": 120}, 2, lambda j, m: (3 + 2 * m, 35 + 4 * m)[j]),
        ({"seeds": (4, 9), "prompts": ("a hill",), "interpolate": "prompt"}, 1, None),
        ({"num": 1}, 2, None),
    ],
)
def test_a_sketch_has_17_even_samples_of_every_stretch(fields: dict[str, Any], stretches: int, frame_of: Any) -> None:
    real = DreamPlan(dream(pace="perceptual", steps=30, **fields))
    quick = DreamPlan(pace_probe(real.recipe))
    assert (real.stretches, quick.recipe.steps, quick.is_measured) == (stretches, 8, True)
    for stretch in range(stretches):
        found = [quick.frame(index) for index in probe_frames(stretch)]
        assert len(found) == PARTS + 1
        assert (found[0].noise, found[-1].noise) == (quick.key(stretch).noise, quick.key(stretch + 1).noise)
        assert quick.key(stretch).noise == real.key(stretch).noise
        if frame_of is not None and "hold" not in str(fields):
            assert [seen(frame) for frame in found] == [
                seen(real.frame(frame_of(stretch, m))) for m in range(PARTS)
            ] + [seen(found[-1])]


def test_keys_with_a_hold_of_their_own_are_sketched_without() -> None:
    quick = DreamPlan(pace_probe(dream(pace="perceptual", num=120, keyframes=KEYS)))
    middle = quick.frame(PARTS + 4).noise
    assert isinstance(middle, SlerpNoise)
    assert middle.weight == 0.25


def test_few_steps_stay_few() -> None:
    assert pace_probe(dream(pace="perceptual", steps=3)).steps == 3


def test_the_table_says_where_each_frame_is() -> None:
    even = weights(DreamPlan(dream(num=33, prompts=("a", "b"))))
    paced = weights(DreamPlan(replace(dream(num=33, prompts=("a", "b"), pace="perceptual"), pace_table=(LATE,))))
    assert even == [i / 32 for i in range(33)]
    assert (paced[0], paced[-1]) == (0.0, 1.0)
    assert paced == pytest.approx(np.interp(even, LATE, [0, 0.25, 0.5, 0.75, 1]))


def test_it_is_measured_when_every_stretch_is() -> None:
    recipe = dream(num=33, pace="perceptual")
    assert [DreamPlan(replace(recipe, pace_table=(LATE,) * n)).is_measured for n in range(3)] == [False, False, True]
    assert any("measured" in warning.message for warning in DreamPlan(recipe).warnings)
    assert DreamPlan(dream(num=33)).is_measured


def test_the_table_is_part_of_what_the_film_is() -> None:
    recipe = dream(num=33, pace="perceptual")
    paced = replace(recipe, pace_table=(LATE, LATE))
    assert recipe.digest != paced.digest
    assert "pace_table" not in recipe.to_dict()
    again = Recipe.from_dict({**paced.to_dict(), "fps": "24"})
    assert (again.pace_table, again.digest) == (paced.pace_table, paced.digest)


@pytest.mark.parametrize("table", [[[0.0]], [[0.0, 0.5, 0.5, 1.0]], [[0.1, 1.0]], [[0.0, 0.9]], "no", [0.0, 1.0]])
def test_a_table_that_is_none_is_damage(table: Any) -> None:
    ingredients = {**dream(num=33, pace="perceptual").to_dict(), "pace_table": table}
    with pytest.raises(BadRequest, match="damaged"):
        Recipe.from_dict(ingredients)


def test_more_stretches_than_can_be_measured_are_refused() -> None:
    DreamPlan(dream(frames_per_key=2, num=2001, pace="perceptual"))
    with pytest.raises(BadRequest) as refused:
        DreamPlan(dream(frames_per_key=2, num=2002, pace="perceptual"))
    assert refused.value.field == "pace"


def test_what_can_grow() -> None:
    """With a measured pace an endless walk has its length; between fixed keys it has not."""
    assert "num" in dream(frames_per_key=8).request.unhashed_fields()
    assert "num" not in dream(frames_per_key=8, pace="perceptual").request.unhashed_fields()
    assert "num" in dream(keyframes=KEYS, pace="perceptual").request.unhashed_fields()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"pace": "audio"}, "audio=FILE"),
        ({"pace": "perceptual", "path": "circle"}, "circle"),
        ({"pace": "quick"}, "perceptual"),
        ({"audio_smooth": 1.5}, "audio_smooth"),
    ],
)
def test_what_cannot_be_had(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        dream(**fields)


@pytest.fixture(scope="module")
def clicking(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Four seconds with a click at 0.5, 1.5, 2.5 and 3.5."""
    return str(write_sound(tmp_path_factory.mktemp("sound") / "clicks.wav", clicks(1.0, 4.0, first=0.5)))


def test_it_goes_on_with_every_beat(clicking: str) -> None:
    walk = DreamPlan(dream(num=49, fps=12, pace="audio", audio=clicking))
    found = weights(walk)
    assert (found[0], found[24], found[48]) == (0, 1, 2)  # keys are where they were
    assert all(before <= after for before, after in pairwise(found))
    steps = np.diff(found)
    loud = [i for i, step in enumerate(steps) if step > 0.05]
    assert all(min(abs((i + 0.5) / 12 - beat) for beat in (0.5, 1.5, 2.5, 3.5)) < 0.15 for i in loud)
    assert steps[loud].sum() > 1.6
    assert walk.warnings == ()


@given(smooth=st.floats(0, 1))
def test_an_even_pace_is_mixed_in(clicking: str, smooth: float) -> None:
    fields = {"num": 25, "fps": 6, "pace": "audio", "audio": clicking}
    sharp, soft = (np.array(weights(DreamPlan(dream(audio_smooth=part, **fields)))) for part in (0.0, smooth))
    np.testing.assert_allclose(soft, (1 - smooth) * sharp + smooth * np.arange(25) / 12, atol=1e-9)


def test_silence_is_even_and_so_is_what_comes_after_the_end(tmp_path: Path, clicking: str) -> None:
    silent = str(write_sound(tmp_path / "silent.wav", np.zeros(22_050, np.float32)))
    assert weights(DreamPlan(dream(num=9, fps=8, pace="audio", audio=silent))) == pytest.approx(
        [i / 4 for i in range(9)]
    )
    longer = DreamPlan(dream(num=193, fps=12, pace="audio", audio=clicking))
    assert weights(longer)[96:] == pytest.approx([i / 96 for i in range(96, 193)])
    assert any("the pace is even" in warning.message for warning in longer.warnings)


def test_a_longer_walk_begins_with_the_shorter_one(clicking: str) -> None:
    fields = {"frames_per_key": 10, "fps": 12, "pace": "audio", "audio": clicking}
    shorter, longer = (DreamPlan(dream(num=frames, **fields)) for frames in (23, 45))
    assert [seen(shorter.frame(index)) for index in range(23)] == [seen(longer.frame(index)) for index in range(23)]


def test_the_pace_of_pictures_counts_where_a_sound_is_followed(clicking: str) -> None:
    digests = {dream(num=9, fps=fps, pace="audio", audio=clicking).to_dict().get("fps") for fps in (12, 24)}
    assert digests == {"12", "24"}
    assert "fps" not in dream(num=9, audio=clicking).to_dict()


def test_a_smoothing_that_nothing_takes_is_told() -> None:
    assert any("audio_smooth" in warning.message for warning in DreamPlan(dream(num=9, audio_smooth=0.5)).warnings)


def grey(level: int) -> Pixels:
    return np.full((80, 96, 3), level, np.uint8)


def test_shares_are_those_of_the_differences() -> None:
    seen = change_seen([grey(0), grey(30), grey(40), grey(120)])
    floor = FLOOR * 40  # of the mean of 30, 10 and 80
    assert seen == pytest.approx([0, (30 + floor) / 126, (40 + 2 * floor) / 126, 1])


def test_where_nothing_changes_time_goes_on_evenly() -> None:
    assert change_seen([grey(7)] * 5) == (0.0, 0.25, 0.5, 0.75, 1.0)


@given(st.lists(st.integers(0, 255), min_size=2, max_size=20))
def test_shares_rise_from_0_to_1(levels: list[int]) -> None:
    seen = change_seen(map(grey, levels))
    assert len(seen) == len(levels)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
    assert all(before < after for before, after in pairwise(seen))


DREAM = {
    "prompts": ("a red apple", "a green apple", "a pear"),
    "num": 9,
    "pace": "perceptual",
    "steps": 9,
    "batch_size": 4,
}


class Watched(FakeExecutor):
    """Remembers what it was asked to draw: (pace of the recipe, steps, frames)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, tuple[int, ...]]] = []

    def run(self, task: Task) -> Generator[Event, None, None]:
        assert isinstance(task.recipe.request, Dream)
        self.asked.append((task.recipe.request.pace, task.recipe.steps, tuple(task.indices)))
        yield from super().run(task)

    @property
    def sketched(self) -> list[tuple[int, ...]]:
        return [indices for pace, steps, indices in self.asked if pace == "uniform" and steps == 8]


def table(out: Path) -> Any:
    return json.loads((out / "job.json").read_text())["description"]["recipe"].get("pace_table")


STRETCHES = [tuple(range(17)), tuple(range(16, 33))]


def test_it_is_measured_before_the_first_frame_and_kept(tmp_path: Path) -> None:
    executor = Watched()
    shooting = film(Studio(executor), tmp_path / "job", "dream", **DREAM)
    assert table(tmp_path / "job") is None
    events = shot(shooting)
    assert executor.sketched == STRETCHES
    assert [pace for pace, *_ in executor.asked[2:]] == ["perceptual"] * (len(executor.asked) - 2)
    assert [len(stretch) for stretch in table(tmp_path / "job")] == [17, 17]
    measuring = [event for event in events if isinstance(event, Measuring)]
    assert (measuring[-1].done, measuring[-1].total) == (34, 34)
    assert all(before.done <= after.done for before, after in pairwise(measuring))
    drawn = [event.picture for event in events if isinstance(event, ImageDone)]
    assert [picture.index for picture in drawn] == list(range(9))
    assert [list(stretch) for stretch in drawn[0].recipe.pace_table] == table(tmp_path / "job")
    assert events.index(measuring[-1]) < next(i for i, event in enumerate(events) if isinstance(event, Resumed))


@pytest.mark.parametrize("again", ["resume", "the same command"])
def test_it_is_measured_once(again: str, tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))
    before, found = table(tmp_path / "job"), frames(tmp_path / "job")
    (tmp_path / "job" / "frames" / "000000004.png").unlink()
    executor = Watched()
    studio = Studio(executor)
    shooting = (
        studio.resume(tmp_path / "job") if again == "resume" else film(studio, tmp_path / "job", "dream", **DREAM)
    )
    assert isinstance(shot(shooting)[-1], FilmSaved)
    assert executor.sketched == []
    assert [indices for *_, indices in executor.asked] == [(4, 5, 6, 7)]
    assert table(tmp_path / "job") == before
    assert same(frames(tmp_path / "job"), found)


@pytest.mark.parametrize("stop", [1, 100, 17 * 8 + 30])
def test_a_measure_that_is_stopped_goes_on_where_it_was(stop: int, tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "whole", "dream", **DREAM))
    with closing(shoot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))) as events:
        for _ in range(stop):
            assert isinstance(next(events), Measuring)
    known = len(table(tmp_path / "job") or ())
    assert known == (1 if stop > 17 * 8 + 17 else 0)
    executor = Watched()
    shot(Studio(executor).resume(tmp_path / "job"))
    assert executor.sketched == STRETCHES[known:]
    assert table(tmp_path / "job") == table(tmp_path / "whole")
    assert same(frames(tmp_path / "job"), frames(tmp_path / "whole"))


def test_another_film_in_the_folder_is_told_as_ever(tmp_path: Path) -> None:
    shot(film(Studio(Watched()), tmp_path / "job", "dream", **DREAM))
    with pytest.raises(BadRequest, match="seed") as refused:
        film(Studio(Watched()), tmp_path / "job", "dream", **DREAM | {"seed": 8})
    assert "pace_table" not in str(refused.value)


def test_other_films_are_not_measured(tmp_path: Path) -> None:
    executor = Watched()
    events = shot(film(Studio(executor), tmp_path / "job", "dream", **DREAM | {"pace": "uniform"}))
    assert executor.sketched == []
    assert not any(isinstance(event, Measuring) for event in events)
    assert table(tmp_path / "job") is None


def test_without_a_folder_there_is_no_measure_and_no_film(tiny: Path) -> None:
    request = make_request(Dream, **DREAM | {"model": str(tiny), "width": 64, "height": 64, "steps": 1})
    with Studio() as studio, pytest.raises(BadRequest, match="job folder"):
        studio.draw(request)


def test_a_real_model_is_measured_the_same_every_time(tiny: Path, tmp_path: Path) -> None:
    fields = DREAM | {"model": str(tiny), "num": 5, "steps": 1, "prompts": ("a red apple", "a pear")}
    with Studio() as studio:
        for name in ("one", "other"):
            shot(film(studio, tmp_path / name, "dream", **fields))
        shot(film(studio, tmp_path / "even", "dream", **fields | {"pace": "uniform"}))
    assert table(tmp_path / "one") == table(tmp_path / "other")
    one, even = frames(tmp_path / "one"), frames(tmp_path / "even")
    assert same(one, frames(tmp_path / "other"))
    assert same({i: one[i] for i in (0, 4)}, {i: even[i] for i in (0, 4)})

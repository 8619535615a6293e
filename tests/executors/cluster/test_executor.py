"""Tasks drawn by several workers come out as drawn by one, in their order, whatever the workers do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.events import DrawnBy, Event, ImageDone, Started, Waiting, WorkerBanned
from sdplay.executors.cluster.crew import Unit
from sdplay.executors.cluster.executor import ClusterExecutor
from sdplay.executors.cluster.files import Depot, NamedFile, Place, at, parts_of, place_at, places_of
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.line import WorkerDied
from sdplay.film.inputs import read_files
from sdplay.film.job.film import shoot
from sdplay.film.job.folder import JobFolder
from sdplay.film.request_animate import Animate
from sdplay.library.depth_models import BUILTIN_DEPTH, SHIPPED_DEPTH
from sdplay.tasks import DrawTask, Task
from tests.support.crew import OTHER, SAME, Hand, LyingExecutor, ThreadCrew, several
from tests.support.films import write_film
from tests.support.recipes import MODEL
from tests.support.recipes import recipe as recipe_of
from tests.support.shards import DREAM, SCENES, everything
from tests.support.stubfilm import StubExecutor, film_request, made, shooting


def pictures(count: int, tile: int = 1, **fields: Any) -> DrawTask:
    recipe = recipe_of(num=count, **fields)
    recipe = replace(recipe, numerics=replace(recipe.numerics, tile=tile))
    return DrawTask(recipe=recipe, indices=range(count), model=MODEL, device="cpu")


def drawn(executor: Any, task: Task) -> list[Event]:
    with closing(executor.run(task)) as events:
        return list(events)


def digests(events: list[Event]) -> list[tuple[int, str]]:
    return [(event.picture.index, event.picture.digest) for event in events if isinstance(event, ImageDone)]


@pytest.fixture
def through() -> Generator[Callable[..., ClusterExecutor]]:
    """Makes executors of workers, and lets go of them."""
    made_here: list[ClusterExecutor] = []

    def make(*hands: Hand, **settings: Any) -> ClusterExecutor:
        made_here.append(ClusterExecutor(ThreadCrew(*hands), **settings))
        return made_here[-1]

    yield make
    for executor in made_here:
        executor.close()


def first_of(indices: set[int]) -> Callable[[Any], bool]:
    """Says yes once to each unit that begins with one of `indices`."""
    left = set(indices)
    return lambda unit: unit.indices[0] in left and left.discard(unit.indices[0]) is None


def test_pictures_come_in_their_order_and_of_our_own_recipe(through: Callable[..., ClusterExecutor]) -> None:
    hands, task = several(3), pictures(11, tile=2)
    events = drawn(through(*hands), task)
    assert [type(event) for event in events] == [Started, *[ImageDone] * 11]
    assert digests(events) == digests(drawn(FakeExecutor(), task))
    assert all(event.picture.recipe is task.recipe for event in events if isinstance(event, ImageDone))
    assert sorted(itertools.chain(*(hand.drew for hand in hands))) == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9), (10,)]
    assert max(hand.most_at_once for hand in hands) <= 2


def test_nothing_is_lost_and_nothing_comes_twice_where_workers_die(through: Callable[..., ClusterExecutor]) -> None:
    hands = [
        Hand("steady"),
        Hand("dies", dies=lambda unit: unit.indices[0] == 4),
        Hand("forgets", loses=first_of({1, 2, 5, 9})),
    ]
    task = pictures(16)
    assert digests(drawn(through(*hands), task)) == digests(drawn(FakeExecutor(), task))


def test_a_task_that_kills_everybody_is_given_up(through: Callable[..., ClusterExecutor]) -> None:
    hands = several(4, dies=lambda unit: unit.indices[0] == 2)
    with pytest.raises(WorkerDied, match="3 workers in a row were lost while they drew frames 2 to 2"):
        drawn(through(*hands), pictures(4))


class Refusing(FakeExecutor):
    def run(self, task: Task) -> Generator[Event, None, None]:
        if isinstance(task, DrawTask) and 3 in task.indices:
            raise BadRequest("cannot be", field="prompt", value="x", hint="say something else")
        yield from super().run(task)


def test_what_drawing_raises_is_raised_here_after_what_came_before(through: Callable[..., ClusterExecutor]) -> None:
    events = through(*several(1, inside=Refusing)).run(pictures(6))
    assert [event.picture.index for event in itertools.islice(events, 1, 4) if isinstance(event, ImageDone)] == [
        0,
        1,
        2,
    ]
    with pytest.raises(BadRequest, match="cannot be") as caught:
        next(events)
    assert caught.value.hint == "say something else"
    assert isinstance(caught.value, SdplayError)


class CrewWithoutFile(ThreadCrew):
    def send(self, worker: str, unit: Unit) -> None:
        raise BadRequest("cannot be read", field="file", value="gone.png")


def test_what_cannot_be_sent_is_said_and_the_next_task_is_drawn() -> None:
    executor = ClusterExecutor(CrewWithoutFile(Hand("a")))
    for _ in range(2):
        with pytest.raises(BadRequest, match="cannot be read"):
            drawn(executor, pictures(3))
    executor.close()


def test_what_nobody_waits_for_is_drawn_no_more(through: Callable[..., ClusterExecutor]) -> None:
    hand = Hand("a")
    executor = through(hand)
    with closing(executor.run(pictures(500))) as events:
        next(event for event in events if isinstance(event, ImageDone))
    assert len(digests(drawn(executor, pictures(3)))) == 3
    assert len(hand.drew) < 100


def test_who_waits_is_told_so(through: Callable[..., ClusterExecutor]) -> None:
    executor = through(Hand("slow", inside=SlowExecutor))
    events = list(executor.run(pictures(1), patience=0.01))
    assert Waiting() in events
    assert isinstance(events[-1], ImageDone)


class SlowExecutor(FakeExecutor):
    def run(self, task: Task) -> Generator[Event, None, None]:
        import time

        time.sleep(0.2)
        yield from super().run(task)


def test_a_worker_with_other_arithmetic_gets_nothing(through: Callable[..., ClusterExecutor]) -> None:
    other, notes = Hand("other", OTHER), list[str]()
    executor = through(Hand("first"), other, note=notes.append)
    assert len(digests(drawn(executor, pictures(8)))) == 8
    assert (other.drew, executor.workers) == ([], 1)
    assert notes == [
        "other gets nothing to draw, since torch is 3 on there and 2 on here; `mixed` lets it draw all the same"
    ]


def test_mixed_workers_draw_and_it_is_said_who_drew_what(through: Callable[..., ClusterExecutor]) -> None:
    executor = through(Hand("first", inside=SlowExecutor), Hand("other", OTHER, inside=SlowExecutor), mixed=True)
    events = drawn(executor, pictures(6))
    by = {event.worker: event for event in events if isinstance(event, DrawnBy)}
    assert by == {
        "first": DrawnBy(worker="first", mark=SAME.mark, mixed=True),
        "other": DrawnBy(worker="other", mark=OTHER.mark, mixed=True),
    }


def test_of_pictures_that_are_checked_none_is_a_liars(through: Callable[..., ClusterExecutor]) -> None:
    liar = Hand("liar", inside=lambda: LyingExecutor(FakeExecutor()))
    executor, task = through(*several(3), liar, share=0.3), pictures(30)
    events = drawn(executor, task)
    assert digests(events) == digests(drawn(FakeExecutor(), task))
    assert [event.name for event in events if isinstance(event, WorkerBanned)] == ["liar"]
    assert "liar" not in {event.worker for event in events if isinstance(event, DrawnBy)}
    drew = len(liar.drew)
    drawn(executor, pictures(20, seed=90))
    assert len(liar.drew) == drew


def test_one_worker_alone_cannot_be_checked(through: Callable[..., ClusterExecutor]) -> None:
    with pytest.raises(BadRequest, match="one worker alone"):
        drawn(through(Hand("alone"), share=0.5), pictures(2))


def kinds(folder: Path) -> dict[str, Any]:
    clip = {"animation_mode": "Video Input", "video_init_path": str(write_film(folder / "clip.mp4", 14))}
    colours = {"animation_prompts": {"0": "a hill"}, "batch_size": 3, "color_coherence": "LAB", **clip}
    depth = {"animation_mode": "3D", "translation_z": "0:(2)"}
    return {
        "dream": film_request("dream", **DREAM),
        "3D": film_request("animate", **{**SCENES, **depth}),
        "clip": film_request("animate", **colours),
    }


@pytest.mark.parametrize("kind", ["dream", "3D", "clip"])
def test_a_film_is_that_of_one_where_workers_die(
    tmp_path: Path, through: Callable[..., ClusterExecutor], kind: str
) -> None:
    request = kinds(tmp_path)[kind]
    made(tmp_path / "whole", request)
    dying = Hand("dies", inside=StubExecutor, dies=first_of({4}), loses=first_of({2, 6, 9}))
    executor = through(*several(2, inside=StubExecutor), dying)
    made(tmp_path / "film", request, executor)
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")


def test_what_a_liar_drew_of_a_film_and_what_came_of_it_is_drawn_again(
    tmp_path: Path, through: Callable[..., ClusterExecutor]
) -> None:
    request = film_request("animate", **SCENES)
    made(tmp_path / "whole", request)
    liar = Hand("liar", inside=lambda: LyingExecutor(StubExecutor()))
    executor = through(*several(2, inside=StubExecutor), liar, share=0.3)
    job = shooting(tmp_path / "film", request, executor)
    events = list(shoot(job))
    assert "liar" in {event.name for event in events if isinstance(event, WorkerBanned)}
    records = list(JobFolder.open(tmp_path / "film").records())
    assert "liar" not in {record.extra["worker"] for record in records}
    frames, _, film = everything(tmp_path / "film")
    wanted, _, whole = everything(tmp_path / "whole")
    assert (frames, film) == (wanted, whole)


def test_a_mixed_film_says_in_its_journal_who_drew_what(
    tmp_path: Path, through: Callable[..., ClusterExecutor]
) -> None:
    executor = through(Hand("first", inside=StubExecutor), mixed=True)
    made(tmp_path / "film", film_request("dream", **DREAM), executor)
    extras = [record.extra for record in JobFolder.open(tmp_path / "film").records()]
    assert extras == [{"worker": "first", "mark": SAME.mark, "mixed": True}] * len(extras)


def test_files_are_taken_from_their_path_and_sent_where_they_differ(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    (theirs / "sub").mkdir(parents=True)
    (theirs / "a.json").write_bytes(b"{}")
    (theirs / "sub" / "b.safetensors").write_bytes(bytes(range(256)) * 9)
    place = place_at(theirs, "theirs")
    assert Depot(tmp_path / "cache").lacking([place], tmp_path) == []
    depot, elsewhere = Depot(tmp_path / "cache"), tmp_path / "elsewhere"
    for there, file in (lacking := depot.lacking([place], elsewhere)):
        for number, part in enumerate(parts_of(at(theirs, file))):
            depot.receive(there, file, number, part)
        depot.keep(there, file)
    assert sorted(file.name for _, file in lacking) == ["a.json", "sub/b.safetensors"]
    assert depot.lacking([place], elsewhere) == []
    assert (depot.kept(place) / "sub" / "b.safetensors").read_bytes() == (theirs / "sub" / "b.safetensors").read_bytes()


def test_the_depth_model_of_the_program_is_taken_from_the_program_there(tmp_path: Path) -> None:
    request, assets = read_files(Animate(animation_mode="3D", depth_model="builtin"))
    task = pictures(1)
    recipe, model = replace(task.recipe, request=request, assets=assets), replace(MODEL, path=tmp_path)
    task, depot = replace(task, recipe=recipe, model=model), Depot(tmp_path / "cache")
    (place,) = [place for place in places_of(task, tmp_path) if place.path == BUILTIN_DEPTH]
    assert place.within == "models/addons/depth/builtin-depth"
    assert depot.lacking([place], tmp_path / "elsewhere") == []
    localized = depot.localized(task)
    assert isinstance(localized, DrawTask)
    assert localized.recipe.assets["depth_model"].path == str(SHIPPED_DEPTH / BUILTIN_DEPTH)


def test_a_file_that_changed_on_its_way_is_not_kept(tmp_path: Path) -> None:
    file = NamedFile(name="", size=3, digest="0" * 64)
    place, depot = Place(path="x.bin", within="", files=(file,)), Depot(tmp_path)
    depot.receive(place, file, 0, b"abc")
    with pytest.raises(OSError, match="changed on its way"):
        depot.keep(place, file)
    assert depot.lacking([place], tmp_path / "none") == [(place, file)]


def test_a_file_is_sent_in_parts(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abcdefg")
    assert list(parts_of(tmp_path / "x", 3)) == [b"abc", b"def", b"g"]

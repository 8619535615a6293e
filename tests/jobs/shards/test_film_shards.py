"""A film drawn by several workers that share its folder is the film of one, whatever happens to them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, NotReproduced, RenderFailed, StoreError
from sdplay.events import Event, FilmSaved, ImageDone, PieceChecked, UnitDrawn, Waiting, WorkerBanned
from sdplay.files.claims import ClaimFolder, Claims
from sdplay.film.plan import AnyFilm
from sdplay.jobs.shards.worker import unit_name
from sdplay.tasks import DrawTask, Task
from tests.support import child
from tests.support.films import write_film
from tests.support.shards import DREAM, SAME, SCENES, drawn, everything, joined, store, worker
from tests.support.stubfilm import StubExecutor, film_request, made

OTHER = replace(SAME, mark="other", facts={"torch": "3"})


@pytest.fixture
def scenes() -> AnyFilm:
    """Eighteen frames in three scenes of two, four and three segments."""
    return film_request("animate", **SCENES)


@pytest.fixture
def whole(tmp_path: Path, scenes: AnyFilm) -> Path:
    made(tmp_path / "whole", scenes)
    return tmp_path / "whole"


def units_of(events: list[Event]) -> list[int]:
    return [event.number for event in events if isinstance(event, UnitDrawn)]


def frames_of(events: list[Event]) -> list[int]:
    return [event.picture.index for event in events if isinstance(event, ImageDone)]


def kinds(folder: Path) -> dict[str, AnyFilm]:
    clip = {"animation_mode": "Video Input", "video_init_path": str(write_film(folder / "clip.mp4", 14))}
    drawn_clip = {"animation_prompts": {"0": "a hill"}, "batch_size": 3, **clip}
    depth = {"animation_mode": "3D", "translation_z": "0:(2)", "save_depth_maps": True}
    return {
        "dream": film_request("dream", **DREAM),
        "scenes": film_request("animate", **SCENES),
        "3D": film_request("animate", **{**SCENES, **depth}),
        "clip": film_request("animate", **drawn_clip, color_coherence="None"),
        "clip with its colours": film_request("animate", **drawn_clip, color_coherence="LAB"),
    }


@pytest.mark.parametrize("kind", ["dream", "scenes", "3D", "clip", "clip with its colours"])
def test_units_drawn_backwards_by_several_are_the_film_of_one(tmp_path: Path, kind: str) -> None:
    request = kinds(tmp_path)[kind]
    made(tmp_path / "whole", request)
    out, count = tmp_path / "shared", len(worker(tmp_path / "shared", request).job.units)
    for number in reversed(range(count)):
        drawn(out, request, f"worker {number % 3}", [(number, number)])
    drawn(out, request)  # what had to wait for the first unit
    assert isinstance(joined(out, request)[-1], FilmSaved)
    assert everything(out) == everything(tmp_path / "whole")
    assert {path.name for path in (out / "depth").iterdir()} == {p.name for p in (tmp_path / "whole/depth").iterdir()}
    assert not (out / "shards").exists()


def test_what_is_drawn_is_not_drawn_again(tmp_path: Path, scenes: AnyFilm) -> None:
    assert units_of(drawn(tmp_path / "film", scenes, asked=[(1, 1)])) == [1]
    assert units_of(drawn(tmp_path / "film", scenes, asked=[(1, 1)])) == []
    again = drawn(tmp_path / "film", scenes, "b")
    assert units_of(again) == [0, 2]
    assert frames_of(again) == [*range(4), *range(12, 18)]
    joined(tmp_path / "film", scenes)
    assert drawn(tmp_path / "film", scenes) == []
    last = joined(tmp_path / "film", scenes)[-1]
    assert isinstance(last, FilmSaved)
    assert not last.anew


def test_a_film_that_was_begun_alone_goes_on_in_units(tmp_path: Path, scenes: AnyFilm, whole: Path) -> None:
    out = tmp_path / "film"
    shutil.copytree(whole, out)
    lines = (out / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (out / "journal.jsonl").write_bytes(b"".join(lines[:3]))
    first = len(json.loads(lines[0].partition(b" ")[2])["sha"])
    assert first == 2
    left = frames_of(drawn(out, scenes))
    assert len(left) == 12
    joined(out, scenes)
    expected, found = everything(whole), everything(out)
    assert (found[0], found[2]) == (expected[0], expected[2])


def test_who_holds_a_unit_is_left_to_it(tmp_path: Path, scenes: AnyFilm) -> None:
    out, waits = tmp_path / "film", list[float]()
    store_of = worker(out, scenes).store
    holder = Claims(ClaimFolder(store_of.root / "claims"), "another").take("unit-1")
    assert holder is not None
    assert units_of(drawn(out, scenes)) == [0, 2]
    assert worker(out, scenes).claims.holder("unit-1") == "another"

    def let_go(seconds: float) -> None:
        waits.append(seconds)
        holder.end()

    events = drawn(out, scenes, wait=True, sleep=let_go)
    assert units_of(events) == [1]
    assert [isinstance(event, Waiting) for event in events].count(True) == len(waits) == 1


class LosesItsClaim(StubExecutor):
    """Somebody takes over while it draws."""

    def __init__(self, take_over: Callable[[], object]) -> None:
        super().__init__()
        self._take_over = take_over

    def run(self, task: Task) -> Generator[Event, None, None]:
        for event in super().run(task):
            self._take_over()
            yield event


def test_who_lost_its_unit_stops_drawing_it(tmp_path: Path, scenes: AnyFilm) -> None:
    out, number = tmp_path / "film", unit_name(worker(tmp_path / "film", scenes).job.units[0])
    claims = store(out).root / "claims"

    def take_over() -> None:
        (claims / f"{number}.2").write_text("{}")

    events = drawn(out, scenes, asked=[(0, 0)], executor=LosesItsClaim(take_over), lease=0.1)
    drawn_frames = frames_of(events)
    assert units_of(events) in ([], [0])  # a short unit may be done before the next beat
    if not units_of(events):
        assert len(drawn_frames) < 4


def test_the_second_of_two_results_counts_for_nothing(tmp_path: Path, scenes: AnyFilm) -> None:
    first = worker(tmp_path / "film", scenes, "a")
    piece = next_piece(first, 0)
    assert first.store.publish(piece, "a", "same").worker == "a"
    assert first.store.publish(piece, "b", "same").worker == "a"
    assert first.store.numbers() == {0}
    assert [path.name for path in (first.store.root / "drawn").iterdir()] == ["000000000"]


def next_piece(working: Any, number: int) -> Any:
    drawing = working.job.draw(number, working.store)
    while True:
        try:
            next(drawing)
        except StopIteration as end:
            return end.value


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def turned(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut, turned, Path.unlink], ids=["cut", "a bit", "gone"])
@pytest.mark.parametrize("name", ["frames/000000006.png", "keys/000000006.png", "piece.json"])
def test_a_damaged_unit_is_named_and_drawn_again(
    tmp_path: Path, scenes: AnyFilm, whole: Path, damage: Callable[[Path], None], name: str
) -> None:
    out = tmp_path / "film"
    drawn(out, scenes)
    damage(store(out).folder(3) / name)
    with pytest.raises(StoreError, match=r"(?s)1 of 3 units are not drawn: 1\n.*draw-units .*film `units=1`$"):
        joined(out, scenes)
    assert not (out / "video.mp4").exists()
    assert frames_of(drawn(out, scenes)) == [6, 7]
    joined(out, scenes)
    assert everything(out) == everything(whole)


def test_missing_units_are_named_as_they_are_typed(tmp_path: Path) -> None:
    request = film_request("dream", **DREAM)
    drawn(tmp_path / "film", request, asked=[(1, 2), (5, 5)])
    with pytest.raises(StoreError, match="4 of 7 units are not drawn: 0,3-4,6") as lacking:
        joined(tmp_path / "film", request)
    assert lacking.value.exit_code == 1
    assert lacking.value.hint.endswith("`units=0,3-4,6`")


def test_another_arithmetic_is_refused_or_marked(tmp_path: Path, scenes: AnyFilm) -> None:
    out = tmp_path / "film"
    drawn(out, scenes, "first", asked=[(0, 1)])
    with pytest.raises(BadRequest, match="otherwise than first, the first worker: torch is 3, 2 there"):
        drawn(out, scenes, "second", calculates=OTHER)
    drawn(out, scenes, "second", calculates=OTHER, mixed=True)
    joined(out, scenes)
    lines = [json.loads(line.partition(" ")[2]) for line in (out / "journal.jsonl").read_text().splitlines()]
    assert {line["unit"]: (line["mixed"], line["worker"], line["mark"]) for line in lines} == {
        **dict.fromkeys(range(6), (True, "first", "same")),
        **dict.fromkeys(range(6, 9), (True, "second", "other")),
    }
    assert json.loads((out / "workers.json").read_text()) == {"first": {"same": "0-5"}, "second": {"other": "6-8"}}
    made_by = json.loads((out / "job.json").read_text())["description"]["made_by"]
    assert made_by == {"sdplay": "x"}


class Liar(StubExecutor):
    """Draws everything a shade darker."""

    def run(self, task: Task) -> Generator[Event, None, None]:
        for event in super().run(task):
            if isinstance(event, ImageDone):
                event = replace(event, picture=replace(event.picture, pixels=event.picture.pixels // 2))
            yield event


def test_a_worker_that_lies_is_named_and_what_it_drew_is_drawn_again(
    tmp_path: Path, scenes: AnyFilm, whole: Path
) -> None:
    out = tmp_path / "film"
    drawn(out, scenes, "honest", asked=[(0, 0)])
    drawn(out, scenes, "liar", executor=Liar())
    checked = [event for event in drawn(out, scenes, "second", audit=1.0) if isinstance(event, PieceChecked)]
    assert {(event.of, event.same) for event in checked} == {("honest", True), ("liar", False)}
    with pytest.raises(NotReproduced, match="workers differ about some of the units 1-2"):
        joined(out, scenes)
    events = drawn(out, scenes, "third", audit=1.0)
    assert [(event.name, event.pieces) for event in events if isinstance(event, WorkerBanned)] == [("liar", 7)]
    assert units_of(events) == [1, 2]
    with pytest.raises(RenderFailed, match="the worker 'liar' drew something else"):
        drawn(out, scenes, "liar")
    with pytest.raises(NotReproduced, match="one worker alone drew some of the units 1-2"):
        joined(out, scenes, audit=1.0)
    drawn(out, scenes, "honest", audit=1.0)
    joined(out, scenes, audit=1.0)
    assert everything(out) == everything(whole)


def test_nobody_audits_itself(tmp_path: Path, scenes: AnyFilm) -> None:
    drawn(tmp_path / "film", scenes, "a")
    assert drawn(tmp_path / "film", scenes, "a", audit=1.0) == []
    with pytest.raises(NotReproduced, match="one worker alone") as refused:
        joined(tmp_path / "film", scenes, audit=1.0)
    assert "`units=0-2` `audit=100%` `worker=ANOTHER`" in refused.value.hint


def test_an_audit_of_a_part_draws_that_part_again(tmp_path: Path) -> None:
    request = film_request("dream", **{**DREAM, "num": 60})
    drawn(tmp_path / "film", request, "a")
    events = drawn(tmp_path / "film", request, "b", audit=0.3)
    checked = {event.unit for event in events if isinstance(event, PieceChecked)}
    assert 3 <= len(checked) <= 16
    assert len(frames_of(events)) == 2 * len(checked)
    joined(tmp_path / "film", request, audit=0.3)


class Failing(StubExecutor):
    def run(self, task: Task) -> Generator[Event, None, None]:
        if isinstance(task, DrawTask) and 5 in task.indices:
            raise RenderFailed("no numbers came out")
        yield from super().run(task)


def test_what_was_drawn_before_an_error_is_kept_and_the_unit_is_free(tmp_path: Path, scenes: AnyFilm) -> None:
    with pytest.raises(RenderFailed):
        drawn(tmp_path / "film", scenes, executor=Failing())
    assert store(tmp_path / "film").numbers() == {0, 1}
    assert units_of(drawn(tmp_path / "film", scenes, "b")) == [1, 2]


KILLED = """
import json, os, random, shutil, signal, sys, time
from pathlib import Path
from sdplay.jobs.shards.film import FilmShards
from sdplay.jobs.shards.join import join_units
from tests.support.shards import worker
from tests.support.stubfilm import film_request, frame_files, journal, made, shooting

def fork(do):
    pid = os.fork()
    if pid == 0:
        signal.alarm(280)
        do()
        os._exit(0)
    return pid

def draw(name):
    working = worker(folder / "shared", request, name, wait=True, lease=1.0)
    for _ in working.run(working.job.units):
        pass

def everything(out):
    return frame_files(out), journal(out), (out / "video.mp4").read_bytes()

folder, chance = Path(sys.argv[1]), random.Random(int(sys.argv[3]))
for name, (mode, fields) in json.loads(sys.argv[2]).items():
    request = film_request(mode, **fields)
    started = time.monotonic()
    assert os.waitpid(fork(lambda: made(folder / "whole", request)), 0)[1] == 0
    pause = min(0.15, (time.monotonic() - started) / 8)  # so that a quick machine is not done before the first kill
    kills = 0
    for _ in range(3):
        assert os.waitpid(fork(lambda: shooting(folder / "shared", request)), 0)[1] == 0
        at_work = {fork(lambda n=n: draw(f"worker {n}")) for n in range(3)}
        left = 6
        while at_work:
            if left:
                signal.setitimer(signal.ITIMER_REAL, max(chance.random() * pause, 0.001))
                signal.sigwait({signal.SIGALRM})
                victim = chance.choice(sorted(at_work))
                os.kill(victim, 9)
                left -= 1
            else:
                victim = next(iter(at_work))
            code = os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])
            at_work.remove(victim)
            assert code in (0, -9), (name, code)
            kills += code == -9
            if code == -9:
                at_work.add(fork(lambda: draw("worker again")))
        join = lambda: list(join_units(FilmShards(shooting(folder / "shared", request))))
        assert os.waitpid(fork(join), 0)[1] == 0
        assert everything(folder / "shared") == everything(folder / "whole"), name
        shutil.rmtree(folder / "shared")
    print(name, kills > 5)
    shutil.rmtree(folder / "whole")
"""


def test_three_processes_with_kills_at_random_moments_give_the_film_of_one(tmp_path: Path) -> None:
    cases = {"dream": ("dream", {**DREAM, "num": 40}), "scenes": ("animate", SCENES)}
    block = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n"
    told = child.run(block + KILLED, tmp_path, json.dumps(cases), 1)
    assert told.splitlines() == ["dream True", "scenes True"]


FULL = """
import resource, sys
from pathlib import Path
from sdplay.cli.outcome import run_safely
from tests.support.shards import DREAM, drawn
from tests.support.stubfilm import film_request
request = film_request("dream", **DREAM)
def run():
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    drawn(Path(sys.argv[1]), request)
    return 0
sys.exit(run_safely(run))
"""


def test_a_full_disk_ends_with_code_4_and_leaves_nothing_half_drawn(tmp_path: Path) -> None:
    request = film_request("dream", **DREAM)
    out = tmp_path / "film"
    drawn(out, request, asked=[(0, 2)])
    largest = max(path.stat().st_size for path in (out / "shards" / "drawn").rglob("*.png"))
    process = child.start(FULL, out, largest - 1)
    _, err = process.communicate()
    assert process.returncode == 4, err
    assert "no space is left there" in err
    assert not [path for path in (out / "shards" / "drawn").iterdir() if path.name.startswith(".")]
    drawn(out, request)
    joined(out, request)
    made(tmp_path / "whole", request)
    assert everything(out) == everything(tmp_path / "whole")

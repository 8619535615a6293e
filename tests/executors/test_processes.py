"""Several processes draw the same bytes as one, whatever becomes of them, and nobody waits for ever."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import RenderFailed
from sdplay.events import Event, ImageDone, Stepped
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.processes import ProcessExecutor
from sdplay.film.job.film import shoot
from sdplay.film.video.container import verify_film
from sdplay.library.resolve import resolve
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import DrawTask, Task
from tests.support.child import ROOT
from tests.support.fakemodel import fake_model
from tests.support.patience import PATIENCE, wait_until
from tests.support.stubfilm import StubExecutor, film_request, frame_files, journal, made, shooting, stub_with

DREAM: dict[str, Any] = {"prompts": ["a", "a longer one"], "num": 10, "batch_size": 2}
CUTS: dict[str, Any] = {
    "animation_prompts": "a hill",
    "max_frames": 16,
    "zoom": "0:(1.03)",
    "diffusion_cadence": 2,
    "strength_schedule": "0:(1) step, 1:(0.5) step, 6:(1) step, 7:(0.5) step, 10:(1) step, 11:(0.5)",
}
BOTH = [("dream", DREAM), ("animate", CUTS)]


@pytest.fixture(scope="module")
def three() -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor(3, stub_with())
    yield executor
    executor.close()


def everything(out: Path) -> tuple[dict[str, bytes], list[dict[str, Any]], bytes]:
    return frame_files(out), journal(out), (out / "video.mp4").read_bytes()


@pytest.fixture(scope="module")
def one() -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor(1, stub_with())
    yield executor
    executor.close()


@pytest.mark.parametrize(("mode", "fields"), BOTH)
def test_three_workers_and_one_write_the_same_bytes(
    tmp_path: Path, one: ProcessExecutor, three: ProcessExecutor, mode: str, fields: dict[str, Any]
) -> None:
    made(tmp_path / "one", film_request(mode, **fields), one)
    made(tmp_path / "three", film_request(mode, **fields), three)
    made(tmp_path / "here", film_request(mode, **fields))
    assert everything(tmp_path / "one") == everything(tmp_path / "three") == everything(tmp_path / "here")


class Meeting(StubExecutor):
    """Draws nothing before another process is about to draw something too."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def run(self, task: Task) -> Generator[Event, None, None]:
        (self._folder / str(os.getpid())).touch()
        wait_until(lambda: len(list(self._folder.iterdir())) > 1)
        yield from super().run(task)


def test_scenes_are_drawn_side_by_side(tmp_path: Path) -> None:
    """On one core too: where scenes came one after the other, the first one would wait for ever."""
    (tmp_path / "met").mkdir()
    executor = ProcessExecutor(3, functools.partial(Meeting, tmp_path / "met"))
    with closing(executor):
        made(tmp_path / "film", film_request("animate", **CUTS), executor)
    made(tmp_path / "here", film_request("animate", **CUTS))
    assert everything(tmp_path / "film") == everything(tmp_path / "here")


@pytest.mark.parametrize(("mode", "fields"), BOTH)
def test_a_worker_killed_in_the_middle_costs_time_and_nothing_else(
    tmp_path: Path, three: ProcessExecutor, mode: str, fields: dict[str, Any]
) -> None:
    made(tmp_path / "whole", film_request(mode, **fields))
    events: list[Event] = []
    killed: SpawnProcess | None = None
    for event in shoot(shooting(tmp_path / "film", film_request(mode, **fields), three)):
        events.append(event)
        if isinstance(event, Stepped) and len(events) >= 12 and killed is None:
            at_work = [worker for worker in three._started if not worker.at_rest]
            killed = (at_work or three._started)[0].process
            os.kill(killed.pid or 0, signal.SIGKILL)
    assert killed is not None
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")
    drawn = [event.picture.index for event in events if isinstance(event, ImageDone)]
    assert sorted(drawn) == sorted(set(drawn))


class Dying:
    """Makes an executor whose process dies at the first task."""

    def __call__(self) -> Any:
        os._exit(3)


def test_a_task_that_kills_every_process_ends_in_an_error(tmp_path: Path) -> None:
    executor = ProcessExecutor(1, Dying())
    with pytest.raises(RenderFailed, match="died 3 times"):
        made(tmp_path / "film", film_request("dream", **DREAM), executor)
    executor.close()


def test_an_error_in_a_worker_comes_through_and_the_worker_stays(tmp_path: Path) -> None:
    executor = ProcessExecutor(1, stub_with(bad=[5]))
    fields = {**DREAM, "on_bad_frame": "error"}
    with pytest.raises(RenderFailed, match="frame 0"):
        made(tmp_path / "film", film_request("dream", **fields), executor)
    (worker,) = executor._started
    assert worker.process.is_alive()
    assert worker.at_rest
    made(tmp_path / "other", film_request("dream", **{**DREAM, "seed": 50}), executor)
    assert executor._started == [worker]
    executor.close()


def test_a_stopped_film_leaves_workers_that_draw_the_next_one(tmp_path: Path, three: ProcessExecutor) -> None:
    request = film_request("dream", **DREAM)
    made(tmp_path / "whole", request)
    events = shoot(shooting(tmp_path / "film", request, three))
    for event in events:
        if isinstance(event, Stepped):
            break
    events.close()
    assert all(worker.at_rest for worker in three._started)
    made(tmp_path / "film", request, three)
    assert everything(tmp_path / "film") == everything(tmp_path / "whole")


def test_closing_while_a_task_is_drawn_ends_it(tmp_path: Path) -> None:
    executor = ProcessExecutor(1, stub_with())
    events = shoot(shooting(tmp_path / "film", film_request("dream", **DREAM, steps=50), executor))
    while not isinstance(next(events), Stepped):
        pass
    executor.close()
    with pytest.raises(RenderFailed, match=r"died$"):
        list(events)


# A shell that started these tests in the background left Ctrl-C ignored; whoever sits at a terminal has it.
SHOOT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from functools import partial
from pathlib import Path
from sdplay.cli.film import make_film
from sdplay.cli.outcome import run_safely
from sdplay.executors.processes import ProcessExecutor
from tests.support.stubfilm import HeldExecutor, film_request, shooting
held = partial(HeldExecutor, Path(sys.argv[4]), 20)
executor = ProcessExecutor(2, held) if sys.argv[3] == "local" else held()
film = shooting(Path(sys.argv[1]), film_request("animate", **eval(sys.argv[2])), executor)
code = run_safely(lambda: make_film(film, quiet=False))
executor.close()
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("number", "where"), [(signal.SIGINT, "inline"), (signal.SIGTERM, "inline"), (signal.SIGINT, "local")]
)
def test_ctrl_c_and_sigterm_stop_after_the_step_and_leave_a_film(
    tmp_path: Path, number: signal.Signals, where: str
) -> None:
    """The second half is drawn only once the signal is sent, so that no machine is too quick for it."""
    out, gate, fields = tmp_path / "film", tmp_path / "gate", {**CUTS, "steps": 30, "max_frames": 40}
    found = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    process = subprocess.Popen(
        [sys.executable, "-c", SHOOT, str(out), repr(fields), where, str(gate)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": found},
        start_new_session=True,
    )
    assert process.stderr is not None
    told = ""
    for line in process.stderr:
        told += line
        # the film so far begins with frame 0, which another worker's scene may be ahead of
        if "/40 frames" in line and '"unit": 0,' in (out / "journal.jsonl").read_text():
            # Ctrl-C reaches the whole group, kill one process
            (os.killpg if number is signal.SIGINT else os.kill)(process.pid, number)
            gate.touch()
            break
    told += process.stderr.read()
    process.stderr.close()
    assert process.wait(PATIENCE) == 3, told
    assert "Traceback" not in told
    assert "stopped; " in told
    assert f"to go on: sdplay resume {out}" in told
    kept = int(told.split("stopped; ")[1].split()[0])
    assert 0 < kept <= 20
    assert 0 < verify_film(out / "video.mp4").frames <= kept
    made(out, film_request("animate", **fields))
    made(tmp_path / "whole", film_request("animate", **fields))
    assert everything(out) == everything(tmp_path / "whole")


def test_a_task_takes_its_add_ons_along() -> None:
    import pickle

    from sdplay.core.identity import AddOn, ResolvedAddOn
    from tests.support.recipes import recipe

    one = AddOn(kind="lora", name="x", digest="ab" * 32)
    found = ResolvedAddOn(identity=one, path=Path("x.safetensors"), origin=Path("x.safetensors"))
    model = replace(resolve("builtin"), add_ons=(found,))
    task = DrawTask(recipe=replace(recipe(), add_ons=(one,)), indices=[0], model=model, device="cpu")
    assert pickle.loads(pickle.dumps(task)) == task


def test_previews_come_from_other_processes_too(tmp_path: Path) -> None:
    executor = ProcessExecutor(1, FakeExecutor)
    try:
        with Studio(executor) as studio:
            request = make_request(Txt2Img, prompt="a cat", model=str(fake_model(tmp_path / "fake")), steps=2, seed=1)
            told = [event.previews for event in studio.stream(request, preview=True) if isinstance(event, Stepped)]
            without = [event.previews for event in studio.stream(request) if isinstance(event, Stepped)]
    finally:
        executor.close()
    assert [len(previews) for previews in told] == [1, 1]
    assert told[0][0].shape == (16, 16, 3)
    assert without == [(), ()]

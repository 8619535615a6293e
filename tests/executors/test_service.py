"""Drawn by a service or in this process, the events are the same, and whoever goes away leaves the other at work."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sdplay.core.machine import Machine
from sdplay.events import Event, ImageDone, Started, Stepped, Waiting
from sdplay.executors.door import NobodyThere, knock
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.fingerprint import difference, fingerprint
from sdplay.executors.line import AHEAD
from sdplay.executors.service import LOST, WAITS, ServiceExecutor
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import DrawTask
from tests.support.gated import GatedService, gated_service
from tests.support.patience import wait_until

MANY = 4 * AHEAD  # steps: more than are done before a word to stop is heard


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedService]:
    with pytest.MonkeyPatch.context() as patch, gated_service(tmp_path_factory.mktemp("service")) as service:
        patch.setenv("SDPLAY_EXECUTOR", "fake")  # as the service has it
        yield service


def task_of(prompt: str, num: int = 2, steps: int = 3) -> DrawTask:
    resolved = Studio(FakeExecutor()).resolve(make_request(Txt2Img, prompt=prompt, num=num, steps=steps, seed=5))
    return DrawTask(recipe=resolved.recipe, indices=range(num), model=resolved.model, device="cpu")


class Here:
    """What draws in this process, and whether it had to."""

    def __init__(self) -> None:
        self.made = 0
        self.notes: list[str] = []

    def __call__(self) -> FakeExecutor:
        self.made += 1
        return FakeExecutor()


def executor_of(gated: GatedService, here: Here, workers: int = 1) -> ServiceExecutor:
    return ServiceExecutor(gated.running, here, here.notes.append, workers)


def facts(events: list[Event]) -> list[object]:
    """What is the same wherever it was drawn: not how long it took."""
    return [(event.picture.index, event.picture.digest) if isinstance(event, ImageDone) else event for event in events]


def test_the_service_sends_the_events_of_this_process(gated: GatedService) -> None:
    here, task = Here(), task_of("the same")
    with closing(executor_of(gated, here)) as executor:
        assert executor.detect_machine(make_request(Txt2Img, prompt="a")) == Machine(
            device="cpu", dtype="float32", threads=1, engines=("torch", "openvino")
        )
        assert facts(list(executor.run(task))) == facts(list(FakeExecutor().run(task)))
    assert gated.events("the same")[-1] == "ImageDone"
    assert (here.made, here.notes) == (0, [])


def test_who_stops_in_the_middle_leaves_the_worker_to_others(gated: GatedService) -> None:
    here = Here()
    with closing(executor_of(gated, here)) as executor:
        with closing(executor.run(task_of("stopped", steps=MANY))) as events:
            for event in events:
                if isinstance(event, Stepped) and event.step == 4:
                    break
        assert "ImageDone" not in gated.events("stopped")
        assert isinstance(list(executor.run(task_of("afterwards")))[-1], ImageDone)
    (first,) = {line.split()[0] for line in gated.lines("stopped")}
    assert {line.split()[0] for line in gated.lines("afterwards")} == {first}  # the same process: its model is loaded


def test_two_at_once_take_turns_and_the_second_is_told(gated: GatedService) -> None:
    first, second = executor_of(gated, Here()), executor_of(gated, here := Here())
    waited = threading.Event()
    found: list[Event] = []

    def follow() -> None:
        for event in second.run(task_of("second")):
            found.append(event)
            waited.set()

    with gated.gate("first"):
        events = first.run(task_of("first"))
        assert isinstance(next(events), Started)
        thread = threading.Thread(target=follow)
        thread.start()
        assert waited.wait(200)
    assert isinstance(list(events)[-1], ImageDone)
    thread.join()
    assert isinstance(found[0], Waiting)
    assert isinstance(found[-1], ImageDone)
    assert (here.notes, here.made) == ([WAITS], 0)
    first.close()
    second.close()


def test_one_that_waits_can_be_stopped(gated: GatedService) -> None:
    first, second = executor_of(gated, Here()), executor_of(gated, Here())
    with gated.gate("slowly"):
        events = first.run(task_of("slowly"))
        assert isinstance(next(events), Started)
        with closing(second.run(task_of("never"))) as waiting:
            assert isinstance(next(waiting), Waiting)
    assert isinstance(list(events)[-1], ImageDone)
    assert gated.lines("never") == []
    first.close()
    second.close()


def test_where_the_service_dies_this_process_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    here, task, found = Here(), task_of("a cat", num=4, steps=MANY), list[Event]()
    with gated_service(tmp_path) as gated, closing(executor_of(gated, here)) as executor:
        for event in executor.run(task):
            found.append(event)
            if isinstance(event, ImageDone) and event.picture.index == 1:
                gated.service.kill()
        pictures = [event for event in found if isinstance(event, ImageDone)]
        assert facts(list(pictures)) == facts([e for e in FakeExecutor().run(task) if isinstance(e, ImageDone)])
        assert (here.made, here.notes) == (1, [LOST])
        list(executor.run(task))
        assert executor.detect_machine(make_request(Txt2Img, prompt="a")).device == "cpu"
        assert (here.made, here.notes) == (1, [LOST])
        late = executor_of(gated, nobody := Here())
        assert isinstance(list(late.run(task))[-1], ImageDone)
        assert (nobody.made, nobody.notes) == (1, [])  # nobody is there: nothing is said


def test_where_a_worker_dies_this_process_goes_on(gated: GatedService) -> None:
    here, task, found = Here(), task_of("a dog", num=3, steps=MANY), list[Event]()
    with closing(executor_of(gated, here)) as executor:
        for event in executor.run(task):
            found.append(event)
            if isinstance(event, ImageDone) and event.picture.index == 0:
                os.kill(int(gated.lines("a dog")[0].split()[0]), 9)
    assert [event.picture.index for event in found if isinstance(event, ImageDone)] == [0, 1, 2]
    assert here.notes == [LOST]


def test_more_processes_than_the_service_has_are_started_here(gated: GatedService) -> None:
    with closing(executor_of(gated, here := Here(), workers=2)) as executor:
        executor.detect_machine(make_request(Txt2Img, prompt="a"))
    assert here.notes == ["drawing in this process: the service draws in 1 process"]


def test_a_fingerprint_differs_in_what_reaches_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    service = fingerprint()
    assert difference(service, fingerprint()) == ""
    monkeypatch.setenv("OMP_WAIT_POLICY", "active")
    assert difference(service, fingerprint()) == ""
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert difference(service, fingerprint()) == "has OMP_NUM_THREADS=1"
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setenv("MKL_CBWR", "COMPATIBLE")
    assert difference(service, fingerprint()) == "does not have MKL_CBWR set"
    assert difference({**service, "version": "9"}, service) == f"is sdplay 9, and this is {service['version']}"
    for name in ("python", "files", "packages", "cores"):
        assert difference({**service, name: "other"}, service), name


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", '{"door": 3}', '{"door": {"address": "/nowhere", "key": "00"}}', '{"door": {"address": [1]}}'],
)
def test_an_announcement_that_leads_nowhere_is_no_service(tmp_path: Path, said: str) -> None:
    (tmp_path / "running.json").write_text(said)
    with pytest.raises(NobodyThere):
        knock(tmp_path / "running.json")


def test_nobody_comes_in_without_the_key(gated: GatedService, tmp_path: Path) -> None:
    told = json.loads(gated.running.read_bytes())
    assert gated.running.stat().st_mode & 0o077 == 0
    told["door"]["key"] = "00" * 32
    (tmp_path / "running.json").write_text(json.dumps(told))
    with pytest.raises(NobodyThere):
        knock(tmp_path / "running.json")
    knock(gated.running).close()


def test_words_that_are_no_question_end_the_line(gated: GatedService) -> None:
    for said in (b"{", b"[]", b'{"what": "draw"}', b'{"what": "draw", "fingerprint": 3, "workers": "x"}', b"{}"):
        with closing(knock(gated.running)) as line:
            line.send_bytes(said)
            with pytest.raises((EOFError, ConnectionError)):
                line.recv_bytes()


def test_a_model_that_was_let_go_of_is_loaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    with gated_service(tmp_path, "0.002") as gated:
        for prompt in ("a cat", "a dog"):
            with closing(executor_of(gated, here := Here())) as executor:
                assert isinstance(list(executor.run(task_of(prompt)))[-1], ImageDone)
            assert here.made == 0
            wait_until(lambda: not gated.service.get("/api/v1/status")["loaded"])
        cat, dog = ({line.split()[0] for line in gated.lines(prompt)} for prompt in ("a cat", "a dog"))
        assert cat.isdisjoint(dog)


def test_a_long_path_to_the_door_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fake")
    with gated_service(tmp_path / ("d" * 120)) as gated, closing(executor_of(gated, here := Here())) as executor:
        assert json.loads(gated.running.read_bytes())["door"]["address"][0] == "127.0.0.1"
        assert isinstance(list(executor.run(task_of("a cat")))[-1], ImageDone)
        assert here.made == 0

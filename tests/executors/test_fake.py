"""The executor that pretends: it must tell the same story as the real one, without torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sdplay.events import Event, Finished, ImageDone, ImageSaved, Started, Stepped
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.inline import InlineExecutor
from sdplay.images.writer import ImageWriter
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import Executor


@pytest.fixture(params=[FakeExecutor, InlineExecutor], ids=["fake", "inline"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    made = request.param()
    yield made
    made.close()


def story(events: list[Event]) -> str:
    letters = {Started: "(", Stepped: "s", ImageDone: "D", ImageSaved: "F", Finished: ")"}
    return "".join(letters[type(event)] for event in events)


def test_both_tell_the_same_story(executor: Executor, tiny: Path, tmp_path: Path) -> None:
    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), num=3, steps=2, seed=0)
    events = list(Studio(executor).stream(request, ImageWriter(tmp_path, "png", "0")))
    assert story(events) == "(" + "ssDF" * 3 + ")"
    files = [event.artifact for event in events if isinstance(event, ImageSaved)]
    assert [artifact.path.name for artifact in files] == ["00000-0.png", "00001-1.png", "00002-2.png"]
    drawn = [event.picture for event in events if isinstance(event, ImageDone)]
    assert [artifact.digest for artifact in files] == [picture.digest for picture in drawn]
    assert {picture.pixels.shape for picture in drawn} == {(64, 64, 3)}
    steps = [(event.indices, event.step, event.steps) for event in events if isinstance(event, Stepped)]
    assert steps == [((index,), step, 2) for index in range(3) for step in (1, 2)]


def test_without_a_keeper_nothing_is_written(executor: Executor, tiny: Path, tmp_path: Path) -> None:
    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), steps=1, seed=0)
    assert story(list(Studio(executor).stream(request))) == "(sD)"
    assert list(tmp_path.iterdir()) == []


def test_both_can_be_closed_twice_and_used_again(executor: Executor, tiny: Path) -> None:
    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), steps=1, seed=0)
    with Studio(executor) as studio:
        first = studio.draw(request)[0].digest
    studio.close()
    assert studio.draw(request)[0].digest == first


def test_pretended_pictures_depend_on_recipe_and_index_alone(tiny: Path) -> None:
    studio = Studio(FakeExecutor())

    def digests(**fields: object) -> list[str]:
        request = make_request(Txt2Img, **{"prompt": "a cat", "model": str(tiny), "num": 3, "seed": 0, **fields})  # type: ignore[arg-type]
        return [picture.digest for picture in studio.draw(request)]

    assert len(set(digests())) == 3
    assert digests() == digests()
    assert digests(num=2) == digests()[:2]
    assert digests(prompt="a dog") != digests()

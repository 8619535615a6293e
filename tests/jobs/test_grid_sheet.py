"""Grids through the object a Python user holds: what is drawn, what is not drawn twice, and in which order."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import BadRequest, problems_of
from sdplay.events import Event, Finished, ImageDone, Reused, Started, Stepped
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own, read_sheet
from sdplay.images.picture import pixel_digest
from sdplay.jobs.grid import grid_writer
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import Task
from tests.support.fakemodel import fake_model
from tests.support.given import photo


class Counting(FakeExecutor):
    """Remembers what it was asked to draw."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def run(self, task: Task) -> Any:
        self.tasks.append(task)
        return super().run(task)

    @property
    def drawn(self) -> int:
        return sum(len(task.indices) for task in self.tasks)


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(fake_model(tmp_path / "models" / "fake"))


@pytest.fixture
def executor() -> Counting:
    return Counting()


@pytest.fixture
def studio(executor: Counting) -> Iterator[Studio]:
    with Studio(executor) as studio:
        yield studio


def castle(model: str, **fields: Any) -> Txt2Img:
    return make_request(Txt2Img, prompt="a castle, 3d render", model=model, **{"seed": 1, "steps": 3, **fields})


def test_every_cell_is_what_the_request_draws_with_its_values(studio: Studio, model: str) -> None:
    grid = studio.grid(castle(model), "steps=1,2,3", "prompt=castle|house", guidance=[3, 5])
    assert len(grid.pictures) == 12
    for block, guidance in enumerate((3.0, 5.0)):
        for row, prompt in enumerate(("a castle, 3d render", "a house, 3d render")):
            for column, steps in enumerate((1, 2, 3)):
                (picture,) = grid.at(column, row, block)
                alone = studio.draw(
                    make_request(Txt2Img, prompt=prompt, model=model, seed=1, steps=steps, guidance_scale=guidance)
                )
                assert (picture.recipe.digest, picture.digest) == (alone[0].recipe.digest, alone[0].digest)
    assert (grid.path, grid.reused) == (None, 0)
    assert [axis.name for axis in grid.axes] == ["steps", "prompt", "guidance"]
    assert grid._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(BadRequest, match="not on this grid"):
        grid.at(3)


def test_the_sheet_shows_the_pictures_where_it_says_and_names_their_files(
    studio: Studio, model: str, tmp_path: Path
) -> None:
    grid = studio.grid(castle(model, num=2), "steps=1,2", "guidance=3,5", out=tmp_path)
    assert grid.path == tmp_path / "grid-00000.png"
    record = read_sheet(grid.path)
    assert record is not None
    assert [(axis.name, axis.values) for axis in record.axes] == [("steps", ("1", "2")), ("guidance", ("3", "5"))]
    assert len(record.pictures) == 8
    for said, picture in zip(record.pictures, grid.pictures, strict=True):
        embedded, pixels = read_own(tmp_path / said.file)
        assert said.pixels == picture.digest == embedded.digest == pixel_digest(pixels)
        assert (said.recipe, said.index) == (picture.recipe.digest, picture.index)
    with Image.open(grid.path) as image:
        sheet = np.asarray(image.convert("RGB"))
    for said, picture in zip(record.pictures, grid.pictures, strict=True):
        colour = picture.pixels[0, 0]
        assert (sheet == colour).all(axis=2).sum() >= 64 * 64, said


def test_what_is_there_is_not_drawn_again(studio: Studio, executor: Counting, model: str, tmp_path: Path) -> None:
    request = castle(model)
    first = studio.grid(request, "steps=1,2", "guidance=3,5", out=tmp_path)
    assert (executor.drawn, first.reused) == (4, 0)
    larger = studio.grid(request, "steps=1,2,3", "guidance=3,5,7", out=tmp_path)
    assert (executor.drawn, larger.reused) == (9, 4)
    again = studio.grid(request, "steps=1,2,3", "guidance=3,5,7", out=tmp_path)
    assert (executor.drawn, again.reused, again.path) == (9, 9, larger.path)
    assert [one.digest for one in again.pictures] == [one.digest for one in larger.pictures]
    assert len(list(tmp_path.glob("0*.png"))) == 9
    assert len(list(tmp_path.glob("grid-*.png"))) == 2


def test_pictures_of_an_ordinary_command_count_too(
    studio: Studio, executor: Counting, model: str, tmp_path: Path
) -> None:
    studio.draw(castle(model, num=4), tmp_path)
    grid = studio.grid(castle(model), "seed=1-5", out=tmp_path)
    assert (executor.drawn, grid.reused) == (5, 4)
    studio.draw(castle(model, seed=1, num=5), tmp_path / "elsewhere")
    assert [one.digest for one in grid.pictures] == [
        read_own(path)[0].digest for path in sorted((tmp_path / "elsewhere").iterdir())
    ]


def test_a_changed_file_is_never_taken(studio: Studio, executor: Counting, model: str, tmp_path: Path) -> None:
    first = studio.grid(castle(model), "steps=1,2", out=tmp_path)
    from tests.images.test_reuse import changed

    changed(tmp_path / "00000-1.png")
    again = studio.grid(castle(model), "steps=1,2", out=tmp_path)
    assert (executor.drawn, again.reused) == (3, 1)
    assert [one.digest for one in again.pictures] == [one.digest for one in first.pictures]
    assert (tmp_path / "00002-1.png").exists()


def test_what_comes_to_the_same_is_drawn_once(studio: Studio, executor: Counting, model: str) -> None:
    grid = studio.grid(castle(model), "sampler=dpm++ 2m karras,DPM++ 2M", "schedule=karras,Karras")
    assert executor.drawn == 1
    assert len({picture.digest for picture in grid.pictures}) == 1
    assert len(grid.pictures) == 4
    overlapping = studio.grid(castle(model, num=3), "seed=1-3")
    assert len(overlapping.pictures) == 9
    assert executor.drawn == 1 + 5


def test_each_model_is_loaded_once(studio: Studio, executor: Counting, model: str, tmp_path: Path) -> None:
    other = fake_model(tmp_path / "models" / "other")
    (other / "unet" / "config.json").write_text(json.dumps({"sample_size": 8, "other": True}))
    studio.grid(castle(model), "steps=1,2,3", f"model={model}|{other}")
    names = [task.recipe.model.name for task in executor.tasks]
    assert names == ["fake"] * 3 + ["other"] * 3
    executor.tasks.clear()
    studio.grid(castle(model), f"model={model}|{other}", "steps=1,2,3")  # in the order of the cells they alternate
    assert [task.recipe.model.name for task in executor.tasks] == names


def test_one_seed_is_drawn_for_the_whole_grid(executor: Counting, model: str) -> None:
    seeds = iter(range(40, 90))
    with Studio(executor, new_seed=lambda: next(seeds)) as studio:
        grid = studio.grid(castle(model, seed=None), "steps=1-4")
    assert {picture.seed for picture in grid.pictures} == {40}


def test_sizes_numbers_and_given_pictures_vary_too(studio: Studio, model: str, tmp_path: Path) -> None:
    grid = studio.grid(castle(model), "size=64,128x64", "num=1,3")
    assert [len(grid.at(column, row)) for row in (0, 1) for column in (0, 1)] == [1, 1, 3, 3]
    assert grid.at(1, 1)[2].pixels.shape == (64, 128, 3)
    photo(tmp_path / "a.png", (64, 64))
    request = make_request(Img2Img, prompt="a castle", image=str(tmp_path / "a.png"), model=model, seed=1)
    strengths = studio.grid(request, "denoising=0-1 (+0.5)", out=tmp_path / "out", kind="webp")
    assert [picture.recipe.request.strength for picture in strengths.pictures] == [0.0, 0.5, 1.0]  # type: ignore[union-attr]
    assert strengths.path is not None
    assert strengths.path.suffix == ".webp"


def test_nothing_is_drawn_where_anything_is_wrong(
    studio: Studio, executor: Counting, model: str, tmp_path: Path
) -> None:
    with pytest.raises(BadRequest) as refused:
        studio.grid(castle(model), "sampler=eular,euler", "model=nowhere|" + model, "steps=2,3", out=tmp_path / "out")
    said = {(problem.field, problem.value) for problem in problems_of(refused.value)}
    assert said == {("grid sampler", "eular"), ("grid model", "nowhere")}
    assert not executor.tasks
    assert not (tmp_path / "out").exists()


def test_jpeg_is_refused_since_it_could_prove_nothing(studio: Studio, model: str, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="pixels of such a file"):
        studio.grid(castle(model), "steps=1,2", out=tmp_path / "out", kind="jpg")
    assert not (tmp_path / "out").exists()


def test_events_tell_what_is_there_before_anything_is_drawn(studio: Studio, model: str, tmp_path: Path) -> None:
    request = castle(model)
    studio.grid(request, "steps=2,3", out=tmp_path)
    plan = studio.grids.plan(request, "steps=1,2,3")
    events: list[Event] = list(studio.grids.run(plan, grid_writer(tmp_path, "png"), preview=True))
    kinds = [type(event) for event in events if not isinstance(event, Stepped)]
    assert kinds[:3] == [Reused, Reused, Started]
    assert isinstance(events[2], Started)
    assert events[2].total == 1
    assert isinstance(events[-1], Finished)
    assert events[-1].total == 1
    assert all(event.previews for event in events if isinstance(event, Stepped))
    assert sum(isinstance(event, ImageDone) for event in events) == 1


def test_stopping_in_the_middle_draws_nothing_more_and_loses_nothing(
    studio: Studio, executor: Counting, model: str, tmp_path: Path
) -> None:
    plan = studio.grids.plan(castle(model), "steps=1-6")
    for seen, event in enumerate(studio.grids.run(plan, grid_writer(tmp_path, "png"))):
        if seen == 9:
            assert isinstance(event, Stepped)
            break
    before = executor.drawn
    rest = studio.grid(castle(model), "steps=1-6", out=tmp_path)
    assert (before, rest.reused, executor.drawn) == (3, 2, 7)


def test_the_real_thing_takes_its_own_pictures_and_draws_the_same(tiny: Path, tmp_path: Path) -> None:
    request = make_request(Txt2Img, prompt="a red apple", model=str(tiny), seed=3, steps=2, sampler="euler")
    with Studio() as studio:
        studio.draw(request, tmp_path / "one")
        shutil.copytree(tmp_path / "one", tmp_path / "two")
        grid = studio.grid(request, "steps=1,2", "sampler=euler,euler_a", out=tmp_path / "two")
        assert grid.reused == 1
        without = studio.grid(request, "steps=1,2", "sampler=euler,euler_a")
        assert [one.digest for one in grid.pictures] == [one.digest for one in without.pictures]
        for picture in sorted((tmp_path / "two").glob("0*.png")):
            studio.verify(picture, str(tiny))

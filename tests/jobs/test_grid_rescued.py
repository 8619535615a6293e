"""Grids of pictures whose numbers overflowed: drawn in more precision than asked, for the cells that asked for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.executors.inline import InlineExecutor
from sdplay.images.own import read_own, read_sheet
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import Task
from tests.support.overflow import Bad, in_codec, in_network, overflow


class Counting(InlineExecutor):
    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def run(self, task: Task) -> Any:
        self.drawn += len(task.indices)
        return super().run(task)


def apple(tiny: Path, **fields: Any) -> Txt2Img:
    known = {"seed": 3, "steps": 2, "sampler": "euler", "precision": "bfloat16"}
    return make_request(Txt2Img, prompt="a red apple", model=str(tiny), **{**known, **fields})


@pytest.mark.parametrize(
    ("bad", "formats"),
    [(in_network, ("float32", "float32")), (in_codec, ("bfloat16", "float32"))],
    ids=["network", "codec"],
)
def test_rescued_pictures_are_put_in_their_cells_and_found_again(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: Bad, formats: tuple[str, str]
) -> None:
    overflow(monkeypatch, bad)
    executor = Counting()
    with Studio(executor) as studio:
        grid = studio.grid(apple(tiny, num=2), "steps=1,2", out=tmp_path)
        assert (executor.drawn, grid.reused, len(grid.pictures)) == (4, 0, 4)
        for column, steps in enumerate((1, 2)):
            for index, picture in enumerate(grid.at(column)):
                numerics = picture.recipe.numerics
                assert (picture.recipe.steps, picture.index) == (steps, index)
                assert (numerics.dtype, numerics.decode_dtype) == formats
        again = studio.grid(apple(tiny, num=2), "steps=1,2", out=tmp_path)
        assert (executor.drawn, again.reused, again.path) == (4, 4, grid.path)
        for before, after in zip(grid.pictures, again.pictures, strict=True):
            assert (before.recipe.digest, before.digest) == (after.recipe.digest, after.digest)
        assert grid.path is not None
        record = read_sheet(grid.path)
        assert record is not None
        for said, picture in zip(record.pictures, grid.pictures, strict=True):
            embedded, _ = read_own(tmp_path / said.file)
            assert said.recipe == picture.recipe.digest == embedded.recipe.digest
            assert said.pixels == picture.digest == embedded.digest
        assert studio.verify(tmp_path / record.pictures[0].file, str(tiny)).digest == record.pictures[0].pixels


def test_precisions_beside_each_other_stay_apart(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rescued picture is the very one of the other cell: both are there, and one file is not taken for both."""
    overflow(monkeypatch, in_network)
    executor = Counting()
    with Studio(executor) as studio:
        exact = studio.grid(apple(tiny, precision="float32"), "steps=1", out=tmp_path)
        both = studio.grid(apple(tiny, steps=1), "precision=bfloat16,float32", out=tmp_path)
        assert (both.reused, executor.drawn) == (1, 2)
        assert {one.digest for one in both.pictures} == {exact.pictures[0].digest}
        again = studio.grid(apple(tiny, steps=1), "precision=bfloat16,float32", out=tmp_path)
        assert (again.reused, executor.drawn) == (2, 2)

"""Pictures of ours whose metadata is damaged, or from a later version: what is said of them names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.core.errors import BadRequest
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own
from sdplay.images.write import CHUNK
from sdplay.studio import Studio


@pytest.fixture
def told(tiny: Path, tmp_path: Path) -> Callable[[Any], Path]:
    """A picture whose metadata is what a function of the right one makes of it."""
    path = tmp_path / "own.png"
    with Studio(FakeExecutor()) as studio:
        studio.draw("a pear", steps=2, seed=1, model=str(tiny), size=64)[0].save(path)

    def change(changed: Callable[[dict[str, Any]], Any]) -> Path:
        with Image.open(path) as image:
            words = PngInfo()
            words.add_text(CHUNK, json.dumps(changed(json.loads(image.info[CHUNK]))))
            image.save(path, pnginfo=words)
        return path

    return change


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (lambda _: [], "it is no JSON object"),
        (lambda _: None, "it is no JSON object"),
        (lambda _: {}, "it lacks sdplay, index, pixels, recipe"),
        (lambda said: {key: value for key, value in said.items() if key != "pixels"}, "it lacks pixels"),
        (lambda said: said | {"index": -1}, "its index is -1"),
        (lambda said: said | {"recipe": 5}, "'int' object"),
        (lambda said: said | {"recipe": {**said["recipe"], "steps": "x"}}, "steps"),
        (lambda said: said | {"recipe": {**said["recipe"], "later": 5}}, "this version knows no such part"),
    ],
)
def test_what_is_wrong_with_its_metadata_is_said_with_its_name(
    told: Callable[[Any], Path], changed: Callable[[dict[str, Any]], Any], reason: str
) -> None:
    path = told(changed)
    with pytest.raises(BadRequest, match="its recipe cannot be read") as raised:
        read_own(path)
    assert reason in raised.value.reason
    assert (raised.value.field, raised.value.value) == ("file", str(path))
    assert raised.value.hint
    assert len(str(raised.value)) < 300 + len(str(path))

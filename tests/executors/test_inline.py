"""The executor of this process: what it holds between tasks, and that it lets go of it."""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdplay.events import Event, ImageDone, Upscaled
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.inline import InlineExecutor
from sdplay.executors.processes import ProcessExecutor
from sdplay.film.render import film
from sdplay.pipeline.model_cache import LoadedModel, ModelCache, TextEncodingCache
from sdplay.tasks import DrawTask, Executor, UpscaleTask
from tests.support.films import numbered_clip
from tests.support.recipes import MODEL
from tests.support.stubfilm import SIDE, PaintingFamily, film_request, settled


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> InlineExecutor:
    """An executor whose model is the family without networks."""
    family = PaintingFamily()
    loaded = LoadedModel(family, TextEncodingCache(family))
    monkeypatch.setattr(ModelCache, "get", lambda *_, **__: loaded)
    return InlineExecutor()


def clip_frames(executor: InlineExecutor, clip: Path, **fields: Any) -> list[Event]:
    request = film_request(
        "animate", animation_mode="Video Input", video_init_path=str(clip), animation_prompts="a hill", **fields
    )
    task = DrawTask(recipe=settled(request), indices=[0], model=MODEL, device="cpu")
    return [event for event in executor.run(task) if isinstance(event, ImageDone)]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc says which files are open")
def test_closing_closes_the_clip_of_the_last_film(executor: InlineExecutor, tmp_path: Path) -> None:
    clip = numbered_clip(tmp_path / "clip.mp4", 4, side=(SIDE, SIDE)).resolve()

    def is_open() -> bool:
        links = (Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd"))
        return any(os.path.realpath(link) == str(clip) for link in links)

    assert len(clip_frames(executor, clip)) == 1
    assert is_open()
    executor.close()
    assert not is_open()
    assert len(clip_frames(executor, clip)) == 1  # and it can be used again
    executor.close()


def test_closing_lets_go_of_the_depth_model(
    executor: InlineExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = weakref.WeakSet[film.KeyDisparity]()

    class Watched(film.KeyDisparity):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            held.add(self)

    monkeypatch.setattr(film, "KeyDisparity", Watched)
    clip_frames(executor, numbered_clip(tmp_path / "clip.mp4", 4, side=(SIDE, SIDE)))
    gc.collect()
    assert len(held) == 1
    executor.close()
    gc.collect()
    assert len(held) == 0


@pytest.mark.parametrize("make", [FakeExecutor, InlineExecutor, lambda: ProcessExecutor(1, FakeExecutor)])
def test_a_picture_is_enlarged_as_a_task_like_any_other(make: Callable[[], Executor]) -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    executor = make()
    (done,) = executor.run(UpscaleTask(pixels=pixels, size=(16, 12), upscaler="lanczos"))
    executor.close()
    assert isinstance(done, Upscaled)
    assert (done.pixels.shape, done.weights) == ((12, 16, 3), "")

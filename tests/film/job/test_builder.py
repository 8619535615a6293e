"""A film that is asked for again in its folder is the one that was begun there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.executors.fake import FakeExecutor
from sdplay.film.request_animate import Animate
from sdplay.requests.base import make_request
from sdplay.studio import Studio
from tests.support.fakemodel import fake_model


def flight(**fields: Any) -> Animate:
    return make_request(Animate, animation_prompts="a hill", animation_mode="3D", max_frames=4, model="fake", **fields)


@pytest.mark.parametrize("begun", ["guess", "none", "builtin"])
def test_auto_goes_on_with_the_depth_that_a_film_was_begun_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: str
) -> None:
    fake_model(tmp_path / "fake")
    monkeypatch.chdir(tmp_path)
    other = "builtin" if begun == "none" else "none"
    with Studio(FakeExecutor()) as studio:
        job = studio.film(flight(depth_model=begun), Path("film"))
        again = studio.film(flight(), Path("film"))
        assert again.recipe.digest == job.recipe.digest
        assert studio.films.resume(Path("film")).recipe.digest == job.recipe.digest
        guessed = [warning.code for warning in job.warnings if warning.field == "depth_model"]
        assert guessed == (["depth-guessed"] if begun == "guess" else [])
        with pytest.raises(BadRequest, match=r"belongs to another job: .*depth_model"):
            studio.film(flight(depth_model=other), Path("film"))

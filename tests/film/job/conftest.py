"""A film that is finished."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.film.job.folder import JobFolder
from tests.support.film import COUNT, draw_film


@pytest.fixture
def job(tmp_path: Path) -> JobFolder:
    """A finished film of four segments."""
    draw_film(tmp_path / "job", COUNT)
    return JobFolder.open(tmp_path / "job")

"""One service that pretends to draw for all tests of a file, and a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.service import RunningService, running_service

try:
    from tests.page.canvas import canvas
    from tests.support.browser import browser, open_page, page
except ImportError:  # playwright is of the extra "test"
    collect_ignore_glob = ["test_*.py"]
else:
    __all__ = ["browser", "canvas", "open_page", "page"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def paused(service: RunningService) -> Iterator[RunningService]:
    """The service while it begins no job."""
    service.client.post("/api/v1/queue/pause")
    yield service
    for job in service.get("/api/v1/queue?limit=500")["jobs"]:
        service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    service.client.post("/api/v1/queue/resume")

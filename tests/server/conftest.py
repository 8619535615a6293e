"""One service that pretends to draw, for all tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def paused(service: RunningService) -> Iterator[RunningService]:
    """The same service, with nothing left of other tests, while it begins no job."""
    wait_until(lambda: not service.get("/api/v1/queue")["jobs"])
    service.client.post("/api/v1/queue/pause")
    yield service
    for job in service.get("/api/v1/queue?limit=500")["jobs"]:
        service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    service.client.post("/api/v1/queue/resume")

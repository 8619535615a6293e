"""Live drawing: the newest request is answered, older ones are given up, nothing is kept."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from PIL import Image

import sdplay
from sdplay.executors.fake import FakeExecutor
from sdplay.images.read import png
from sdplay.images.write import encode
from sdplay.studio import Studio
from sdplay.version import VERSION
from tests.support.gated import GatedService, gated_service
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

GREEN = np.full((64, 96, 3), (10, 200, 30), np.uint8)
ADDRESS = "data:image/png;base64," + base64.b64encode(png(GREEN)).decode()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("service")) as service:
        yield service


def live(service: RunningService, session: str = "somebody", **fields: Any) -> httpx2.Response:
    return service.client.post("/api/v1/live", params={"session": session}, json=fields)


def test_the_answer_is_the_picture_that_a_job_draws(service: RunningService) -> None:
    answer = live(service, prompt="a cat", seed=7)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    with Studio(FakeExecutor()) as studio:
        picture = studio.draw(sdplay.Txt2Img(prompt="a cat", seed=7))[0]
    assert answer.content == encode(picture, "png", VERSION)
    assert answer.headers["sdplay-recipe"] == picture.recipe.digest


def test_nothing_is_kept(service: RunningService) -> None:
    before = (service.get("/api/v1/jobs")["jobs"], sorted(service.folder.rglob("*.png")))
    assert live(service, mode="img2img", prompt="a cat", image=ADDRESS).status_code == 200
    assert before == (service.get("/api/v1/jobs")["jobs"], sorted(service.folder.rglob("*.png")))
    assert service.get("/api/v1/pictures")["pictures"] == []


def test_who_leaves_the_seed_out_is_told_it_and_can_keep_the_picture(service: RunningService) -> None:
    drawn = live(service, mode="img2img", prompt="a cat", image=ADDRESS)
    upload = service.client.post("/api/v1/uploads", files={"file": ("a.png", png(GREEN))}).json()["id"]
    job = service.submit("img2img", prompt="a cat", image=upload, seed=int(drawn.headers["sdplay-seed"]))
    assert job["recipe"] == drawn.headers["sdplay-recipe"]


def test_a_picture_of_an_upload_is_drawn_from_too(service: RunningService) -> None:
    upload = service.client.post("/api/v1/uploads", files={"file": ("a.png", png(GREEN))}).json()["id"]
    mine, theirs = (
        live(service, mode="img2img", prompt="a cat", seed=3, image=given).content for given in (upload, ADDRESS)
    )
    assert np.array_equal(pixels(mine), pixels(theirs))


@pytest.mark.parametrize(
    ("fields", "status", "field"),
    [
        ({"prompt": "a cat", "steps": -1}, 422, "steps"),
        ({"mode": "dream", "key": ["a", "b"]}, 422, "mode"),
        ({"mode": "img2img", "prompt": "a", "image": "data:image/png;base64,???"}, 422, "image"),
        ({"mode": "img2img", "prompt": "a", "image": "data:image/png,abc"}, 422, "image"),
        ({"mode": "img2img", "prompt": "a", "image": "data:image/png;base64,aGVsbG8="}, 422, "file"),
        ({"mode": "img2img", "prompt": "a", "image": "/etc/passwd"}, 422, "image"),
        ({"prompt": "a cat", "format": "gif"}, 422, "format"),
        ({"prompt": "a cat", "width": 100_000, "height": 100_000}, 422, "width"),
    ],
)
def test_errors_are_those_of_a_job(service: RunningService, fields: dict[str, Any], status: int, field: str) -> None:
    answer = live(service, **fields)
    assert answer.status_code == status
    assert answer.json()["error"]["field"] == field, answer.text


def test_a_session_has_a_name(service: RunningService) -> None:
    assert service.client.post("/api/v1/live", json={"prompt": "a cat"}).status_code == 422
    assert live(service, session="x" * 65, prompt="a cat").status_code == 422


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedService]:
    with gated_service(tmp_path) as gated:
        yield gated


class Asked:
    """A live request that is answered in a thread of its own."""

    def __init__(self, service: RunningService, session: str, prompt: str) -> None:
        self._answer: httpx2.Response | None = None
        self._thread = threading.Thread(target=self._ask, args=(service, session, prompt))
        self._thread.start()

    def _ask(self, service: RunningService, session: str, prompt: str) -> None:
        with service.open_client() as client:
            self._answer = client.post("/api/v1/live", params={"session": session}, json={"prompt": prompt, "seed": 1})

    @property
    def is_answered(self) -> bool:
        return not self._thread.is_alive()

    @property
    def answer(self) -> httpx2.Response:
        self._thread.join()
        assert self._answer is not None
        return self._answer


def test_the_newest_of_a_session_supersedes_what_waits(gated: GatedService) -> None:
    with gated.gate("slow"):
        job = gated.service.submit(prompt="slow job", seed=1)
        wait_until(lambda: gated.events("slow job") == ["Started"])
        first, other = Asked(gated.service, "me", "mine"), Asked(gated.service, "you", "other one")
        second = Asked(gated.service, "me", "mine")
        wait_until(lambda: first.is_answered or second.is_answered)  # whichever came first is given up
        older, newer = (first, second) if first.is_answered else (second, first)
        assert (older.answer.status_code, older.answer.json()["error"]["code"]) == (409, "superseded")
        assert not newer.is_answered
        assert not other.is_answered
    assert newer.answer.status_code == other.answer.status_code == 200
    assert gated.events("mine").count("ImageDone") == 1
    assert gated.service.wait(job["id"])["state"] == "completed"


def test_a_job_lets_it_in_between_two_pictures(gated: GatedService) -> None:
    job = gated.service.submit(prompt="many pictures", seed=1, num=200, steps=40)
    wait_until(lambda: "ImageDone" in gated.events("many pictures"))
    assert Asked(gated.service, "me", "quick one").answer.status_code == 200
    assert gated.service.wait(job["id"])["done"] == 200
    order = [line.split()[1] for line in gated.lines() if line.endswith("ImageDone")]
    assert "many" in order[order.index("quick") :]


def pixels(content: bytes) -> np.ndarray[Any, Any]:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image)

"""`/v1/images/edits` and streams, against a server process that pretends to draw."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.patience import wait_until
from tests.support.service import RunningService

Files = list[tuple[str, tuple[str, bytes, str]]]


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 64), hole: int = 0) -> bytes:
    """A green PNG; with a `hole` its upper rows are transparent."""
    image = Image.new(mode, size, (0, 160, 0, 255)[: len(mode)])
    if hole:
        image.paste((0, 0, 0, 0), (0, 0, size[0], hole))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def sent(name: str, content: bytes) -> tuple[str, tuple[str, bytes, str]]:
    return name, ("picture.png", content, "image/png")


def edit(service: RunningService, files: Files, status: int = 200, **fields: str) -> dict[str, Any]:
    answer = service.client.post("/v1/images/edits", data={"prompt": "a red roof", **fields}, files=files)
    assert answer.status_code == status, answer.text
    return answer.json()


def upload(service: RunningService, name: str) -> Image.Image:
    return Image.open(io.BytesIO(service.client.get(f"/api/v1/uploads/{name}/file").content))


@pytest.mark.parametrize("name", ["image", "image[]"])
def test_without_a_mask_it_is_img2img(service: RunningService, name: str) -> None:
    (data,) = edit(service, [sent(name, picture(size=(72, 64)))], seed="5", strength="0.5", steps="4")["data"]
    request = service.request_behind(data["id"])
    assert (request["mode"], request["seed"], request["strength"], request["steps"]) == ("img2img", 5, 0.5, 4)
    assert Image.open(io.BytesIO(base64.b64decode(data["b64_json"]))).size == (72, 64)
    assert service.client.get(data["url"]).status_code == 200


def test_transparent_is_repainted(service: RunningService) -> None:
    files = [sent("image", picture()), sent("mask", picture("RGBA", hole=24))]
    (data,) = edit(service, files, n="1")["data"]
    request = service.request_behind(data["id"])
    assert request["mode"] == "inpaint"
    mask = np.asarray(upload(service, request["mask"]).convert("L"))
    assert (mask[:24] == 255).all()
    assert (mask[24:] == 0).all()


def test_holes_of_the_picture_itself(service: RunningService) -> None:
    (data,) = edit(service, [sent("image", picture("RGBA", hole=8))])["data"]
    assert service.request_behind(data["id"])["mode"] == "inpaint"


def test_picture_that_is_nowhere_transparent(service: RunningService) -> None:
    (data,) = edit(service, [sent("image", picture("RGBA"))], input_fidelity="high")["data"]
    assert (service.request_behind(data["id"])["mode"], service.request_behind(data["id"])["strength"]) == (
        "img2img",
        0.5,
    )


def test_size_and_pictures(service: RunningService) -> None:
    answer = edit(service, [sent("image", picture())], size="96x80", n="3", seed="1", output_format="webp")
    assert answer["size"] == "96x80"
    assert [each["seed"] for each in answer["data"]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("files", "param"),
    [
        ([], "image"),
        ([sent("image", b"GIF8 is none")], "image"),
        ([sent("image", picture()), sent("image", picture())], "image"),
        ([sent("image[]", picture()), sent("image[]", picture())], "image"),
        ([sent("image", picture()), sent("mask", picture())], "mask"),
        ([sent("image", picture()), sent("mask", picture("RGBA", (32, 32), hole=8))], "mask"),
        ([sent("image", picture()), sent("mask", b"no picture")], "mask"),
    ],
)
def test_files_that_cannot_be_used(service: RunningService, files: Files, param: str) -> None:
    error = edit(service, files or [sent("other", b"")], 400)["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": "many"}, "n"),
        ({"steps": "many"}, "steps"),
        ({"strength": "2"}, "strength"),
        ({"output_format": "gif"}, "output_format"),
        ({"extend": "left=64;rm"}, "extend"),
    ],
)
def test_fields_that_are_wrong(service: RunningService, fields: dict[str, str], param: str) -> None:
    assert edit(service, [sent("image", picture())], 400, **fields)["error"]["param"] == param


def test_an_address_is_no_file(service: RunningService) -> None:
    answer = service.client.post("/v1/images/edits", json={"prompt": "a", "image": "http://example.com/a.png"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")
    error = edit(service, [sent("other", b"")], 400, image="http://example.com/a.png")["error"]
    assert error["param"] == "image"


def events(text: str) -> list[dict[str, Any]]:
    """The data of events; the name of each is its type."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            data = json.loads(lines["data"])
            assert lines["event"] == data["type"]
            found.append(data)
    return found


def streamed(service: RunningService, **fields: Any) -> list[dict[str, Any]]:
    body = {"prompt": "a red apple", "stream": True, "size": "64x64", **fields}
    answer = service.client.post("/v1/images/generations", json=body)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return events(answer.text)


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
def test_what_emerges_is_told(service: RunningService, kind: str) -> None:
    told = streamed(service, partial_images=3, steps=1000, seed=3, output_format=kind)
    *partial, last = told
    assert [each["partial_image_index"] for each in partial] == list(range(len(partial)))
    assert {each["type"] for each in partial} <= {"image_generation.partial_image"}
    assert len(partial) <= 3
    for each in partial:
        assert Image.open(io.BytesIO(base64.b64decode(each["b64_json"]))).format == kind.upper()
    assert last["type"] == "image_generation.completed"
    plain = service.client.post(
        "/v1/images/generations",
        json={"prompt": "a red apple", "size": "64x64", "steps": 1000, "seed": 3, "output_format": kind},
    )
    assert last["b64_json"] == plain.json()["data"][0]["b64_json"]
    assert last["usage"]["total_tokens"] == 0


def test_each_picture_is_told(service: RunningService) -> None:
    told = streamed(service, n=3, seed=1)
    assert [(each["type"], each["seed"]) for each in told] == [("image_generation.completed", n) for n in (1, 2, 3)]


def test_stream_of_an_edit(service: RunningService) -> None:
    answer = service.client.post(
        "/v1/images/edits", data={"prompt": "a red roof", "stream": "true"}, files=[sent("image", picture())]
    )
    assert [each["type"] for each in events(answer.text)] == ["image_edit.completed"]


def test_wrong_requests_are_no_stream(service: RunningService) -> None:
    answer = service.client.post("/v1/images/generations", json={"prompt": "a", "stream": True, "steps": 0})
    assert answer.status_code == 400


def test_stream_that_is_left_takes_its_job_along(paused: RunningService) -> None:
    with (
        paused.open_client() as client,
        client.stream("POST", "/v1/images/generations", json={"prompt": "a", "stream": True}) as answer,
    ):
        assert answer.status_code == 200
        job = paused.newest_job()["id"]
    wait_until(lambda: paused.get(f"/api/v1/jobs/{job}")["state"] == "cancelled")


def test_stream_of_a_job_that_is_cancelled_ends_with_an_error(paused: RunningService) -> None:
    with (
        paused.open_client() as client,
        client.stream("POST", "/v1/images/generations", json={"prompt": "a", "stream": True}) as answer,
    ):
        paused.client.post(f"/api/v1/jobs/{paused.newest_job()['id']}/cancel")
        answer.read()
    (last,) = events(answer.text)
    assert (last["type"], last["error"]["code"]) == ("error", "cancelled")

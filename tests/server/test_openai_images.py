"""`/v1/images/generations` and `/v1/models` against a server process that pretends to draw."""

from __future__ import annotations

import base64
import io
import json
import threading
from typing import Any

import httpx2
import pytest
from PIL import Image

from sdplay.executors.fake import fake_picture
from sdplay.requests.recipe import Recipe
from tests.support.patience import wait_until
from tests.support.service import RunningService


def generate(service: RunningService, **fields: Any) -> dict[str, Any]:
    answer = service.client.post("/v1/images/generations", json={"prompt": "a red apple", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(service: RunningService, status: int, **fields: Any) -> dict[str, Any]:
    answer = service.client.post("/v1/images/generations", json={"prompt": "a red apple", **fields})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    return error


def opened(data: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data["b64_json"])))


def test_both_ways_where_none_is_asked(service: RunningService) -> None:
    answer = generate(service, n=2, seed=7, size="64x128")
    assert [each["seed"] for each in answer["data"]] == [7, 8]
    assert answer["size"] == "64x128"
    for data in answer["data"]:
        assert data["url"].startswith(service.url)
        assert service.client.get(data["url"]).content == base64.b64decode(data["b64_json"])
        assert opened(data).size == (64, 128)


@pytest.mark.parametrize(("wanted", "other"), [("url", "b64_json"), ("b64_json", "url")])
def test_as_the_client_wants_it(service: RunningService, wanted: str, other: str) -> None:
    (data,) = generate(service, response_format=wanted)["data"]
    assert wanted in data
    assert other not in data


def test_address_has_the_name_that_the_client_uses(service: RunningService) -> None:
    port = service.url.rpartition(":")[2]
    body = {"prompt": "a red apple", "response_format": "url"}
    answer = service.client.post("/v1/images/generations", json=body, headers={"Host": f"localhost:{port}"})
    assert answer.json()["data"][0]["url"].startswith(f"http://localhost:{port}/")


def test_recipe_is_that_of_the_command_line(service: RunningService) -> None:
    fields = {"seed": 3, "steps": 4, "cfg_scale": 2.5, "negative_prompt": "blue", "sampler": "heun", "size": "64x64"}
    image = opened(generate(service, **fields)["data"][0])
    recipe = Recipe.from_dict(json.loads(image.info["sdplay"])["recipe"])
    assert (recipe.steps, recipe.guidance_scale, recipe.sampler, recipe.seed) == (4, 2.5, "heun", 3)
    assert recipe.request.negative_prompt == "blue"
    assert image.getpixel((0, 0)) == tuple(int(value) for value in fake_picture(recipe, 0).pixels[0, 0])


@pytest.mark.parametrize(
    ("quality", "steps"), [("low", 10), ("auto", 20), ("standard", 20), ("high", 30), ("hd", 30), ("max", 60)]
)
def test_quality_is_steps(service: RunningService, quality: str, steps: int) -> None:
    (data,) = generate(service, quality=quality)["data"]
    assert service.request_behind(data["id"])["steps"] == steps


def test_steps_that_are_asked_for_win(service: RunningService) -> None:
    (data,) = generate(service, quality="low", steps=7)["data"]
    assert service.request_behind(data["id"])["steps"] == 7


@pytest.mark.parametrize("size", ["1024x1024", "1792x1024"])
def test_large_sizes_are_enlarged(service: RunningService, size: str) -> None:
    answer = generate(service, size=size, response_format="b64_json")
    assert answer["size"] == size
    image = opened(answer["data"][0])
    assert f"{image.width}x{image.height}" == size
    asked = service.request_behind(answer["data"][0]["id"])
    assert f"{asked['width']}x{asked['height']}" == size
    assert "hires_scale" not in asked


@pytest.mark.parametrize(("kind", "name"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_formats(service: RunningService, kind: str, name: str) -> None:
    answer = generate(service, output_format=kind, output_compression=80)
    assert opened(answer["data"][0]).format == name
    assert answer["output_format"] == kind


def test_gif_is_a_dream(service: RunningService) -> None:
    answer = generate(service, output_format="gif", frame_count=4, frame_duration_ms=100, size="64x64", steps=2)
    film = opened(answer["data"][0])
    assert (film.format, getattr(film, "n_frames", 1), film.info["duration"]) == ("GIF", 4, 100)
    assert service.request_behind(answer["data"][0]["id"])["mode"] == "dream"
    assert service.client.get(answer["data"][0]["url"]).headers["content-type"] == "image/gif"


@pytest.mark.parametrize(
    ("fields", "param"), [({"stream": True}, "stream"), ({"n": 2}, "n"), ({"size": "1024x1024"}, "size")]
)
def test_gif_that_cannot_be(service: RunningService, fields: dict[str, Any], param: str) -> None:
    assert refused(service, 400, output_format="gif", **fields)["param"] == param


@pytest.mark.parametrize("model", ["dall-e-3", "dall-e-2", "gpt-image-1", "gpt-image-1.5", "chatgpt-image-latest"])
def test_models_that_clients_name_are_the_built_in_one(service: RunningService, model: str) -> None:
    (data,) = generate(service, model=model, seed=1, size="64x64")["data"]
    assert service.get(f"/api/v1/pictures/{data['id']}")["model"] == "builtin"
    assert service.get(f"/v1/models/{model}") | {"created": 0} == {
        "id": model,
        "object": "model",
        "created": 0,
        "owned_by": "sdplay",
        "root": "builtin",
    }


def test_models(service: RunningService) -> None:
    listed = service.get("/v1/models")
    assert listed["object"] == "list"
    assert "builtin" in [each["id"] for each in listed["data"]]


@pytest.mark.parametrize("name", ["nowhere", "stabilityai/sd-turbo", "../builtin", "dalle"])
def test_unknown_model(service: RunningService, name: str) -> None:
    error = refused(service, 404, model=name)
    assert (error["code"], error["param"], error["type"]) == ("model_not_found", "model", "invalid_request_error")
    assert service.client.get(f"/v1/models/{name.replace('../', '')}x").json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"size": "large"}, "size"),
        ({"size": "100x100"}, "size"),
        ({"size": "8192x8192"}, "size"),
        ({"quality": "best"}, "quality"),
        ({"output_format": "svg"}, "output_format"),
        ({"response_format": "png"}, "response_format"),
        ({"partial_images": 4}, "partial_images"),
        ({"output_compression": 101}, "output_compression"),
        ({"steps": 0}, "steps"),
        ({"sampler": "nowhere"}, "sampler"),
        ({"stepss": 3}, "stepss"),
        ({"loras": [{"weight": 1}]}, "loras"),
        ({"lora": "../ink:1"}, "lora"),
        ({"image": "nowhere"}, "image"),
        ({"device": "cuda"}, "device"),
        ({"wildcards": "/etc"}, "wildcards"),
    ],
)
def test_what_is_wrong_is_named(service: RunningService, fields: dict[str, Any], param: str) -> None:
    error = refused(service, 400, **fields)
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert error["message"]


def test_several_things_are_said_at_once(service: RunningService) -> None:
    error = refused(service, 400, steps=0, cfg_scale=-1)
    assert "steps" in error["message"]
    assert "guidance_scale" in error["message"]


def test_what_changes_nothing_is_taken(service: RunningService) -> None:
    plain = generate(service, seed=5, size="64x64")["data"][0]["b64_json"]
    more = {"background": "auto", "moderation": "low", "user": "somebody", "style": "vivid", "safety_identifier": "x"}
    assert generate(service, seed=5, size="64x64", **more)["data"][0]["b64_json"] == plain


def test_seed_by_chance(service: RunningService) -> None:
    seeds = {generate(service, seed=-1, size="64x64")["data"][0]["seed"] for _ in range(2)}
    assert len(seeds) == 2


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"prompt": "a", "n": NaN}', b'{"prompt": "a", "seed": 1e999}'])
def test_bodies_that_are_none(service: RunningService, body: bytes) -> None:
    answer = service.client.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_other_kinds_of_bodies_and_paths(service: RunningService) -> None:
    answer = service.client.post("/v1/images/generations", content=b"a", headers={"content-type": "text/plain"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (415, "invalid_request_error")
    nowhere = service.client.post("/v1/images/variations", json={})
    assert (nowhere.status_code, nowhere.json()["error"]["type"]) == (404, "invalid_request_error")


def test_client_that_goes_away_takes_its_job_along(paused: RunningService) -> None:
    with pytest.raises(httpx2.TimeoutException), paused.open_client() as client:
        client.post("/v1/images/generations", json={"prompt": "a boat"}, timeout=3)
    wait_until(lambda: paused.newest_job()["state"] == "cancelled")


def test_job_that_somebody_cancels(paused: RunningService) -> None:
    answers: list[httpx2.Response] = []

    def ask() -> None:
        with paused.open_client() as client:
            answers.append(client.post("/v1/images/generations", json={"prompt": "a ship"}))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(lambda: paused.newest_job()["state"] == "queued")
    paused.client.post(f"/api/v1/jobs/{paused.newest_job()['id']}/cancel")
    asking.join()
    (answer,) = answers
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "cancelled")
    assert answer.headers["x-should-retry"] == "false"

"""Jobs through /api/v1: handed in, listed, stopped, tried again, moved, forgotten, planned."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from sdplay.requests.txt2img import Txt2Img
from tests.support.builtin import SIDE
from tests.support.service import RunningService

JOBS, QUEUE = "/api/v1/jobs", "/api/v1/queue"


def refusal(service: RunningService, path: str, status: int, **body: Any) -> dict[str, Any]:
    """The error that such a request is answered with."""
    answer = service.client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["error"]


def order(service: RunningService) -> list[str]:
    return [job["id"] for job in service.get(QUEUE)["jobs"]]


def test_accepted_job_has_an_address(service: RunningService) -> None:
    answer = service.client.post(JOBS, json={"prompt": "a red apple", "seed": 3})
    job = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (202, job["url"])
    assert service.get(job["url"])["id"] == job["id"]


def test_request_of_a_job_sent_again_is_the_same_recipe(service: RunningService) -> None:
    job = service.submit(prompt="a {red|green} apple", num=3, negative_prompt="blue", size="64x128", guidance=4)
    again = service.submit(**job["request"])
    assert again["recipe"] == job["recipe"]
    assert (again["total"], again["request"]["width"], again["request"]["height"]) == (3, 64, 128)


def test_same_key_and_recipe_are_one_job(service: RunningService) -> None:
    def sent(key: str, **fields: Any) -> str:
        return service.client.post(JOBS, json=fields, headers={"Idempotency-Key": key}).json()["id"]

    first = sent("k", prompt="a cat", seed=1)
    assert sent("k", prompt="a cat", seed=1) == first
    assert sent("other", prompt="a cat", seed=1) != first
    assert sent("k", prompt="a cat", seed=2) != first


def test_list_is_turned_page_by_page(paused: RunningService) -> None:
    made = [paused.submit(prompt="a cat", seed=seed)["id"] for seed in range(5)]
    seen, address = list[str](), f"{JOBS}?state=queued&limit=2"
    while True:
        page = paused.get(address)
        seen += [job["id"] for job in page["jobs"]]
        if page["next"] is None:
            break
        address = f"{JOBS}?state=queued&limit=2&before={page['next']}"
    assert seen == made[::-1]


def test_cancelled_once_and_tried_again(paused: RunningService) -> None:
    job = paused.submit(prompt="a cat")
    assert paused.client.post(f"{job['url']}/cancel").json()["state"] == "cancelled"
    assert refusal(paused, f"{job['url']}/cancel", 409)["code"] == "conflict"
    assert paused.client.post(f"{job['url']}/retry").json()["state"] == "queued"
    assert refusal(paused, f"{job['url']}/retry", 409)["field"] == "job"


def test_what_has_ended_cannot_be_stopped_or_moved(service: RunningService) -> None:
    job = service.wait(service.submit(prompt="a cat")["id"])
    for action, body in (("cancel", {}), ("move", {"before": ""}), ("retry", {})):
        refusal(service, f"{job['url']}/{action}", 409, **body)


def test_order_follows_priorities_and_moves(paused: RunningService) -> None:
    first, second, third = (paused.submit(prompt="a cat", seed=seed)["id"] for seed in range(3))
    urgent = paused.submit(prompt="a dog", priority=5)["id"]
    assert order(paused) == [urgent, first, second, third]
    paused.client.post(f"{JOBS}/{third}/move", json={"before": first})
    assert order(paused) == [urgent, third, first, second]
    paused.client.post(f"{JOBS}/{urgent}/move", json={"priority": -1})
    assert order(paused) == [third, first, second, urgent]
    assert [paused.get(f"{JOBS}/{job}")["place"] for job in order(paused)] == [0, 1, 2, 3]


def test_ended_job_is_forgotten_and_its_pictures_stay(paused: RunningService) -> None:
    waiting = paused.submit(prompt="a cat")
    assert paused.client.delete(waiting["url"]).status_code == 409
    paused.client.post(f"{QUEUE}/resume")
    ended = paused.wait(waiting["id"])
    assert paused.client.delete(waiting["url"]).status_code == 204
    assert paused.client.get(waiting["url"]).status_code == 404
    assert paused.get(f"/api/v1/pictures/{ended['pictures'][0]['id']}")["job"] == waiting["id"]


def test_paused_queue_says_so(paused: RunningService) -> None:
    assert paused.get(QUEUE)["paused"] is True
    assert paused.client.post(f"{QUEUE}/resume").json()["paused"] is False


def test_null_is_the_same_as_leaving_out(service: RunningService) -> None:
    plain = service.submit(prompt="a cat", seed=1)
    assert service.submit(prompt="a cat", seed=1, steps=None, sampler=None, priority=None)["recipe"] == plain["recipe"]


def test_wrong_fields_are_said_together_in_the_words_of_the_types(service: RunningService) -> None:
    assert refusal(service, JOBS, 422, prompt="a cat", size="x")["field"] == "size"
    error = refusal(service, JOBS, 422, prompt="a cat", steps=0, seed=-1, bla=1)
    assert {problem["field"] for problem in error["problems"]} == {"option", "steps", "seed"}
    hints = {problem["field"]: problem["hint"] for problem in error["problems"]}
    assert hints["steps"] == Txt2Img.model_fields["steps"].description


@pytest.mark.parametrize("mode", ["img", "../txt2img", "TXT2IMG", 7, ["txt2img"]])
def test_unknown_mode(service: RunningService, mode: Any) -> None:
    assert refusal(service, JOBS, 422, mode=mode, prompt="x")["field"] == "mode"


@pytest.mark.parametrize("priority", [True, 1.5, "1", 10**30, -1001])
def test_priority_is_a_small_whole_number(service: RunningService, priority: Any) -> None:
    assert refusal(service, JOBS, 422, prompt="x", priority=priority)["field"] == "priority"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"num": 1001}, "num"),
        ({"num": 1000, "size": 4096}, "num"),
        ({"num": 50, "steps": 1000, "size": 4096, "anyway": True}, "steps"),
        ({"num": 200, "steps": 1000, "size": 512, "hires_scale": 8, "anyway": True}, "steps"),
        ({"mode": "dream", "prompts": ["a", "b"], "num": 20_001, "prompt": None}, "num"),
    ],
)
def test_more_than_one_job_may_be(service: RunningService, fields: dict[str, Any], field: str) -> None:
    assert refusal(service, JOBS, 422, **{"prompt": "x", **fields})["field"] == field


def test_plan_says_what_it_takes_and_draws_nothing(service: RunningService) -> None:
    before = service.get(JOBS)["last_event"]
    plan = service.client.post("/api/v1/plan", json={"prompt": "a cat", "num": 3, "hires_scale": 2}).json()
    assert (plan["total"], plan["width"], plan["height"], plan["film"]) == (3, 2 * SIDE, 2 * SIDE, None)
    assert plan["memory"]["bytes"] > 10**7
    assert plan["memory"]["less"][-1]["bytes"] < plan["memory"]["bytes"]
    assert service.get(JOBS)["last_event"] == before


def test_plan_of_a_film_counts_frames_and_segments(service: RunningService) -> None:
    body = {"mode": "animate", "animation_prompts": {"0": "a cat"}, "max_frames": 24, "fps": 12}
    film = service.client.post("/api/v1/plan", json=body).json()["film"]
    assert (film["frames"], film["drawn"], film["segments"], film["seconds"]) == (24, 8, 8, 2.0)


def test_explained_prompt(service: RunningService) -> None:
    said = service.client.post("/api/v1/explain", json={"prompt": "a (red:1.5) apple AND a cat"}).json()
    assert [part["readings"][0]["text"].strip() for part in said["parts"]] == ["a (red:1.5) apple", "a cat"]


def test_picture_is_verified_and_enlarged_by_the_queue(service: RunningService) -> None:
    picture = service.wait(service.submit(prompt="a cat", steps=2)["id"])["pictures"][0]
    proved = service.wait(service.submit("verify", picture=picture["id"])["id"])
    assert (proved["state"], proved["done"], proved["pictures"]) == ("completed", 1, [])
    larger = service.wait(service.submit("upscale", picture=picture["id"], scale=3, upscaler="lanczos")["id"])
    assert (larger["pictures"][0]["width"], larger["pictures"][0]["height"]) == (3 * SIDE, 3 * SIDE)


def test_changed_picture_is_not_proved(service: RunningService) -> None:
    picture = service.wait(service.submit(prompt="a cat", steps=2)["id"])["pictures"][0]
    file = next((service.folder / "pictures").rglob(f"{picture['job']}-*"))
    with Image.open(file) as image:
        texts, changed = dict(image.info), image.convert("RGB")
    changed.putpixel((0, 0), (1, 2, 3))
    words = PngInfo()
    for name, text in texts.items():
        words.add_text(name, str(text))
    changed.save(file, pnginfo=words)
    ended = service.wait(service.submit("verify", picture=picture["id"])["id"])
    assert (ended["state"], ended["error"]["code"]) == ("failed", "not-reproduced")


def test_film_is_made_and_proved(service: RunningService) -> None:
    job = service.wait(service.submit("dream", prompts=["a cat", "a dog"], num=6, steps=2)["id"])
    film = job["pictures"][0]
    assert (job["state"], job["done"], film["media_type"]) == ("completed", 6, "video/mp4")
    assert service.client.get(film["file"]).content[4:8] == b"ftyp"
    assert service.client.get(film["thumbnail"]).content[8:12] == b"WEBP"
    assert service.get(film["made_from"])["request"]["prompts"] == ["a cat", "a dog"]
    assert service.wait(service.submit("verify", picture=film["id"])["id"])["state"] == "completed"
    again = service.submit(**job["request"])
    assert again["recipe"] == job["recipe"]


def test_what_there_is(service: RunningService) -> None:
    modes = service.get("/api/v1/capabilities")["modes"]
    assert modes["txt2img"]["hires_scale"] == Txt2Img.model_fields["hires_scale"].default
    assert not {"device", "run", "wildcards", "styles_file"} & modes["txt2img"].keys()
    models = service.get("/api/v1/models")
    assert models["default"] in {model["name"] for model in models["models"]}
    assert len(service.get("/api/v1/models/builtin")["digest"]) == 64
    assert len(service.get("/api/v1/models/builtin/things")["things"]) > 300
    assert "euler" in json.dumps(service.get("/api/v1/samplers"))
    assert "karras" in json.dumps(service.get("/api/v1/schedules"))
    assert service.get("/api/v1/upscalers")["upscalers"][0]["name"] == "lanczos"
    assert service.get("/api/v1/status")["waiting"] == 0

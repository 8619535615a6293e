"""Films through /api/v1: listed, seen while they grow, continued, drafted, and read from and written into files."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdplay.film.video.sound import RATE
from tests.film.video.test_sound import clicks, write_sound
from tests.support.service import RunningService
from tests.support.settings import DEFORUM, ORIGINAL_CONFIG

FILMS, CURVES, MOTION = "/api/v1/films", "/api/v1/curves", "/api/v1/motion"
WALK: dict[str, Any] = {"animation_prompts": {"0": "a hill", "6": "a lake"}, "max_frames": 12, "steps": 2}
SMALL: dict[str, Any] = {"width": 64, "height": 64, "seed": 5}


def posted(service: RunningService, path: str, status: int = 200, **body: Any) -> Any:
    answer = service.client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def made(service: RunningService, mode: str = "animate", **fields: Any) -> dict[str, Any]:
    job = service.wait(service.submit(mode, **{**SMALL, **fields})["id"])
    assert job["state"] == "completed", job["error"]
    return job


def moved(service: RunningService, **body: Any) -> dict[int, bytes]:
    """The frames of a preview of moves by their numbers."""
    answer = service.client.post(MOTION, json=body)
    assert answer.status_code == 200, answer.text
    frames, rest = dict[int, bytes](), answer.content
    while rest:
        index, length = struct.unpack_from("<II", rest)
        frames[index], rest = rest[8 : 8 + length], rest[8 + length :]
    return frames


def test_films_are_listed_with_what_they_are(service: RunningService) -> None:
    job = made(service, **WALK, fps=12)
    made(service, "txt2img", prompt="a cat", steps=1)
    film = service.get(FILMS)["films"][0]
    assert (film["id"], film["prompt"], film["frames"], film["fps"]) == (job["id"], film["prompt"], 12, 12)
    assert (film["first"], film["last"], film["seconds"], film["width"]) == (0, 11, 1.0, 64)
    assert "a hill" in film["prompt"]
    assert film["picture"]["id"] == job["pictures"][0]["id"]
    assert service.client.get(film["thumbnail"]).headers["content-type"] == "image/webp"
    assert service.get(f"{FILMS}/{job['id']}") == film


def test_frames_are_there_one_by_one(service: RunningService) -> None:
    job = made(service, **WALK)
    told = service.get(f"{FILMS}/{job['id']}/frames")
    assert (told["frames"], told["there"]) == (12, [[0, 11]])
    whole = service.client.get(told["frame"].replace("{index}", "3"))
    small = service.client.get(told["frame"].replace("{index}", "3") + "?side=32")
    assert (whole.headers["content-type"], whole.content[:4]) == ("image/png", b"\x89PNG")
    assert (small.headers["content-type"], small.content[8:12]) == ("image/webp", b"WEBP")
    assert service.client.get(told["frame"].replace("{index}", "12")).status_code == 404


def test_what_makes_no_film_has_no_frames(service: RunningService) -> None:
    job = made(service, "txt2img", prompt="a cat", steps=1)
    assert service.client.get(f"{FILMS}/{job['id']}/frames").status_code == 404


def test_a_film_that_waits_is_told_as_far_as_it_is_known(paused: RunningService) -> None:
    job = paused.submit("dream", prompts=["a", "b"], num=30, **SMALL)
    film = paused.get(f"{FILMS}/{job['id']}")
    assert (film["state"], film["frames"], film["fps"], film["thumbnail"]) == ("queued", 30, 24, None)
    assert paused.get(f"{FILMS}/{job['id']}/frames")["there"] == []


def test_a_part_is_drawn_alone_and_a_fork_of_it_draws_the_rest(service: RunningService) -> None:
    part = made(service, **WALK, frames="4-7")
    assert part["request"]["frames"] == "4-7"
    film = service.get(f"{FILMS}/{part['id']}")
    assert (film["frames"], film["first"], film["last"]) == (12, 4, 7)
    there = service.get(f"{FILMS}/{part['id']}/frames")["there"]
    assert there == [[0, 8]]  # whole segments, and what the part starts from
    rest = made(service, **WALK, fork=part["id"])
    told = service.get(f"{FILMS}/{rest['id']}/frames")
    assert told["there"] == [[0, 11]]
    journals = [service.folder / "films" / job["id"] / "journal.jsonl" for job in (part, rest)]
    old, new = (path.read_text().splitlines() for path in journals)
    assert all(line in new for line in old)  # with the seconds that it took then: they were not drawn again


def test_a_fork_takes_over_its_unchanged_head_alone(service: RunningService) -> None:
    first = made(service, **WALK)
    changed = made(service, **WALK | {"animation_prompts": {"0": "a hill", "6": "a pond"}}, fork=first["id"])
    told = (service.get(f"{FILMS}/{job['id']}/frames")["frame"] for job in (first, changed))
    one, other = (
        [service.client.get(frame.replace("{index}", f"{at}") + "?side=64").content for at in range(12)]
        for frame in told
    )
    assert one[:6] == other[:6]
    assert one[6] != other[6]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"frames": "5"}, "frames"),
        ({"frames": "7-5"}, "frames"),
        ({"frames": "5-12"}, "frames"),
        ({"frames": 5}, "frames"),
        ({"fork": "nothing"}, "fork"),
        ({"fork": 3}, "fork"),
    ],
)
def test_wrong_parts_and_forks_are_refused_at_their_field(
    service: RunningService, fields: dict[str, Any], field: str
) -> None:
    assert posted(service, "/api/v1/jobs", 422, mode="animate", **WALK, **fields)["error"]["field"] == field


@pytest.mark.parametrize("path", ["/api/v1/plan", "/api/v1/jobs"])
def test_a_dream_of_more_prompts_than_frames_is_refused(service: RunningService, path: str) -> None:
    refused = posted(service, path, 422, mode="dream", prompts=["a", "b", "c"], num=2)["error"]
    assert (refused["field"], refused["value"]) == ("num", "2")
    assert "3 prompts need at least 3 frames" in refused["message"]


def test_pictures_have_no_parts(service: RunningService) -> None:
    assert posted(service, "/api/v1/jobs", 422, prompt="a cat", frames="0-1")["error"]["field"] == "option"


def test_curves_have_values_keys_and_their_own_problems(service: RunningService) -> None:
    told = posted(service, CURVES, **WALK, angle="0:(0) ease, 10:(t)", zoom="0:(nonsense)", mode="animate")
    angle, zoom = told["curves"]["angle"], told["curves"]["zoom"]
    assert [(key["frame"], key["value"], key["mode"]) for key in angle["keys"]] == [
        (0, 0, "ease"),
        (10, None, "linear"),
    ]
    assert len(angle["values"]) == told["frames"] == 12
    assert zoom["problem"]["field"] == "zoom"
    assert (zoom["low"], zoom["high"], angle["low"]) == (0, None, None)
    assert [prompt["frame"] for prompt in told["prompts"]] == [0, 6]
    assert told["problems"] == []


def test_curves_of_some_schedules_and_of_a_request_that_is_wrong(service: RunningService) -> None:
    told = posted(service, f"{CURVES}?only=angle&only=zoom", styles_file="/etc/passwd", max_frames=-1, angle=3)
    assert told["curves"].keys() == {"angle", "zoom"}
    assert {problem["field"] for problem in told["problems"]} == {"styles_file", "max_frames", "animation_prompts"}
    assert told["curves"]["angle"]["values"] == [3]
    assert posted(service, f"{CURVES}?only=nothing", 422)["error"]["field"] == "only"


def test_moves_are_shown_without_a_model(service: RunningService) -> None:
    frames = moved(service, request={**WALK, "zoom": "0:(1.05)"}, side=64)
    assert list(frames) == list(range(12))
    assert all(jpeg[:2] == b"\xff\xd8" for jpeg in frames.values())
    assert len(set(frames.values())) == 12


def test_moves_need_no_words_and_nothing_else_that_is_drawn(service: RunningService) -> None:
    request = {"animation_prompts": "", "steps": -4, "sampler": "no", "angle": "0:(3)", "max_frames": 4}
    assert list(moved(service, request=request, first=1, last=2, side=64)) == [1, 2]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"request": {"angle": "0:(x)"}}, "angle"),
        ({"request": {"max_frames": 4}, "first": 4}, "first"),
        ({"request": {"max_frames": 4}, "last": 9}, "last"),
        ({"request": {"animation_mode": "Video Input"}}, "animation_mode"),
        ({"request": {}, "side": 9999}, "side"),
        ({}, "request"),
        ({"request": {}, "picture": "nothing"}, "upload"),
    ],
)
def test_moves_that_cannot_be_shown_say_why(service: RunningService, body: dict[str, Any], field: str) -> None:
    answer = service.client.post(MOTION, json=body)
    assert answer.status_code in {404, 422}, answer.text
    assert answer.json()["error"]["field"] == field


def sound(service: RunningService, folder: Path, samples: np.ndarray) -> str:
    content = write_sound(folder / "a.wav", samples).read_bytes()
    return service.client.post("/api/v1/uploads", files={"file": ("a.wav", content, "audio/wav")}).json()["id"]


def test_a_sound_is_seen_with_its_beat(service: RunningService, tmp_path: Path) -> None:
    name = sound(service, tmp_path, clicks(0.5, 8.0, first=0.25))
    told = service.get(f"/api/v1/uploads/{name}/sound?points=64")
    assert (len(told["peaks"]), len(told["bass"]), told["seconds"]) == (64, 64, 8.0)
    assert told["tempo"] == pytest.approx(120, rel=0.02)
    assert [one["time"] for one in told["onsets"]] == pytest.approx([0.25 + 0.5 * n for n in range(16)], abs=0.05)
    assert len(told["beats"]) in {15, 16, 17}
    later = service.get(f"/api/v1/uploads/{name}/sound?points=64&start=4")
    assert later["seconds"] == pytest.approx(4.0, abs=0.01)


def test_a_schedule_that_follows_a_sound_has_values(service: RunningService, tmp_path: Path) -> None:
    name = sound(service, tmp_path, np.ones(RATE, np.float32) * 0.1 + clicks(0.25, 1.0)[:RATE])
    told = posted(service, CURVES, **WALK, angle="0:(10*onset)", audio=name)
    assert told["curves"]["angle"]["problem"] is None
    assert max(told["curves"]["angle"]["values"]) > 5


def test_a_picture_is_no_sound(service: RunningService) -> None:
    answer = service.client.get("/api/v1/uploads/nothing/sound")
    assert (answer.status_code, answer.json()["error"]["field"]) == (404, "upload")


def test_a_draft_says_what_it_changes(service: RunningService) -> None:
    told = posted(service, "/api/v1/draft", mode="animate", **WALK | {"steps": 30})
    assert told["changes"] == {"steps": 10, "diffusion_cadence": 6}
    assert len(told["says"]) == 2
    assert posted(service, "/api/v1/draft", 422, prompt="a cat")["error"]["field"] == "mode"


@pytest.mark.parametrize("text", [ORIGINAL_CONFIG, json.dumps(DEFORUM)])
def test_settings_of_other_programs_are_read_and_can_be_drawn(service: RunningService, text: str) -> None:
    told = posted(service, "/api/v1/settings/read", name="settings.txt", text=text)
    assert told["mode"] == "animate"
    assert posted(service, "/api/v1/plan", mode="animate", **told["fields"])["film"]["frames"] > 1


def test_settings_keep_no_path_of_another_computer(service: RunningService) -> None:
    fields = {"animation_prompts": "a", "init_image": "/home/me/a.png", "model": "/models/x.safetensors", "angle": 2}
    told = posted(service, "/api/v1/settings/read", text=json.dumps(fields | {"what": 1, "fps": -4}))
    assert told["fields"].keys() == {"animation_prompts", "angle"}
    assert [note.partition(":")[0] for note in told["notes"]] == [
        "choose these files anew",
        "not known here, left out",
        "fps",
    ]


def test_settings_are_written_and_read_again(service: RunningService) -> None:
    fields = WALK | {"angle": "0:(0) ease, 9:(5)", "seed": 3}
    for kind in ("deforum", "config", "json"):
        written = posted(service, f"/api/v1/settings/write?kind={kind}", mode="animate", **fields)
        told = posted(service, "/api/v1/settings/read", name=written["name"], text=written["text"])
        one, other = (posted(service, CURVES, **each)["curves"]["angle"] for each in (fields, told["fields"]))
        last = one["values"][-1]
        assert other["values"][-1] == pytest.approx(last, abs=1e-6), kind
        assert told["fields"]["seed"] == 3


def test_a_dream_is_written_as_a_job(service: RunningService) -> None:
    fields = {"prompts": ["a", "b"], "num": 24, "loop": True}
    written = posted(service, "/api/v1/settings/write", mode="dream", **fields)
    told = posted(service, "/api/v1/settings/read", text=written["text"])
    assert (told["mode"], told["fields"]) == ("dream", fields)
    assert (
        posted(service, "/api/v1/settings/write?kind=config", 422, mode="dream", **fields)["error"]["field"] == "kind"
    )


@pytest.mark.parametrize(
    "text", ["", "{", "import os; os.system('ls')", "x" * 100, '{"prompt": ["a"]}', "\0", "a = 1e999"]
)
def test_files_that_hold_no_settings_are_refused(service: RunningService, text: str) -> None:
    answer = service.client.post("/api/v1/settings/read", json={"text": text})
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json()["fields"] == {}

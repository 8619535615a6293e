"""POST /api/v1/read: the settings in a picture of any program, as a job of ours."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.service import RunningService

READ = "/api/v1/read"
A1111 = (
    "a ((rusty)) robot\nNegative prompt: blurry\n"
    "Steps: 12, Sampler: Euler a, CFG scale: 6.5, Seed: 4242, Size: 64x48, Model: dreamy, ENSD: 31337, Version: v1.10.1"
)


def picture(kind: str = "PNG", text: str | None = None, software: str = "parameters") -> bytes:
    file, image = io.BytesIO(), Image.new("RGB", (64, 48), (200, 90, 80))
    if text is None:
        image.save(file, kind)
    elif kind == "PNG":
        words = PngInfo()
        words.add_text(software, text)
        image.save(file, kind, pnginfo=words)
    else:
        exif = Image.Exif()
        (exif if kind == "AVIF" else exif.get_ifd(0x8769))[0x9286] = b"UNICODE\0" + text.encode("utf-16-be")
        image.save(file, kind, exif=exif)
    return file.getvalue()


def read(service: RunningService, content: bytes, name: str = "a.png") -> dict[str, Any]:
    answer = service.client.post(READ, files={"file": (name, content, "image/png")})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_settings_of_another_program_become_a_job(service: RunningService, kind: str) -> None:
    told = read(service, picture(kind, A1111))
    assert "1111" in told["program"]
    expected = {"mode": "txt2img", "negative_prompt": "blurry", "steps": 12, "guidance_scale": 6.5, "seed": 4242}
    assert {name: told["request"][name] for name in expected} == expected
    assert (told["request"]["sampler"], told["request"]["width"]) == ("euler_a", 64)
    left = {one["name"]: one for one in told["left"]}
    assert left["model"]["value"] == "dreamy"
    assert "SDPLAY_MODELS" in left["model"]["reason"]
    assert not left["model"]["note"]
    assert "model" not in told["request"]
    job = service.wait(service.submit(**told["request"])["id"])
    assert (job["state"], job["seed"]) == ("completed", 4242)


def test_own_picture_becomes_the_job_that_drew_it(service: RunningService) -> None:
    drawn = service.wait(service.submit(prompt="a tea pot", num=2, seed=5, steps=2)["id"])["pictures"][1]
    told = read(service, service.client.get(drawn["file"]).content)
    assert (told["program"], told["left"], told["request"]["seed"]) == ("sdplay", [], 6)
    again = service.wait(service.submit(**told["request"])["id"])["pictures"][0]
    assert again["digest"] == drawn["digest"]


def test_own_picture_of_elsewhere_says_which_pictures_are_missing(service: RunningService) -> None:
    upload = service.client.post("/api/v1/uploads", files={"file": ("a.png", picture(), "image/png")}).json()
    first = service.wait(service.submit("img2img", prompt="x", image=upload["id"], steps=2)["id"])["pictures"][0]
    content = service.client.get(first["file"]).content
    assert read(service, content)["request"]["image"] == upload["id"]
    other = service.client.get(first["file"]).content.replace(upload["id"].encode(), b"0" * 32)
    answer = service.client.post(READ, files={"file": ("a.png", other, "image/png")})
    if answer.status_code == 200:  # the text chunk is not compressed
        told = answer.json()
        assert "image" not in told["request"]
        assert [one["name"] for one in told["left"]] == ["image"]


def test_picture_without_words_of_its_own_makes_no_job(service: RunningService) -> None:
    answer = service.client.post(READ, files={"file": ("secret/place.png", picture(), "image/png")})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert "says nothing" in error["message"]
    assert error["hint"]
    assert "tmp" not in answer.text


def test_settings_without_a_prompt_are_told_all_the_same(service: RunningService) -> None:
    told = read(service, picture(text="Steps: 12, Sampler: Euler a, CFG scale: 6.5, Seed: 4242, Size: 64x48"))
    assert told["request"] is None or told["request"].get("prompt", "") == ""
    assert any("prompt" in one["name"] for one in told["left"])


@pytest.mark.parametrize("content", [b"", b"hello" * 99, b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:60]])
def test_what_is_no_picture_is_refused(service: RunningService, content: bytes) -> None:
    answer = service.client.post(READ, files={"file": ("a.png", content, "image/png")})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "file")


def test_nothing_that_is_read_is_kept(service: RunningService) -> None:
    before = sorted((service.folder / "uploads").iterdir())
    read(service, picture(text=A1111))
    assert sorted((service.folder / "uploads").iterdir()) == before


def test_path_in_a_picture_leads_nowhere(service: RunningService) -> None:
    told = read(service, picture(text=A1111.replace("dreamy", "/etc/passwd").replace("robot", "robot <lora:../x:1>")))
    request = told["request"]
    assert "model" not in request
    assert "lora" not in request["prompt"]
    assert service.client.post("/api/v1/jobs", json={**request, "steps": 1}).status_code == 202


def test_recipe_of_a_found_picture_is_read_the_same_way(service: RunningService) -> None:
    (service.folder / "pictures" / "found.png").write_bytes(picture(text=A1111))
    service.client.post("/api/v1/pictures/scan")
    (found,) = service.get("/api/v1/pictures?text=found.png")["pictures"]
    told = service.get(found["made_from"])
    assert told["request"] == read(service, picture(text=A1111))["request"]
    assert told["parameters"] == A1111

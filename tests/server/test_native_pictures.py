"""Pictures and uploads through /api/v1: listed, sent under safe names and types, described without a path."""

from __future__ import annotations

import io
import json
import re
import wave
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.support.builtin import SIDE
from tests.support.service import RunningService

PICTURES, UPLOADS = "/api/v1/pictures", "/api/v1/uploads"


def png(size: tuple[int, int] = (64, 48), mode: str = "RGB", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 200).save(file, kind)
    return file.getvalue()


def sent(service: RunningService, content: bytes, name: str = "a.png") -> dict[str, Any]:
    answer = service.client.post(UPLOADS, files={"file": (name, content, "image/png")})
    assert answer.status_code == 201, answer.text
    return answer.json()


def drawn(service: RunningService, **fields: Any) -> list[dict[str, Any]]:
    ended = service.wait(service.submit(**{"prompt": "a cat", "steps": 2, **fields})["id"])
    assert ended["state"] == "completed", ended["error"]
    return ended["pictures"]


def test_pictures_are_listed_by_page_text_and_model(service: RunningService) -> None:
    made = [picture["id"] for picture in drawn(service, prompt="a purple_100% whale", num=5)]
    page = service.get(f"{PICTURES}?limit=3&text=purple_100%25")
    rest = service.get(f"{PICTURES}?limit=3&text=PURPLE&before={page['next']}")
    assert [picture["id"] for picture in page["pictures"] + rest["pictures"]] == made[::-1]
    assert service.get(f"{PICTURES}?text=purplex100")["pictures"] == []
    assert service.get(f"{PICTURES}?model=other")["pictures"] == []
    assert len(service.get(f"{PICTURES}?model=builtin&limit=2")["pictures"]) == 2


@pytest.mark.parametrize(("kind", "media"), [("png", "png"), ("jpeg", "jpeg"), ("webp", "webp"), ("avif", "avif")])
def test_file_has_its_type_and_a_safe_name(service: RunningService, kind: str, media: str) -> None:
    picture = drawn(service, prompt="<script>alert(1)</script>", format=kind, seed=1)[0]
    for query, shown in (("", "inline"), ("?download=true", "attachment")):
        answer = service.client.get(picture["file"] + query)
        assert answer.headers["content-type"] == f"image/{media}"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(rf'{shown}; filename="[0-9a-z]+-0000-1\.[a-z]+"', answer.headers["content-disposition"])
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (SIDE, SIDE)


def test_thumbnail_is_small(service: RunningService) -> None:
    picture = drawn(service, size="640x320", steps=1)[0]
    answer = service.client.get(picture["thumbnail"])
    with Image.open(io.BytesIO(answer.content)) as image:
        assert (answer.headers["content-type"], image.size) == ("image/webp", (320, 160))


def test_recipe_draws_the_same_and_names_no_path(service: RunningService) -> None:
    upload = sent(service, png())
    mask = sent(service, png((64, 48), "L"))
    pictures = drawn(service, mode="inpaint", image=upload["id"], mask=mask["id"], num=2, seed=9)
    said = service.client.get(pictures[1]["made_from"])
    assert not re.search(r"/|uploads", said.json()["parameters"] or "")
    assert "uploads" not in said.text
    request = said.json()["request"]
    assert (request["image"], request["mask"], request["seed"]) == (upload["id"], mask["id"], 10)
    again = drawn(service, **request)[0]
    assert again["digest"] == pictures[1]["digest"]


def test_deleted_picture_is_gone(service: RunningService) -> None:
    picture = drawn(service)[0]
    address = f"{PICTURES}/{picture['id']}"
    assert service.client.delete(address).status_code == 204
    for path in (address, picture["file"], picture["thumbnail"], picture["made_from"]):
        assert service.client.get(path).status_code == 404
    assert not list((service.folder / "pictures").rglob(f"{picture['job']}-*"))


def test_file_that_somebody_took_away_is_not_there(service: RunningService) -> None:
    picture = drawn(service)[0]
    next((service.folder / "pictures").rglob(f"{picture['job']}-*")).unlink()
    for path in (picture["file"], picture["thumbnail"], picture["made_from"]):
        assert service.client.get(path).status_code == 404
    assert service.get(f"{PICTURES}/{picture['id']}")["id"] == picture["id"]


def test_link_out_of_the_folder_is_not_followed(service: RunningService) -> None:
    picture = drawn(service)[0]
    file = next((service.folder / "pictures").rglob(f"{picture['job']}-*"))
    secret = service.home / "secret.png"
    secret.write_bytes(png())
    file.unlink()
    file.symlink_to(secret)
    assert service.client.get(picture["file"]).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "9" * 30, "1.5", "..%2f1", "%00"])
def test_number_of_no_picture(service: RunningService, number: str) -> None:
    assert service.client.get(f"{PICTURES}/{number}/file").status_code in {404, 422}


def test_same_file_has_the_same_id(service: RunningService) -> None:
    first = sent(service, png((80, 48)), "../../etc/passwd")
    assert sent(service, png((80, 48)), "b.html")["id"] == first["id"]
    assert (first["media_type"], first["width"], first["height"]) == ("image/png", 80, 48)
    assert service.client.get(f"{first['url']}/file").content == png((80, 48))
    assert service.client.get(f"{first['url']}/thumbnail").headers["content-type"] == "image/webp"


def test_clip_and_sound_are_told_by_their_content(service: RunningService) -> None:
    film = drawn(service, mode="dream", prompt=None, prompts=["a cat", "a dog"], num=6)[0]
    clip = sent(service, service.client.get(film["file"]).content, "clip.png")
    assert (clip["media_type"], clip["width"]) == ("video/mp4", SIDE)
    sound = io.BytesIO()
    with wave.open(sound, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    audio = sent(service, sound.getvalue(), "sound")
    assert (audio["media_type"], audio["width"]) == ("audio/wav", 0)
    redrawn = drawn(
        service, mode="animate", prompt=None, animation_prompts="a bird", animation_mode="Video Input",
        video_init_path=clip["id"], audio=audio["id"],
    )  # fmt: skip
    assert redrawn[0]["media_type"] == "video/mp4"
    wrong = {"mode": "img2img", "prompt": "x", "image": audio["id"]}
    assert service.client.post("/api/v1/jobs", json=wrong).json()["error"]["field"] == "image"
    wrong = {"mode": "upscale", "picture": clip["id"]}
    assert service.client.post("/api/v1/jobs", json=wrong).status_code == 422


def test_latents_are_sent_as_an_array(service: RunningService) -> None:
    file = io.BytesIO()
    np.save(file, np.zeros((4, 16, 16), np.float32))
    latents = sent(service, file.getvalue(), "noise.npy")
    assert (latents["media_type"], latents["width"], latents["height"]) == ("application/x-npy", 16, 16)
    answer = service.client.post("/api/v1/plan", json={"prompt": "x", "latents": latents["id"]})
    assert answer.json()["total"] == 1, answer.text
    assert service.client.get(f"{latents['url']}/file").headers["content-disposition"].startswith("attachment")
    for wrong in (np.zeros((4, 16, 16), np.float64), np.array([{}], object)):
        file = io.BytesIO()
        np.save(file, wrong)
        assert service.client.post(UPLOADS, files={"file": ("a.npy", file.getvalue(), "")}).status_code == 422


PLAYLIST = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
NO_FILES = {
    "nothing": b"",
    "text": b"hello" * 100,
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "playlist": PLAYLIST,
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "half a picture": png()[:60],
    "pickle": b"\x80\x04\x95\x10\x00\x00\x00",
    "zip": b"PK\x03\x04" + bytes(60),
    "head of a film": b"\0\0\0\x18ftypmp42" + bytes(300),
}


@pytest.mark.parametrize("what", NO_FILES)
def test_what_is_no_picture_film_or_sound_is_not_kept(service: RunningService, what: str) -> None:
    before = sorted((service.folder / "uploads").iterdir())
    answer = service.client.post(UPLOADS, files={"file": ("a.png", NO_FILES[what], "image/png")})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "file")
    assert sorted((service.folder / "uploads").iterdir()) == before


@pytest.mark.parametrize("side", [9000, 12_000, 20_000])
def test_bomb_is_refused_by_its_header(service: RunningService, side: int) -> None:
    bomb = png((side, side), "1")
    answer = service.client.post(UPLOADS, files={"file": ("a.png", bomb, "image/png")})
    assert answer.status_code == 422


def test_too_large_a_file(service: RunningService) -> None:
    most = service.get("/api/v1/capabilities")["limits"]["upload"]
    answer = service.client.post(UPLOADS, files={"file": ("a.bin", bytes(most + 1), "image/png")})
    assert answer.status_code in {413, 422}


def test_form_without_a_file(service: RunningService) -> None:
    assert service.client.post(UPLOADS, files={"other": ("a.png", png(), "image/png")}).status_code == 422
    assert service.client.post(UPLOADS, data={"file": "text"}).status_code in {415, 422}


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "nope"},
        {"image": "uploads/x.png"},
        {"image": "../../../etc/passwd"},
        {"image": "http://127.0.0.1/a.png"},
        {"image": "data:image/png;base64,AAAA"},
        {"model": "../x"},
        {"model": "org/name"},
        {"model": "queue.db"},
        {"model": "http://127.0.0.1/a"},
        {"vae": "/etc/passwd"},
        {"lora": ["../x:0.5"]},
        {"embedding": ["C:\\x"]},
        {"prompt": "a <lora:../x:1> cat"},
        {"prompt": "a __x/../../secret__ cat"},
        {"prompt": "a cat", "style": ["../x"]},
        {"prompt": "a cat", "styles_file": "/etc/passwd"},
        {"prompt": "a cat", "wildcards": "/etc"},
        {"prompt": "a cat", "allow_pickle": True},
        {"prompt": "a cat", "run": {"device": "cpu"}},
        {"prompt": "a cat", "controlnet": "~/x"},
    ],
)
def test_path_is_not_taken_and_not_told(service: RunningService, fields: dict[str, Any]) -> None:
    mode = "img2img" if "image" in fields else "txt2img"
    answer = service.client.post("/api/v1/jobs", json={"mode": mode, "prompt": "x", **fields})
    assert answer.status_code == 422, answer.text
    assert "root:" not in answer.text
    assert str(service.home) not in answer.text


@pytest.mark.parametrize("name", ["../secret", "/../secret", "x/../../secret", "%2e%2e/secret", "link"])
def test_wildcard_is_never_a_file_elsewhere(service: RunningService, name: str) -> None:
    folder = service.folder / "wildcards"
    folder.mkdir(exist_ok=True)
    (folder / "colour.txt").write_text("red\n")
    (service.folder / "secret.txt").write_text("root:x:0\n")
    if not (folder / "link.txt").exists():
        (folder / "link.txt").symlink_to(service.folder / "secret.txt")
    assert drawn(service, prompt="a __colour__ cat")[0]["prompt"] == "a red cat"
    answer = service.client.post("/api/v1/jobs", json={"prompt": f"a __{name}__ cat", "steps": 1})
    assert "root:" not in answer.text
    if answer.status_code == 202:  # it is no wildcard, but these characters
        picture = service.wait(answer.json()["id"])["pictures"][0]
        assert picture["prompt"] == f"a __{name}__ cat"


def with_recipe(content: bytes, **changed: Any) -> bytes:
    """One of our PNGs, with other things in the recipe that it holds."""
    with Image.open(io.BytesIO(content)) as image:
        texts, pixels = dict(image.info), image.convert("RGB")
    held = json.loads(texts["sdplay"])
    held["recipe"] |= changed
    words, file = PngInfo(), io.BytesIO()
    words.add_text("sdplay", json.dumps(held))
    pixels.save(file, "PNG", pnginfo=words)
    return file.getvalue()


def test_sent_picture_is_proved_but_leads_to_no_file(service: RunningService) -> None:
    upload = sent(service, png())
    first = drawn(service, mode="img2img", image=upload["id"])[0]
    content = service.client.get(first["file"]).content
    whole = sent(service, content)
    assert service.wait(service.submit("verify", picture=whole["id"])["id"])["state"] == "completed"
    recipe = json.loads(service.client.get(first["made_from"]).text)["recipe"]
    for changed in (
        {"image": "/etc/hostname", "assets": {"image": recipe["assets"]["image"] | {"path": "/etc/hostname"}}},
        {"image": "uploads/../queue.db"},
        {"model": recipe["model"] | {"name": "../../x"}},
        {"lora": ["../x:1"]},
        {"prompt": "<lora:/etc/x:1>"},
    ):
        odd = sent(service, with_recipe(content, **changed))
        answer = service.client.post("/api/v1/jobs", json={"mode": "verify", "picture": odd["id"]})
        assert answer.status_code == 422, (changed, answer.text)
        assert "hostname" not in answer.text or "/etc" not in answer.text

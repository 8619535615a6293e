"""What prompts may name, what a model knows in one language, and what a ControlNet would read."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from sdplay.images.canny import canny
from tests.support.builtin import SIDE
from tests.support.service import RunningService


def box(size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, "white")
    image.paste((200, 0, 0), (size[0] // 4, size[1] // 4, size[0] // 2, size[1] // 2))
    return image


def upload(service: RunningService, image: Image.Image) -> str:
    file = io.BytesIO()
    image.save(file, "PNG")
    return service.client.post("/api/v1/uploads", files={"file": file.getvalue()}).json()["id"]


def test_styles_and_wildcards_are_listed(service: RunningService) -> None:
    assert service.get("/api/v1/prompt_words") == {"styles": [], "wildcards": []}
    (service.folder / "styles.csv").write_text('name,prompt,negative_prompt\n<b>Neon,"{prompt}, neon",dull\n')
    (service.folder / "wildcards" / "deep").mkdir(parents=True)
    (service.folder / "wildcards" / "deep" / "fruit.txt").write_text("apple\npear\n")
    (service.folder / "wildcards" / "more.yaml").write_text("colours:\n  warm: [red, orange]\n")
    words = service.get("/api/v1/prompt_words")
    assert words["styles"] == [{"name": "<b>Neon", "prompt": "{prompt}, neon", "negative_prompt": "dull"}]
    assert words["wildcards"] == ["colours/warm", "deep/fruit"]


def test_a_model_says_what_it_knows_in_one_language(service: RunningService) -> None:
    known = service.get("/api/v1/models/builtin/things?language=de")
    assert set(known["names"]) == set(known["grammar"]) == {"de"}
    assert "red" in known["words"]["colour"]
    assert known["things"][known["names"]["de"]["apfel"]]["name"] == "apple"


def test_the_edges_that_a_controlnet_reads_are_shown(service: RunningService) -> None:
    image = box((SIDE, SIDE))
    fields = {"prompt": "a red apple", "control_image": upload(service, image), "controlnet": "builtin-canny"}
    answer = service.client.post("/api/v1/control_map", json=fields)
    assert answer.headers["content-type"] == "image/png"
    shown = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert (shown[..., 0] == canny(np.asarray(image))).all()
    as_it_is = service.client.post("/api/v1/control_map", json={**fields, "control_preprocessor": "none"})
    assert (np.asarray(Image.open(io.BytesIO(as_it_is.content))) == np.asarray(image)).all()
    few = service.client.post("/api/v1/control_map", json={**fields, "canny_low": 2000, "canny_high": 2040})
    assert np.asarray(Image.open(io.BytesIO(few.content))).max() == 0


def test_without_a_control_image_there_is_none(service: RunningService) -> None:
    answer = service.client.post("/api/v1/control_map", json={"prompt": "x"})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "control_image"

"""The `openai` package for Python, unmodified, against a server process."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest
from PIL import Image

import sdplay
from tests.support.builtin import SIDE
from tests.support.patience import PATIENCE
from tests.support.service import RunningService, running_service

TOKEN = "a-token-of-our-own"


@pytest.fixture(scope="module")
def client(service: RunningService) -> Iterator[openai.OpenAI]:
    with opened(service) as client:
        yield client


def opened(service: RunningService, key: str = "anything", retries: int = 0) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{service.url}/v1", api_key=key, max_retries=retries, timeout=PATIENCE)


def pixels(data: str | None) -> Image.Image:
    assert data is not None
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_generate(client: openai.OpenAI) -> None:
    answer = client.images.generate(prompt="a red apple", model="gpt-image-1", n=2, size="256x256")
    assert answer.data is not None
    assert [pixels(each.b64_json).size for each in answer.data] == [(256, 256)] * 2
    assert all(each.url for each in answer.data)
    assert answer.usage is not None
    assert answer.usage.total_tokens == 0


def test_extra_body(client: openai.OpenAI, service: RunningService) -> None:
    extra = {"seed": 7, "steps": 3, "negative_prompt": "blue", "cfg_scale": 2, "sampler": "heun"}
    answer = client.images.generate(prompt="a red apple", response_format="url", extra_body=extra)
    assert answer.data is not None
    number = int(answer.data[0].model_extra["id"])  # type: ignore[index]
    request = service.request_behind(number)
    assert (request["seed"], request["steps"], request["guidance_scale"], request["sampler"]) == (7, 3, 2, "heun")


def test_stream(client: openai.OpenAI) -> None:
    with client.images.generate(prompt="a red apple", stream=True, partial_images=2, extra_body={"steps": 500}) as told:
        *partial, last = list(told)
    assert {each.type for each in partial} <= {"image_generation.partial_image"}
    assert last.type == "image_generation.completed"
    assert pixels(last.b64_json).size == (SIDE, SIDE)


def test_edit_with_a_mask(client: openai.OpenAI, service: RunningService) -> None:
    image, mask = Image.new("RGB", (64, 64), "green"), Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 64, 32))
    files = [("image.png", as_png(image)), ("mask.png", as_png(mask))]
    answer = client.images.edit(image=files[0], mask=files[1], prompt="a red roof", extra_body={"seed": 3, "steps": 2})
    assert answer.data is not None
    assert service.request_behind(answer.data[0].model_extra["id"])["mode"] == "inpaint"  # type: ignore[index]
    several = client.images.edit(image=[files[0]], prompt="a red roof", n=2, stream=True)
    assert [each.type for each in several] == ["image_edit.completed"] * 2


def as_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_models(client: openai.OpenAI) -> None:
    assert "builtin" in [model.id for model in client.models.list()]
    assert client.models.retrieve("builtin").object == "model"


def test_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.images.generate(prompt="a", model="nowhere")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    with pytest.raises(openai.BadRequestError) as wrong:
        client.images.generate(prompt="a", size="7x7")
    assert (wrong.value.param, wrong.value.type) == ("size", "invalid_request_error")


def test_token_and_a_full_queue(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", "--token", TOKEN) as service:
        with pytest.raises(openai.AuthenticationError), opened(service) as stranger:
            stranger.models.list()
        with opened(service, TOKEN) as client:
            assert client.images.generate(prompt="a red apple", size="256x256").data


def test_bits_are_those_of_the_command_line(tmp_path: Path) -> None:
    """With the built-in model: a picture and an edit of it have the file that `sdplay` writes, but for its name."""
    with running_service(tmp_path / "home", fake=False) as service, opened(service) as client:
        extra = {"seed": 7, "steps": 2}
        answer = client.images.generate(prompt="a red apple", size="128x128", extra_body=extra)
        own = sdplay.draw("a red apple", size=128, seed=7, steps=2)[0].save(tmp_path / "own.png")
        content = base64.b64decode(answer.data[0].b64_json or "")  # type: ignore[index]
        assert content == (tmp_path / "own.png").read_bytes()
        edited = client.images.edit(image=("a.png", content), prompt="a green apple", extra_body=extra)
        again = sdplay.draw("a green apple", image=own.path, seed=7, steps=2)[0]
        assert (np.asarray(pixels(edited.data[0].b64_json)) == again.pixels).all()  # type: ignore[index]

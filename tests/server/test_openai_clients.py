"""Clients of OpenAI's API that others wrote, unmodified and newly installed, with the built-in model."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.builtin import SIDE
from tests.support.foreign import node_with, python_with, said
from tests.support.service import RunningService, running_service

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

NPM = """
import OpenAI from "openai";
const client = new OpenAI({ baseURL: process.argv[2], apiKey: "any", maxRetries: 0 });
const ask = { prompt: "a red apple", model: "gpt-image-1", size: "128x128", seed: 7, steps: 4 };
const plain = await client.images.generate({ ...ask, n: 2 });
const events = [];
for await (const event of await client.images.generate({ ...ask, stream: true, partial_images: 2 })) events.push(event);
const file = await OpenAI.toFile(Buffer.from(plain.data[0].b64_json, "base64"), "a.png", { type: "image/png" });
const edited = await client.images.edit({ image: file, prompt: "a green apple", seed: 7, steps: 4 });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
const error = await client.images.generate({ ...ask, model: "nowhere" }).catch((error) => error);
console.log(JSON.stringify({
  plain: plain.data, last: events.at(-1), kinds: events.map((each) => each.type), edited: edited.data, models,
  error: { name: error.constructor.name, status: error.status, code: error.code, param: error.param },
}));
"""
LITELLM = """
import json, sys, litellm
answer = litellm.image_generation(
    model="openai/dall-e-3", prompt="a red apple", n=2, size="256x256", api_base=sys.argv[1], api_key="any",
    extra_body={"seed": 7, "steps": 4},
)
print(json.dumps([each.model_dump() for each in answer.data]))
"""
LLAMA = """
import json, sys
from llama_index.tools.openai.image_generation.base import OpenAIImageGenerationToolSpec
spec = OpenAIImageGenerationToolSpec(api_key="any", cache_dir=sys.argv[1])
(tool,) = spec.to_tool_list()
url = tool("a red apple", model="dall-e-2", size="256x256").raw_output
path = tool("a red apple", model="dall-e-2", size="256x256", download=True).raw_output
print(json.dumps([url, path]))
"""
LLM = """
import json, sys, llm
model = llm.get_model("openai/gpt-image-1.5")
response = model.prompt("a red apple", key="any", output=sys.argv[1], size="square", quality="low", stream=False)
print(json.dumps(response.text()))
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home"), fake=False) as service:
        yield service


def heard(program: Path, text: str, folder: Path, name: str, *arguments: str, **env: str) -> Any:
    script = folder / name
    script.write_text(text, encoding="utf-8")
    return json.loads(said(program, script, *arguments, env=env).splitlines()[-1])


def size_of(content: str | bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(content) if isinstance(content, str) else content)) as image:
        assert image.info["parameters"].startswith("a ")
        return image.size


def test_npm_openai(service: RunningService, tmp_path: Path) -> None:
    node = node_with(tmp_path, "openai")
    told = heard(node, NPM, tmp_path, "ask.mjs", f"{service.url}/v1")
    assert [size_of(each["b64_json"]) for each in told["plain"]] == [(SIDE, SIDE)] * 2
    assert told["kinds"][-1] == "image_generation.completed"
    assert told["last"]["b64_json"] == told["plain"][0]["b64_json"]
    assert size_of(told["edited"][0]["b64_json"]) == (SIDE, SIDE)
    assert "builtin" in told["models"]
    assert told["error"] == {"name": "NotFoundError", "status": 404, "code": "model_not_found", "param": "model"}


def test_litellm(service: RunningService, tmp_path: Path) -> None:
    python = python_with(tmp_path / "env", "litellm")
    pictures = heard(python, LITELLM, tmp_path, "ask.py", f"{service.url}/v1")
    assert [size_of(each["b64_json"]) for each in pictures] == [(256, 256)] * 2


def test_llama_index(service: RunningService, tmp_path: Path) -> None:
    python = python_with(tmp_path / "env", "llama-index-tools-openai-image-generation", "openai")
    url, (path,) = heard(python, LLAMA, tmp_path, "ask.py", "pictures", OPENAI_BASE_URL=f"{service.url}/v1")
    assert size_of(service.client.get(url).content) == (256, 256)
    with Image.open(tmp_path / path) as image:
        assert image.size == (256, 256)


def test_llm_openai_images(service: RunningService, tmp_path: Path) -> None:
    python = python_with(tmp_path / "env", "llm-openai-images")
    env = {"OPENAI_BASE_URL": f"{service.url}/v1", "LLM_USER_PATH": str(tmp_path / "llm")}
    heard(python, LLM, tmp_path, "ask.py", str(tmp_path / "apple.png"), **env)
    assert size_of((tmp_path / "apple.png").read_bytes()) == (1024, 1024)

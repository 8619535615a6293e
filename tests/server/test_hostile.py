"""Bodies that no client sends by mistake, on all APIs: never a 500, and nothing of this computer told."""

from __future__ import annotations

import base64
import io
import json
import zlib
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.service import RunningService

JSON_TYPE = {"Content-Type": "application/json"}
SHORT = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


def picture(size: tuple[int, int] = (64, 64), mode: str = "RGB", kind: str = "PNG", **options: Any) -> str:
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()


def text_bomb() -> str:
    """A PNG with 100 MB of text in 100 kB."""
    body = base64.b64decode(picture())
    content = b"parameters\0\0" + zlib.compress(bytes(100 * 2**20), 9)
    chunk = len(content).to_bytes(4, "big") + b"zTXt" + content
    chunk += zlib.crc32(b"zTXt" + content).to_bytes(4, "big")
    return base64.b64encode(body[:33] + chunk + body[33:]).decode()


FRAMES = [Image.new("1", (8, 8), number % 2) for number in range(3000)]
PICTURES = {
    "bomb": picture((12_000, 12_000), "1"),
    "larger bomb": picture((20_000, 20_000), "1"),
    "text bomb": text_bomb(),
    "frames": picture((8, 8), "P", "GIF", save_all=True, append_images=FRAMES),
    "one pixel": picture((1, 1)),
    "CMYK": picture(mode="CMYK", kind="JPEG"),
    "16 bits": picture(mode="I;16"),
    "half": picture()[:80],
    "padding": picture().rstrip("=") + "====",
    "SVG": "data:image/svg+xml;base64," + base64.b64encode(b"<svg onload='alert(1)'/>").decode(),
    "HTML": "data:text/html;base64," + base64.b64encode(b"<script>alert(1)</script>").decode(),
    "EPS": base64.b64encode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n").decode(),
    "address": "http://127.0.0.1:1/a.png",
    "file": "file:///etc/passwd",
    "path": "../../../../etc/passwd",
}
# As they stand in the body: JSON has no words for some of them.
TOKENS = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-0", "1e308", "0.1", "-1", "0", "1" * 5000, "1e5", str(2**63)),
    *("null", "true", "false", "[]", "{}", '""', '"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\u202e\\ufeff"'),
    *("[" * 100_000, '{"a":' * 5000, "[" * 900 + "]" * 900, "[[[1]]]", '{"a": {"b": 1}}', '["a", 1, null]'),
    *('"../../etc/passwd"', '"/etc/passwd"', '"C:\\\\x"', '"CON"', '"%2e%2e/x"', '"~root"', '"\\\\\\\\host\\\\x"'),
    *('"<lora:../x:1>"', '"__x/../../secret__"', '"{a|b|{c|{d|e}}}"', '"a:b:c"', '"<script>alert(1)</script>"'),
    *('"' + "(" * 10_000 + '"', '"' + "{a|" * 5000 + '"', '"' + "x" * 1_000_000 + '"', '"' + "[a:b:" * 2000 + '"'),
    *(json.dumps(each) for each in PICTURES.values()),
]
JOB: dict[str, Any] = {"mode": "txt2img", "prompt": "a cat", "steps": 1, "num": 1, "seed": 1, "size": 64}
ENDPOINTS: dict[str, dict[str, Any]] = {
    "/api/v1/jobs": JOB | {"priority": 0, "format": "png", "lora": [], "style": [], "sampler": "euler",
                           "model": "builtin"},
    "/api/v1/plan": {"mode": "animate", "animation_prompts": "a cat", "max_frames": 3, "zoom": "0:(1)", "fps": 12},
    "/api/v1/explain": {"prompt": "a cat", "negative_prompt": "", "clip_skip": 1, "embedding": []},
    "/api/v1/draw": {"mode": "dream", "prompts": ["a", "b"], "num": 2, "steps": 1, "keyframes": [], "easing": "linear"},
    "/sdapi/v1/txt2img": {"prompt": "a cat", "steps": 1, "width": 64, "height": 64, "seed": 1, "sampler_name": "Euler",
                          "styles": [], "override_settings": {}, "alwayson_scripts": {}, "batch_size": 1},
    "/sdapi/v1/img2img": {"prompt": "a cat", "steps": 1, "init_images": [picture()], "mask": None, "mask_blur": 4,
                          "denoising_strength": 0.5, "resize_mode": 0},
    "/sdapi/v1/extra-single-image": {"image": picture(), "upscaling_resize": 2, "upscaler_1": "Lanczos"},
    "/sdapi/v1/png-info": {"image": picture()},
    "/sdapi/v1/options": {"sd_model_checkpoint": "builtin", "CLIP_stop_at_last_layers": 1},
    "/v1/images/generations": {"prompt": "a cat", "n": 1, "size": "256x256", "model": "builtin", "quality": "low",
                               "response_format": "b64_json"},
}  # fmt: skip


def check(service: RunningService, path: str, body: str | bytes) -> int:
    """The status of the answer to `body`, after looking at what it says."""
    content = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    answer = service.client.post(path, content=content, headers=JSON_TYPE)
    assert answer.status_code < 500, (answer.status_code, answer.text[:500], content[:300])
    assert str(service.home) not in answer.text
    assert "root:x:" not in answer.text
    assert "Traceback" not in answer.text
    return answer.status_code


@pytest.fixture(scope="module", params=ENDPOINTS)
def path(request: pytest.FixtureRequest, service: RunningService) -> str:
    answer = service.client.post(request.param, json=ENDPOINTS[request.param])
    if answer.status_code == 404:
        pytest.skip("this API is not there yet")
    assert answer.is_success, answer.text
    return request.param


@SHORT
@given(data=st.data())
def test_any_value_in_any_field(service: RunningService, path: str, data: st.DataObject) -> None:
    fields = {name: json.dumps(value) for name, value in ENDPOINTS[path].items()}
    names = data.draw(st.lists(st.sampled_from([*fields, "unknown"]), min_size=1, max_size=2, unique=True))
    fields |= {name: data.draw(st.sampled_from(TOKENS), label=name) for name in names}
    check(service, path, "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in fields.items()) + "}")


NOT_JSON = [
    *(b"", b"{", b"null", b"1", b'"text"', b"[]", b"\xff\xfe{\x00}\x00", b'{"prompt": "\xed\xa0\x80"}', b"\x00" * 1000),
    *(b'{"prompt": "a", "prompt": "b"}', b"{" * 100_000, b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5001, b"NaN"),
    *('{"prompt": "é"}'.encode("latin-1"), '{"prompt": "a"}'.encode("utf-16"), b"\xef\xbb\xbf{}", b'{"":' + b"1}"),
]


@pytest.mark.parametrize("number", range(len(NOT_JSON)))
def test_bodies_that_are_no_request(service: RunningService, path: str, number: int) -> None:
    check(service, path, NOT_JSON[number])


@SHORT
@given(text=st.text(max_size=200))
def test_any_words_are_drawn_or_refused(service: RunningService, text: str) -> None:
    body = json.dumps({"prompt": text, "negative_prompt": text[::-1], "steps": 1, "size": 64})
    if check(service, "/api/v1/plan", body) == 200:
        assert check(service, "/api/v1/explain", body) == 200


BEGINNINGS = [
    b"",
    b"\x93NUMPY\x01\x00",
    b"\x89PNG\r\n\x1a\n",
    b"GIF89a",
    b"\xff\xd8\xff",
    b"RIFF",
    b"BM",
    b"ID3",
    b"\0\0\0\x20ftypisom",
]


@settings(SHORT, max_examples=25)
@given(st.sampled_from(BEGINNINGS), st.binary())
def test_any_bytes_are_no_upload(service: RunningService, start: bytes, rest: bytes) -> None:
    answer = service.client.post("/api/v1/uploads", files={"file": ("x", start + rest, "image/png")})
    assert answer.status_code == 422, answer.text


ADDRESSES = ["jobs/{}", "jobs/{}/events", "pictures/{}", "uploads/{}/file", "models/{}", "models/{}/things"]


@SHORT
@given(st.text(max_size=60), st.sampled_from(ADDRESSES))
def test_any_name_in_an_address(service: RunningService, name: str, address: str) -> None:
    answer = service.client.get("/api/v1/" + address.format(quote(name, safe="")))
    assert answer.status_code < 500
    assert str(service.home) not in answer.text


QUERIES = ["limit=-1", "limit=999999", "limit=x", "before=%00", "text=%ff%fe", "model=..%2f", "state=x"]


@pytest.mark.parametrize("query", QUERIES)
def test_odd_queries(service: RunningService, query: str) -> None:
    for path in ("/api/v1/jobs", "/api/v1/pictures", "/api/v1/queue"):
        assert service.client.get(f"{path}?{query}").status_code < 500


def test_service_is_well_afterwards(service: RunningService) -> None:
    job = service.submit(prompt="a cat", steps=1, priority=1000)
    assert service.wait(job["id"])["state"] == "completed"
    assert "Traceback" not in service.log.read_text()

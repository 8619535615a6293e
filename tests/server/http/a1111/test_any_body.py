"""Whatever a client sends, the answer is one of A1111's, and never an error of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdplay.server.http.a1111.bodies import Img2ImgBody, Txt2ImgBody
from tests.support.service import RunningService, running_service

FIELDS = sorted((Txt2ImgBody.model_fields | Img2ImgBody.model_fields).keys() - {"batch_size", "n_iter"})
TEXTS = st.sampled_from(
    ["", "Euler", "Karras", "builtin", "None", "../x", "a" * 40_000, "é\u0000", "<lora:x:1>", "AAAA"]
)
NUMBERS = st.sampled_from([-1, 0, 1, 3, 64, 128, 0.5, 1e300, 2**63, -(2**70), 4097, True])
SIMPLE = st.none() | TEXTS | NUMBERS
VALUES = SIMPLE | st.lists(SIMPLE, max_size=3) | st.dictionaries(st.sampled_from(["args", "controlnet", "x"]), SIMPLE)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)
SMALL: dict[str, Any] = {"prompt": "a red apple", "steps": 1, "width": 64, "height": 64}
PATHS = ("sdapi/v1/txt2img", "sdapi/v1/img2img", "sdapi/v1/options", "sdapi/v1/png-info", "internal/progress")
MORE = ("sdapi/v1/extra-single-image", "sdapi/v1/extra-batch-images", "controlnet/detect")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(PATHS + MORE), body=BODIES)
def test_no_body_breaks_it(service: RunningService, path: str, body: dict[str, Any]) -> None:
    answer = service.client.post(f"/{path}", json={**SMALL, **body})
    assert answer.status_code in {200, 400, 404, 422}, (path, body, answer.text)
    assert answer.headers["content-type"] == "application/json"

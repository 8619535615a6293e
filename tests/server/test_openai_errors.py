"""Errors as OpenAI's clients read them; and whatever is sent, an answer that is none of ours to be ashamed of."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest, BadRequests, UnknownName
from sdplay.server.http.errors import error_response
from sdplay.server.http.openai.errors import STATUSES, openai_shape
from sdplay.server.problems import described
from sdplay.server.service import QueueFull
from tests.support.service import RunningService

NAMES = ["prompt", "n", "size", "quality", "stream", "seed", "steps", "loras", "lora", "style", "model", "num", "image"]
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)  # with half characters
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_a_full_queue_says_when_to_come_again() -> None:
    answer = error_response(QueueFull("20000 jobs wait already", hint="later"), openai_shape, STATUSES)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
    error = json.loads(bytes(answer.body))["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")


def test_an_invalid_request_is_a_400() -> None:
    answer = error_response(BadRequest("is none", field="num", value=0), openai_shape, STATUSES)
    assert answer.status_code == 400
    assert json.loads(bytes(answer.body)) == {
        "error": {"message": "n = 0: is none", "type": "invalid_request_error", "param": "n", "code": "bad_request"}
    }


def test_all_problems_in_one_message() -> None:
    both = BadRequests([UnknownName("option", "stepss", ["steps"]), BadRequest("is none", field="width", value=7)])
    error = openai_shape(400, described(both))["error"]
    assert error["param"] == "stepss"
    assert error["message"].startswith("stepss: there is no such option (did you mean 'steps'?")
    assert error["message"].endswith("; size = 7: is none")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=5))
def test_nothing_that_is_sent_is_our_fault(service: RunningService, fields: dict[str, Any]) -> None:
    fields["size"] = fields.get("size", "64x64")
    body = json.dumps({**fields, "response_format": "url"})
    answer = service.client.post("/v1/images/generations", content=body, headers={"content-type": "application/json"})
    assert answer.status_code < 500, answer.text
    if answer.status_code != 200:
        assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fields=st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(codec="utf-8"), max_size=12), max_size=5),
    image=st.binary(max_size=64),
)
def test_nothing_in_a_form_is_our_fault(service: RunningService, fields: dict[str, str], image: bytes) -> None:
    fields.pop("image", None)
    answer = service.client.post("/v1/images/edits", data=fields, files={"image": ("a.png", image, "image/png")})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["type"] == "invalid_request_error"

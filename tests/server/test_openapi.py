"""The OpenAPI description is that of the types of requests, and the page of it asks nobody else for anything."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sdplay.requests.base import field_info
from sdplay.requests.modes import MODES, ROLES, request_type
from sdplay.server.clients import OWN
from sdplay.server.films import FILM_MODES
from sdplay.server.http.native import description
from sdplay.server.http.native.docs import STATIC
from sdplay.server.http.native.schema import OF_FILMS, OPTIONS, schema_name
from tests.support.service import RunningService

SCHEMAS: dict[str, Any] = description()["components"]["schemas"]


@pytest.mark.parametrize("mode", MODES)
def test_job_has_the_fields_of_its_request_and_no_others(mode: str) -> None:
    fields = SCHEMAS[schema_name(mode)]["properties"]
    options = OPTIONS.keys() | (OF_FILMS.keys() if mode in FILM_MODES else set[str]())
    assert fields.keys() == (request_type(mode).model_fields.keys() - OWN) | options


@pytest.mark.parametrize("mode", MODES)
def test_defaults_and_words_are_those_of_the_request(mode: str) -> None:
    kind = request_type(mode)
    for name, schema in SCHEMAS[schema_name(mode)]["properties"].items():
        if name in {*OPTIONS, *OF_FILMS, "mode"}:
            continue
        declared = field_info(kind, name)
        assert schema["description"].startswith((declared.description or "").partition(" (or a folder")[0])
        default = declared.default if not declared.is_required() else None
        assert schema.get("default") == (list(default) if isinstance(default, tuple) else default), name


def test_every_mode_can_be_told_from_the_others() -> None:
    jobs = SCHEMAS["JobRequest"]
    for mode, reference in jobs["discriminator"]["mapping"].items():
        assert SCHEMAS[reference.rpartition("/")[2]]["properties"]["mode"]["const"] == mode
    assert len(jobs["oneOf"]) == len(jobs["discriminator"]["mapping"]) == 8


def test_files_are_ids_of_uploads() -> None:
    marked = {
        name for each in SCHEMAS.values() for name, one in each.get("properties", {}).items() if "x-upload" in one
    }
    assert marked == set(ROLES)


def test_every_reference_leads_somewhere() -> None:
    text = str(description())
    assert {name for name in re.findall(r"#/components/schemas/(\w+)", text) if name not in SCHEMAS} == set()


def test_every_operation_says_what_it_answers() -> None:
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            content = good[0].get("content", {})
            assert operation["responses"].keys() >= {"204"} or content, (method, path)
            assert content.get("application/json", {}).get("schema") != {}, (method, path)


def test_page_of_the_docs_is_whole_and_leads_nowhere_else(service: RunningService) -> None:
    page = service.client.get("/api/v1/docs")
    assert page.headers["content-type"].startswith("text/html")
    for target in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        part = service.client.get(f"/api/v1/{target}")
        assert part.is_success, target
    for file in STATIC.iterdir():
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"https?://|style=|\son\w+=|innerHTML|eval\(", text), file.name
    assert "default-src 'self'" in page.headers["content-security-policy"]


def test_description_is_served(service: RunningService) -> None:
    assert service.get("/api/v1/openapi.json") == description()

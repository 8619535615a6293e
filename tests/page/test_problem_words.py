"""What went wrong and what will come out otherwise is said in the language of the page, whatever kind it is of."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

import sdplay
from sdplay.core.errors import SdplayError
from sdplay.server.page.words import WORDS, languages
from tests.support.browser import OpenPage
from tests.support.service import RunningService

SOURCES = Path(sdplay.__file__).parent
REFUSED = re.compile(r'Refused\(\d+, "([a-z-]+)"')
# Kinds that no page is told, and why.
NEVER_SHOWN = {
    "damaged-queue": "the service does not start",
    "newer-queue": "the service does not start",
    "not-started": "the command line says it",
    "unanswered": "of the MCP server",
    "job-failed": "of the call that draws and waits, which the page does not make",
    "content-length": "a browser sends the length of what it sends",
    "content-type": "the page sends JSON and forms",
    "encoded-body": "the page compresses nothing",
}
OTHERS = {"internal", "http"}  # kinds that are no class


def kinds_of(kind: type[SdplayError]) -> Iterator[type[SdplayError]]:
    for each in kind.__subclasses__():
        yield each
        yield from kinds_of(each)


def error_codes() -> set[str]:
    """The codes of all errors that there are in the program, and of what is refused before it is asked."""
    for room in ("server", "executors"):
        package = importlib.import_module(f"sdplay.{room}")
        for found in pkgutil.walk_packages(package.__path__, f"sdplay.{room}."):
            importlib.import_module(found.name)
    kinds = [kind for kind in kinds_of(SdplayError) if kind.__module__.startswith("sdplay.")]
    named = {str(kind.__new__(kind).code) for kind in kinds}
    refused = set(REFUSED.findall((SOURCES / "server/http/policy.py").read_text(encoding="utf-8")))
    assert {"disk-full", "queue-full", "superseded", "worker-died"} <= named
    assert {"unauthorized", "body-too-large"} <= refused
    return named | refused | OTHERS


def warning_codes() -> set[str]:
    """The codes of all warnings that the program gives."""
    calls = (node for path in SOURCES.rglob("*.py") for node in ast.walk(ast.parse(path.read_bytes())))
    given = {
        keyword.value.value
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "RequestWarning"
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert {"unknown-words", "memory", "keys-left-out", "no-effect"} <= given
    return {str(code) for code in given}


def codes_in(language: str, file: str) -> set[str]:
    return set(json.loads((WORDS / language / file).read_bytes()))


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_error_has_words(language: str) -> None:
    assert codes_in(language, "problems.json") == error_codes() - NEVER_SHOWN.keys()


@pytest.mark.parametrize("language", languages())
def test_every_kind_of_warning_has_words(language: str) -> None:
    assert codes_in(language, "warnings.json") - {"nearest"} == warning_codes()


def said(language: str, key: str) -> str:
    file, _, code = key.partition(".")
    return json.loads((WORDS / language / f"{file}.json").read_bytes())[code]


@pytest.mark.parametrize("language", [name for name in languages() if name != "en"])
def test_a_warning_and_a_refusal_are_in_the_language(
    language: str, service: RunningService, open_page: OpenPage
) -> None:
    page = open_page("#/draw", language=language)
    page.locator("#draw-prompt").fill("a blorf")
    note = page.locator(".prompt-words .note-warn")
    beginning, _, rest = said(language, "warnings.unknown-words").replace("{name}", "builtin").partition("{words}")
    expect(note).to_contain_text("blorf")
    expect(note).to_contain_text(beginning.strip() or rest.strip())
    expect(note).not_to_contain_text("among the")
    page.goto("/#/gallery/999999")
    expect(page.locator("#view")).to_contain_text(said(language, "problems.not-found"))


def test_a_job_that_failed_says_what_to_do(service: RunningService, open_page: OpenPage) -> None:
    drawn = service.wait(service.submit(prompt="a pear")["id"])
    service.client.post("/api/v1/queue/pause")
    failing = service.submit("upscale", picture=drawn["pictures"][0]["id"])["id"]
    next((service.folder / "pictures").rglob(f"{drawn['id']}*.png")).unlink()
    service.client.post("/api/v1/queue/resume")
    assert service.wait(failing)["state"] == "failed"
    page = open_page("#/queue", language="de")
    error = page.locator(".queue-error").first
    code = service.get(f"/api/v1/jobs/{failing}")["error"]["code"]
    expect(error.locator("strong")).to_have_text(said("de", f"problems.{code}"))
    expect(error.locator('[lang="en"]')).not_to_be_empty()

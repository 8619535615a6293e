"""What tests of films on the page share."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page

from tests.support.service import RunningService

SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2, "seed": 5}
ANIMATE, DREAM = "#/films/new/animate", "#/films/new/dream"
HTML = "<img src=x onerror=alert(1)>"


def made(service: RunningService, mode: str = "animate", **fields: Any) -> dict[str, Any]:
    words = {"animation_prompts": {"0": "a hill", "6": "a lake"}, "max_frames": 12} if mode == "animate" else {}
    job = service.wait(service.submit(mode, **{**SMALL, **words, **fields})["id"])
    assert job["state"] == "completed", job["error"]
    return job


def drawn(service: RunningService, film: str) -> list[tuple[Any, ...]]:
    """The segments of a film: what they show, and how long they took to draw."""
    lines = (service.folder / "films" / film / "journal.jsonl").read_text().splitlines()
    told = [json.loads(line.partition(" ")[2]) for line in lines]
    return [(one["unit"], one["sha"], one["seconds"]) for one in told]


def asked(service: RunningService) -> dict[str, Any]:
    """The request of the newest job."""
    return service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]


def with_words(page: Page, words: str = "a castle") -> None:
    page.get_by_label("Prompt", exact=True).fill(words)


def notation(page: Page) -> Locator:
    return page.get_by_label("Notation")


def points(page: Page, lane: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{lane} at frame"))

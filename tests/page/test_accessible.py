"""No serious finding of axe in any view, in both themes and on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.page.canvas import paint, pick
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.service import RunningService

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


def serious_findings(page: Page) -> str:
    """What axe finds in the page as it is, as JSON: serious and critical findings, with the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    serious = [
        {
            "id": one["id"],
            "nodes": [node["html"][:160] + " " + node["failureSummary"][:200] for node in one["nodes"][:4]],
        }
        for one in page.evaluate(RUN)
        if one["impact"] in {"serious", "critical"}
    ]
    return json.dumps(serious, indent=1)


@dataclass(frozen=True, slots=True)
class Stock:
    """What was drawn to be looked at."""

    pictures: tuple[int, int]
    film: str


@pytest.fixture(scope="module")
def stock(service: RunningService) -> Stock:
    one, other = (service.wait(service.submit(prompt=words)["id"]) for words in ("a red blorf", "an owl"))
    film = service.wait(service.submit("dream", prompts=["a star", "a moon"], num=4, steps=1)["id"])
    return Stock((one["pictures"][0]["id"], other["pictures"][0]["id"]), film["id"])


def nothing(page: Page) -> None:
    pass


def unfolded(page: Page) -> None:
    for summary in page.locator("summary").all():
        summary.click()


def painted(page: Page) -> None:
    """A picture with a mask, all settings shown, results to pick from, and the live picture."""
    pick(page)
    paint(page, (0, 0), (20, 10))
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a lemon and a blorf")
    page.get_by_role("button", name="Live", exact=True).click()
    page.keyboard.press("Control+Enter")
    page.locator(".dock-picture").first.wait_for()
    unfolded(page)


def sketched(page: Page) -> None:
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a lemon and a blorf")
    page.locator("label", has_text="Sketch").click()
    page.locator(".live-picture").wait_for()
    page.locator(".prompt-words .note").wait_for()


def offered(page: Page) -> None:
    page.get_by_role("combobox", name="Prompt of picture 1").press_sequentially("a waterm")
    page.locator(".prompt-offer").first.wait_for()
    unfolded(page)


def timed(page: Page) -> None:
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a lemon")
    page.locator(".films-point").first.focus()
    expect(page.locator(".films-monitor canvas")).to_have_attribute("data-shown", "0")


def chosen(page: Page) -> None:
    page.locator(".gallery-tile[data-id]").first.click(modifiers=["Control"])
    page.locator(".gallery-there").first.wait_for(state="attached")


# What is looked at: its address, what is there once it can be looked at, and what is done before.
LOOKS: dict[str, tuple[str, str, Callable[[Page], None]]] = {
    "draw": ("#/draw", ".draw-caption", unfolded),
    "queue": ("#/queue", ".queue-job", nothing),
    "canvas, empty": ("#/canvas", ".canvas-start", nothing),
    "canvas": ("#/canvas", ".canvas-start", painted),
    "live": ("#/live", ".live-controls", nothing),
    "live sketch": ("#/live", ".live-controls", sketched),
    "films": ("#/films", "a[href*='films/']", nothing),
    "dream": ("#/films/new/dream", ".films-strip", offered),
    "animate": ("#/films/new/animate", ".films-timeline", timed),
    "film": ("#/films/{film}", ".films-player canvas[data-shown]", nothing),
    "gallery": ("#/gallery", ".gallery-tile[data-id]", chosen),
    "detail": ("#/gallery/{first}", ".gallery-large", nothing),
    "compare": ("#/gallery/compare/{first}/{second}", ".gallery-large", nothing),
    "models": ("#/models", ".models-grid", nothing),
}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: `npm ci`")
@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
@pytest.mark.parametrize("name", LOOKS)
def test_nothing_serious_is_found(
    stock: Stock, open_page: OpenPage, name: str, size: tuple[int, int], theme: str
) -> None:
    where, ready, prepare = LOOKS[name]
    if size == PHONE and prepare in {painted, sketched}:
        prepare = nothing
    first, second = stock.pictures
    page = open_page(where.format(film=stock.film, first=first, second=second), size=size, theme=theme, bypass_csp=True)
    page.locator(ready).first.wait_for()
    prepare(page)
    assert serious_findings(page) == "[]"

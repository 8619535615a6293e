"""The page in hard use: addresses of nothing, files that are no pictures, a service that goes and comes back, drafts
that hold rubbish, a browser that keeps nothing.
"""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sdplay.images.read import png
from tests.support.browser import OpenPage
from tests.support.service import RunningService, running_service

VIEWS = ["draw", "live", "canvas", "gallery", "films/new/dream", "films/new/animate", "grids"]
DROP = """async ([data, name]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], name, { type: 'image/png' }));
  const view = document.querySelector('#view > *');
  for (const type of ['dragover', 'drop'])
    view.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
}"""
NO_PICTURES = {"words": b"not a picture at all", "empty": b"", "cut": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0"}
RUBBISH = ["rubbish{", "null", "[]", "5", '{"prompt": 5, "axes": 7, "cards": null, "fields": 3, "size": null}']
PUT = "([names, text]) => names.forEach((name) => localStorage.setItem(name, text))"
UNREADABLE = "This is not a picture that can be read."


@pytest.mark.parametrize(
    "where", ["gallery/abc", "gallery/-1", "gallery/%E0%A4%A", "gallery/99999999999999999999", "gallery/compare/1/x"]
)
def test_an_address_of_no_picture_says_so_and_leads_back(open_page: OpenPage, where: str) -> None:
    page = open_page(f"#/{where}")
    missing = page.locator(".gallery-missing")
    expect(missing).to_contain_text("It is not there any more.")
    missing.get_by_role("button").click()
    expect(missing).to_have_count(0)


@pytest.mark.parametrize("content", NO_PICTURES.values(), ids=NO_PICTURES)
def test_a_file_that_is_no_picture_is_said_and_goes_nowhere(open_page: OpenPage, content: bytes) -> None:
    page = open_page("#/gallery")
    page.evaluate(DROP, [base64.b64encode(content).decode(), "a.png"])
    dialog = page.get_by_role("dialog", name="Read the settings of a file")
    expect(dialog.get_by_role("alert")).to_have_text(UNREADABLE)
    expect(dialog.get_by_role("button", name="Open in Canvas")).to_have_count(0)
    expect(dialog.locator("img")).to_have_count(0)
    page.keyboard.press("Escape")
    for view in ("canvas", "live"):
        page.goto(f"/#/{view}")
        page.locator(f".{view}, .canvas-start").first.wait_for()
        page.evaluate(DROP, [base64.b64encode(content).decode(), "a.png"])
        expect(page.locator(".toast-text").filter(has_text=UNREADABLE)).to_be_visible()


def test_a_picture_that_is_dropped_on_the_films_says_its_settings(open_page: OpenPage) -> None:
    page = open_page("#/films")
    page.locator(".films-list").wait_for()
    content = png(np.zeros((8, 8, 3), np.uint8))
    page.evaluate(DROP, [base64.b64encode(content).decode(), "a.png"])
    expect(page.get_by_role("dialog", name="Read the settings of a file")).to_contain_text("a.png")


def test_a_prompt_that_is_far_too_long_is_refused_and_the_page_lives(open_page: OpenPage) -> None:
    page = open_page("#/draw")
    prompt = page.locator("#draw-prompt")
    prompt.fill("a fox, " * 20_000)
    prompt.press("Control+Enter")
    expect(page.locator(".toast-error")).to_contain_text("at most 32000 characters")
    prompt.fill("a fox")
    expect(page.locator(".prompt-costs")).to_contain_text("MB")


def test_a_service_that_was_gone_is_there_again(tmp_path: Path, open_page: OpenPage) -> None:
    """What was written stays, the page says that nobody answers, and takes that back."""
    home = tmp_path / "home"
    said = "The service does not answer."
    with running_service(home) as service:
        port = service.url.rpartition(":")[2]
        page = open_page("#/draw", service=service)
        prompt = page.locator("#draw-prompt")
        prompt.fill("an owl")
        service.kill()
        expect(page.locator(".shell-lost")).to_be_visible()
        prompt.press("Control+Enter")
        expect(page.locator(".toast-error")).to_contain_text(said)
    with running_service(home, "--port", port) as again:
        expect(page.locator(".shell-lost")).to_have_count(0)
        expect(page.locator(".toast-error")).to_have_count(0)
        expect(prompt).to_have_value("an owl")
        prompt.press("Control+Enter")
        expect(page.locator(".draw-strip .tile")).to_have_count(1)
        assert again.newest_job()["words"] == "an owl"


def shown(page: Page, view: str) -> None:
    page.goto("about:blank")
    page.goto(f"/#/{view}")
    expect(page.locator("#view")).not_to_be_empty()


def test_drafts_that_hold_rubbish_stop_no_view(open_page: OpenPage) -> None:
    page = open_page("#/draw")
    for view in VIEWS:
        shown(page, view)
    page.locator("#view").wait_for()
    names: list[str] = page.evaluate("() => Object.keys(localStorage)")
    assert {"sdplay.draw", "sdplay.grids", "sdplay.films.dream"} <= set(names)
    for rubbish in RUBBISH:
        for view in VIEWS:
            page.evaluate(
                "([names, text]) => names.forEach((name) => localStorage.setItem(name, text))", [names, rubbish]
            )
            shown(page, view)


@pytest.mark.parametrize(
    "broken",
    [
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }",
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })",
        "Object.defineProperty(window, 'indexedDB', { value: undefined })",
    ],
    ids=["full", "forbidden", "no-database"],
)
def test_a_browser_that_keeps_nothing_shows_every_view(
    service: RunningService, open_page: OpenPage, broken: str
) -> None:
    page = open_page("#/draw")
    page.context.add_init_script(broken)
    for view in VIEWS:
        shown(page, view)

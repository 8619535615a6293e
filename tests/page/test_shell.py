"""The frame of the page, in a browser."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, OpenPage, shot
from tests.support.service import RunningService

FIRST = {"/", "/api/v1/events"}  # beside what is below /page


def test_it_opens_with_few_requests(service: RunningService, open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.reload()
    expect(page.get_by_role("link", name="Draw", exact=True)).to_have_attribute("aria-current", "page")
    page.wait_for_load_state("load")
    parts = [path for path in asked if path in FIRST or path.startswith("/page/")]
    assert len(parts) <= 5, parts


def test_the_theme_is_kept(page: Page) -> None:
    page.get_by_role("button", name="Theme").click()
    page.get_by_role("menuitemradio", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_sheet_of_keys_opens_by_a_key(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("#/draw", "More weight for what is selected"),
        ("#/live", "Another seed"),
        ("#/canvas", "Hold it and drag to move the picture"),
        ("#/gallery", "Move to trash"),
        ("#/films/new/dream", "Move the focused picture"),
        ("#/films/new/animate", "Move the focused point"),
        ("#/models", "Search"),
        ("#/queue", "Move the focused job"),
    ],
)
def test_the_sheet_tells_the_keys_of_every_view(open_page: OpenPage, where: str, told: str) -> None:
    page = open_page(where)
    page.get_by_role("button", name="Keys", exact=True).click()
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_contain_text(told)
    words = sheet.locator("li span:first-child, h3").all_inner_texts()
    assert len(words) > 9
    assert not [each for each in words if re.fullmatch(r"[a-z.]+\.[a-z.0-9]+", each)], "a key without words"


def test_keys_that_are_only_told_leave_the_arrows_to_scrolling(open_page: OpenPage) -> None:
    page = open_page("#/queue")
    page.locator(".queue-bar").wait_for()
    script = """key => { const event = new KeyboardEvent('keydown', {key, cancelable: true, bubbles: true});
        document.body.dispatchEvent(event); return event.defaultPrevented }"""
    assert not page.evaluate(script, "ArrowDown")
    assert page.evaluate(script, "q")


def test_nothing_is_wider_than_a_phone(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, "phone")

"""The frame of the page, in a browser."""

from __future__ import annotations

from urllib.parse import urlsplit

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


def test_nothing_is_wider_than_a_phone(open_page: OpenPage) -> None:
    page = open_page(size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shot(page, "phone")

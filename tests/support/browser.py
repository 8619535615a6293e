"""A browser to look at the page with: it fails a test on whatever a person would call broken.

Tests take the fixtures `page` (desktop, light) or `open_page` (any size, theme, language) from here; both go to the
service of the fixture `service`, or of `open_page(service, …)`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.support.patience import PATIENCE
from tests.support.service import RunningService

# The headless shell first: it draws no window around the page, which is half of the work of the tests.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("SDPLAY_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, PHONE = (1280, 800), (360, 740)
WAIT = PATIENCE * 1000 / 4  # milliseconds for one thing that is sure to come
expect.set_options(timeout=WAIT)
HERE = {"127.0.0.1", "localhost"}
CSP_SAID = "document.addEventListener('securitypolicyviolation', e => console.error('CSP: ' + e.violatedDirective))"
# What a browser says of answers that a test asks for on purpose.
REFUSED = "Failed to load resource"

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")  # playwright's loop runs as long as it does, and other tests start loops of their own
def browser() -> Iterator[Browser]:
    """Chromium; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no chromium: `apt-get install chromium-headless-shell`, or SDPLAY_CHROMIUM=/path/of/one")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


class Watched:
    """What a page did that it should not have done."""

    def __init__(self, context: BrowserContext) -> None:
        self.wrong: list[str] = []
        self.requests: list[str] = []
        context.add_init_script(CSP_SAID)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.wrong.append(f"error: {error.error}"))
        context.on("request", self._asked)
        context.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and REFUSED not in message.text:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.hostname not in HERE:
            self.wrong.append(f"request to elsewhere: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.wrong.append(f"{response.status}: {response.url}")


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Open the page: `open_page("#/draw", size=PHONE, theme="dark", language="de", service=…, **context options)`."""
    contexts: list[tuple[BrowserContext, Watched]] = []

    def opened(
        where: str = "",
        *,
        service: RunningService | None = None,
        size: tuple[int, int] = DESKTOP,
        theme: str = "light",
        language: str = "en",
        **options: Any,
    ) -> Page:
        running: RunningService = service or request.getfixturevalue("service")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if theme == "dark" else "light",
            locale=language,
            reduced_motion="reduce",
            base_url=running.url,
            **{"has_touch": size == PHONE, **options},
        )
        context.set_default_timeout(WAIT)
        watched = Watched(context)
        contexts.append((context, watched))
        if running.token is not None:
            context.add_cookies([{"name": "sdplay_token", "value": running.token, "url": running.url}])
        page = context.new_page()
        page.goto(f"/{where}")
        page.locator("#view").wait_for()
        return page

    yield opened
    for context, _ in contexts:
        context.close()
    wrong = [each for _, watched in contexts for each in watched.wrong]
    assert not wrong, wrong


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page as it opens, in a window of 1280 by 800."""
    return open_page()


def shot(page: Page, name: str, folder: str | None = None) -> None:
    """Keep a picture of the page as `name`.png in `folder`, or in $SDPLAY_SHOTS; where there is none, do nothing."""
    place = folder or os.environ.get("SDPLAY_SHOTS")
    if place:
        Path(place).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(place) / f"{name}.png"))

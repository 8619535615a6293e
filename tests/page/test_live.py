"""Live drawing, in a browser: the picture follows, and only what is kept is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import PHONE, OpenPage, shot
from tests.support.gated import GatedService, gated_service
from tests.support.patience import wait_until
from tests.support.service import RunningService


@pytest.fixture
def live(open_page: OpenPage) -> Page:
    return open_page("#/live")


def words(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Prompt", exact=True)


# The element is there a moment before its pixels are.
PAINTED = """() => { const shown = document.querySelector('.live-picture');
  const empty = Object.assign(document.createElement('canvas'), { width: shown.width, height: shown.height });
  return shown.toDataURL() !== empty.toDataURL(); }"""


def newest(page: Page) -> str:
    """What the newest picture shows."""
    page.wait_for_function(PAINTED)
    return str(page.evaluate("document.querySelector('.live-picture').toDataURL()"))


def wait_for_other(page: Page, than: str) -> str:
    page.wait_for_function("was => document.querySelector('.live-picture').toDataURL() !== was", arg=than)
    return newest(page)


def test_the_picture_follows_what_is_typed_and_says_how_quickly(live: Page) -> None:
    expect(live.get_by_text("Type, and watch")).to_be_visible()
    words(live).fill("a red apple")
    live.locator(".live-picture").wait_for()
    first = newest(live)
    words(live).fill("a red apple on a table")
    second = wait_for_other(live, first)
    words(live).fill("a red apple")
    assert wait_for_other(live, second) == first  # the seed stays
    expect(live.get_by_text("pictures a second")).to_be_visible()


def test_nothing_is_kept_unless_it_is_asked_for(live: Page, service: RunningService) -> None:
    before = [job["id"] for job in service.get("/api/v1/jobs")["jobs"]]
    words(live).fill("a green pear")
    live.locator(".live-picture").wait_for()
    seed = live.locator(".live-picture").get_attribute("data-seed")
    assert [job["id"] for job in service.get("/api/v1/jobs")["jobs"]] == before
    live.get_by_role("button", name="Keep").click()
    expect(live.get_by_text("on its way to the gallery")).to_be_visible()
    job = service.wait(service.newest_job()["id"])
    assert (job["request"]["prompt"], str(job["seed"])) == ("a green pear", seed)
    assert service.get("/api/v1/pictures")["pictures"][0]["prompt"] == "a green pear"


def test_what_is_sketched_is_drawn_from_and_kept(live: Page, service: RunningService) -> None:
    words(live).fill("a boat")
    live.locator(".live-picture").wait_for()
    before = newest(live)
    live.locator("label", has_text="Sketch").click()
    board = live.locator(".stage-canvas")
    board.wait_for()
    before = wait_for_other(live, before)  # from the empty sheet
    board.click()
    wait_for_other(live, before)
    live.get_by_role("button", name="Keep").click()
    expect(live.get_by_text("on its way to the gallery")).to_be_visible()
    request = service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]
    assert (request["mode"], request["strength"]) == ("img2img", 0.7)
    live.reload()
    board.wait_for()
    expect(live.get_by_role("button", name="Undo")).to_be_enabled()
    live.locator(".live-picture").wait_for()
    shot(live, "live")


def test_it_goes_on_to_the_canvas(live: Page) -> None:
    words(live).fill("a house")
    live.locator(".live-picture").wait_for()
    live.get_by_role("button", name="To the canvas").click()
    live.locator(".stage-canvas").wait_for()
    expect(live.get_by_role("combobox", name="Prompt", exact=True)).to_have_value("a house")


def test_what_is_refused_is_said(live: Page) -> None:
    words(live).fill("(a <lora:nowhere:1>")
    expect(live.get_by_role("alert")).to_contain_text("no such LoRA")
    words(live).fill("a house")
    live.locator(".live-picture").wait_for()
    expect(live.get_by_role("alert")).to_be_hidden()


@pytest.fixture
def gated(tmp_path: Path) -> Iterator[GatedService]:
    with gated_service(tmp_path) as gated:
        yield gated


def test_only_the_newest_is_drawn(gated: GatedService, open_page: OpenPage) -> None:
    page = open_page("#/live", service=gated.service)
    with gated.gate("slow"):
        words(page).fill("slow one")
        wait_until(lambda: "Started" in gated.events("slow one"))
        for number in range(5):
            words(page).fill(f"other {number}")
        words(page).fill("newest one")
    wait_until(lambda: "ImageDone" in gated.events("newest one"))
    assert not [number for number in range(5) if gated.lines(f"other {number}")]


def test_nothing_is_wider_than_a_phone(open_page: OpenPage) -> None:
    page = open_page("#/live", size=PHONE)
    page.locator("label", has_text="Sketch").click()
    page.locator(".stage-canvas").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

"""The queue in a browser: seen from everywhere, moved by hand and by keys, and never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import PHONE, OpenPage, shot
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service


@pytest.fixture
def filled(service: RunningService) -> Iterator[RunningService]:
    """The service, paused, with the jobs one, two and three."""
    service.client.post("/api/v1/queue/pause")
    for words in ("one", "two", "three"):
        service.submit(prompt=words)
    yield service
    for job in service.get("/api/v1/queue?limit=500")["jobs"]:
        service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    service.client.post("/api/v1/queue/resume")


def waiting(page: Page) -> Locator:
    return page.locator(".queue-job[data-place] .queue-prompt")


def order(service: RunningService) -> list[str]:
    return [job["words"] for job in service.get("/api/v1/queue")["jobs"]]


def test_it_opens_from_every_view(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/draw")
    expect(page.locator(".shell-chip")).to_contain_text("Paused · 3 jobs")
    page.keyboard.press("q")
    drawer = page.get_by_role("dialog", name="Queue")
    expect(waiting(page)).to_have_text(["one", "two", "three"])
    shot(page, "queue-drawer")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_jobs_are_moved_by_keys_and_all_browsers_see_it(filled: RunningService, open_page: OpenPage) -> None:
    page, other = open_page("#/queue"), open_page("#/queue")
    grip = page.get_by_role("button", name="one. Arrow keys move it")
    grip.press("ArrowDown")
    expect(waiting(page)).to_have_text(["two", "one", "three"])
    grip.press("End")
    expect(waiting(page)).to_have_text(["two", "three", "one"])
    expect(waiting(other)).to_have_text(["two", "three", "one"])
    wait_until(lambda: order(filled) == ["two", "three", "one"])
    grip.press("Home")
    wait_until(lambda: order(filled) == ["one", "two", "three"])


def test_jobs_are_dragged(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/queue")
    grips = page.locator(".queue-grip")
    expect(grips).to_have_count(3)
    start, end = grips.nth(2).bounding_box(), grips.nth(0).bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 8, end["y"] + 8, steps=5)
    page.mouse.up()
    expect(waiting(page)).to_have_text(["three", "one", "two"])
    wait_until(lambda: order(filled) == ["three", "one", "two"])


def test_jobs_are_cancelled_tried_again_and_cleared(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/queue")
    page.get_by_role("button", name="Cancel two").click()
    expect(waiting(page)).to_have_text(["one", "three"])
    page.get_by_role("button", name="Try two again").first.click()
    expect(waiting(page)).to_have_text(["one", "three", "two"])
    page.get_by_role("button", name="Clear the queue").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear the queue").click()
    expect(waiting(page)).to_have_count(0)
    assert order(filled) == []


def test_it_pauses_and_goes_on(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/queue")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(waiting(page)).to_have_count(0)
    expect(page.locator(".queue-prompt", has_text="three").first).to_be_visible()
    page.get_by_role("button", name="Clear the list").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear the list").click()
    expect(page.locator(".queue-job")).to_have_count(0)
    assert filled.get("/api/v1/jobs")["jobs"] == []
    assert filled.get("/api/v1/pictures")["pictures"], "the pictures stay"


def test_its_settings_can_be_used_again(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/queue")
    page.get_by_role("button", name="Cancel three").click()
    row = page.locator(".queue-job", has=page.get_by_role("button", name="Try three again")).first
    row.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Use its settings").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("three")


def test_a_failed_job_says_why(service: RunningService, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("#/draw")
    job = service.wait(service.submit(prompt="<i>x</i>")["id"])
    file = next((service.folder / "pictures").rglob(f"{job['id']}*.png"))
    number = job["pictures"][0]["id"]
    service.client.post("/api/v1/queue/pause")
    failing = service.submit("upscale", picture=number)["id"]
    file.unlink()
    service.client.post("/api/v1/queue/resume")
    assert service.wait(failing)["state"] == "failed"
    expect(page.locator(".draw-failed")).to_be_visible()
    page.keyboard.press("q")
    expect(page.locator(".queue-error").first).to_be_visible()


def test_it_survives_a_killed_service(tmp_path: Path, open_page: OpenPage) -> None:
    home = tmp_path / "home"
    with running_service(home) as service:
        service.client.post("/api/v1/queue/pause")
        for words in ("one", "two"):
            service.submit(prompt=words)
        port = service.url.rpartition(":")[2]
        page = open_page("#/queue", service=service)
        expect(waiting(page)).to_have_text(["one", "two"])
        service.kill()
        expect(page.locator(".shell-lost")).to_be_visible()
    with running_service(home, "--port", port) as again:
        expect(page.locator(".shell-lost")).to_have_count(0)
        expect(waiting(page)).to_have_text(["one", "two"])
        again.client.post("/api/v1/queue/resume")
        expect(waiting(page)).to_have_count(0)
        wait_until(lambda: len(again.get("/api/v1/pictures")["pictures"]) == 2)
        page.goto("/#/draw")
        expect(page.locator(".draw-strip .tile")).to_have_count(2)


def test_it_fits_a_phone(filled: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/queue", size=PHONE)
    expect(waiting(page)).to_have_count(3)
    assert page.evaluate("document.getElementById('view').scrollWidth <= innerWidth")


@pytest.mark.parametrize("where", ["#/draw", "#/canvas", "#/gallery", "#/films", "#/models"])
def test_it_is_reached_from_every_view_of_a_phone(filled: RunningService, open_page: OpenPage, where: str) -> None:
    """By the chip in the head: there is no room for one more place in the bar."""
    page = open_page(where, size=PHONE)
    chip = page.get_by_role("button", name=re.compile("^Queue"))
    expect(chip).to_be_in_viewport(ratio=1)
    box = chip.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44, "large enough for a finger"
    chip.click()
    expect(waiting(page)).to_have_text(["one", "two", "three"])

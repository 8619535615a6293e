"""Prompts wherever they are typed: the canvas, live drawing and films have what the Draw view has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.page.canvas import paint, pick
from tests.support.browser import PHONE, OpenPage, shot
from tests.support.patience import wait_until
from tests.support.service import RunningService

VIEWS = {
    "canvas": "Prompt",
    "live": "Prompt",
    "films/new/dream": "Prompt of picture 1",
    "films/new/animate": "Prompt",
}


def opened(open_page: OpenPage, view: str, **options: object) -> tuple[Page, Locator]:
    """The page with a view, and the prompt in it."""
    page = open_page(f"#/{view}", **options)
    if view == "canvas":
        pick(page)
    return page, page.get_by_role("combobox", name=VIEWS[view], exact=True)


def words_of_jobs(service: RunningService) -> list[str]:
    return [job["words"] for job in service.get("/api/v1/jobs")["jobs"]]


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_words_are_completed_and_weighed(open_page: OpenPage, view: str) -> None:
    page, prompt = opened(open_page, view)
    prompt.fill("")
    prompt.press_sequentially("a waterm")
    expect(page.locator(".prompt-offer", has_text="watermelon").first).to_be_visible()
    shot(page, f"offers-{view.replace('/', '-')}")
    page.keyboard.press("Tab")
    expect(prompt).to_have_value("a watermelon")
    page.keyboard.press("Control+ArrowUp")
    expect(prompt).to_have_value("a (watermelon:1.1)")
    page.keyboard.press("?")
    prompt.blur()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("More weight for what is selected")


def test_offers_can_be_seen_on_a_phone(open_page: OpenPage) -> None:
    for view in ("live", "films/new/dream"):
        page, prompt = opened(open_page, view, size=PHONE)
        prompt.press_sequentially("a waterm")
        expect(page.locator(".prompt-offer").first).to_be_in_viewport()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        shot(page, f"offers-phone-{view.replace('/', '-')}")


def test_the_canvas_says_before_what_it_takes_and_what_is_wrong(open_page: OpenPage) -> None:
    page, prompt = opened(open_page, "canvas")
    prompt.fill("a red apple and a blorf")
    costs = page.locator(".prompt-costs")
    expect(costs).to_contain_text("MB")
    expect(page.locator(".prompt-tokens").first).to_have_text(re.compile(r"^\d+/\d+$"))
    expect(page.locator(".prompt-words .note")).to_contain_text("does not know “blorf”")
    shot(page, "canvas-costs")
    page.keyboard.press("Alt+e")
    expect(page.get_by_role("dialog", name="What the model reads")).to_contain_text("blo·r·f")
    page.keyboard.press("Escape")
    page.get_by_text("More settings").click()
    page.get_by_label("LoRA").fill("nowhere:1")
    expect(page.locator(".field-wrong", has=page.get_by_label("LoRA"))).to_contain_text("no such LoRA")
    expect(costs).to_contain_text("no such LoRA")
    page.get_by_label("LoRA").fill("")
    expect(page.locator(".field-wrong")).to_have_count(0)


def test_the_canvas_is_planned_as_it_is_drawn(service: RunningService, open_page: OpenPage) -> None:
    """With a mask it is inpainting, and nothing that is painted is sent before it is drawn."""
    page, prompt = opened(open_page, "canvas")
    asked: list[dict[str, Any]] = []

    def noted(request: Request) -> None:
        if request.url.endswith("/plan"):
            asked.append(request.post_data_json or {})

    def plan_of(mode: str, words: str) -> Callable[[Request], bool]:
        return lambda _: any((one["mode"], one["prompt"]) == (mode, words) for one in asked)

    page.on("request", noted)
    with page.expect_request(plan_of("img2img", "a lemon")):
        prompt.fill("a lemon")
    with page.expect_request(plan_of("inpaint", "a lemon")):
        paint(page, (0, 0), (20, 10))
    expect(page.locator(".prompt-costs")).to_contain_text("MB")
    paint(page, (10, 30), (20, 40))
    with page.expect_request(plan_of("inpaint", "two lemons")):
        prompt.fill("two lemons")
    assert len({one["mask"] for one in asked if "mask" in one}) == 1
    count = [(one["mode"], one["prompt"]) for one in asked].count(("inpaint", "a lemon"))
    assert count == 1, "another stroke changes nothing in the plan"


def test_earlier_words_come_back_on_the_canvas(service: RunningService, open_page: OpenPage) -> None:
    page, prompt = opened(open_page, "canvas")
    prompt.fill("a first thing")
    page.keyboard.press("Control+Enter")
    wait_until(lambda: "a first thing" in words_of_jobs(service))
    prompt.fill("another")
    page.keyboard.press("Alt+ArrowUp")
    expect(prompt).to_have_value("a first thing")
    page.keyboard.press("Alt+ArrowDown")
    expect(prompt).to_have_value("another")


def test_styles_are_chips_on_the_canvas(service: RunningService, open_page: OpenPage) -> None:
    (service.folder / "styles.csv").write_text('name,prompt,negative_prompt\nNeon <b>,"{prompt}, neon",dull\n')
    page, prompt = opened(open_page, "canvas")
    prompt.fill("a cat, ")
    prompt.press_sequentially("neo")
    page.locator(".prompt-offer", has_text="Neon").click()
    expect(page.locator(".prompt-style")).to_contain_text("Neon <b>")
    page.keyboard.press("Control+Enter")
    wait_until(lambda: any("neon" in words for words in words_of_jobs(service)))

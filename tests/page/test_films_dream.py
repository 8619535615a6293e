"""A dream in the browser: a strip of cards, its key pictures, its lengths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.page.films import DREAM, asked
from tests.support.browser import OpenPage
from tests.support.patience import wait_until
from tests.support.service import RunningService


def test_a_dream_is_a_strip_of_cards(paused: RunningService, open_page: OpenPage) -> None:
    page = open_page(DREAM)
    page.get_by_label("Prompt of picture 1").fill("a red apple")
    page.get_by_label("Prompt of picture 2").fill("a green pear")
    page.get_by_role("button", name="Add a picture").click()
    page.get_by_label("Prompt of picture 3").fill("a lemon")
    page.get_by_label("Seconds to the next picture").first.fill("1")
    page.get_by_role("slider", name="Hold").first.fill("0.5")
    expect(page.get_by_role("status").filter(has_text="73 frames")).to_be_visible()
    page.get_by_role("button", name="Draw film").click()
    wait_until(lambda: paused.newest_job()["mode"] == "dream")
    keys = asked(paused)["keyframes"]
    assert [(key["frame"], key["prompt"]) for key in keys] == [
        (0, "a red apple"),
        (24, "a green pear"),
        (72, "a lemon"),
    ]
    assert keys[0]["hold"] == 0.5


def test_cards_are_moved_copied_deleted_and_brought_back(open_page: OpenPage) -> None:
    page = open_page(DREAM)
    page.get_by_label("Prompt of picture 1").fill("first")
    page.get_by_label("Prompt of picture 2").fill("second")
    page.get_by_role("button", name="Move picture 1").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("Prompt of picture 2")).to_have_value("first")
    page.get_by_role("button", name="More for picture 1").click()
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(page.get_by_label("Prompt of picture 2")).to_have_value("second")
    expect(page.locator(".films-key")).to_have_count(3)
    page.get_by_role("button", name="Move picture 3").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".films-key")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Prompt of picture 3")).to_have_value("first")
    page.reload()
    expect(page.get_by_label("Prompt of picture 3")).to_have_value("first")


def test_cards_are_dragged(open_page: OpenPage) -> None:
    page = open_page(DREAM)
    page.get_by_label("Prompt of picture 1").fill("first")
    page.get_by_label("Prompt of picture 2").fill("second")
    page.get_by_role("button", name="Move picture 1").drag_to(page.locator(".films-key").nth(1))
    expect(page.get_by_label("Prompt of picture 1")).to_have_value("second")


def test_key_pictures_are_drawn_before_the_film(service: RunningService, open_page: OpenPage) -> None:
    page = open_page(DREAM)
    page.get_by_label("Prompt of picture 1").fill("an apple")
    page.get_by_label("Prompt of picture 2").fill("a pear")
    page.get_by_role("button", name="Draw the key pictures").click()
    expect(page.locator(".films-key-picture img")).to_have_count(2)
    page.get_by_label("Prompt of picture 1").fill("an orange")
    expect(page.get_by_role("button", name="Changed: draw again")).to_have_count(1)


def test_a_loop_is_longer_by_the_way_back(open_page: OpenPage) -> None:
    page = open_page(DREAM)
    expect(page.get_by_role("status").filter(has_text="49 frames")).to_be_visible()
    page.get_by_role("switch", name="Loop").check()
    expect(page.get_by_role("status").filter(has_text="96 frames")).to_be_visible()


def test_lengths_are_dragged_and_moved_by_keys(open_page: OpenPage) -> None:
    page = open_page(DREAM)
    end, told = page.locator(".films-bridge-end").first, page.locator(".films-bridge-time input").first
    box = end.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 72, box["y"] + 20, steps=6)
    page.mouse.up()
    expect(told).to_have_value("5")
    after = end.bounding_box()
    assert after is not None
    assert after["x"] == pytest.approx(box["x"] + 72, abs=2), "the handle stays below the pointer"
    page.keyboard.press("Control+z")
    expect(told).to_have_value("2")  # one step, however far it was dragged
    end.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(told).to_have_value("3.25")
    expect(end).to_have_attribute("aria-valuenow", "3.25")

"""Pictures that come onto the canvas and leave it: dropped, accepted, compared, put away."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from sdplay.images.read import png
from tests.page.canvas import (
    draw,
    picture,
    seen,
    stage,
)
from tests.support.browser import OpenPage

# Whatever the browser has kept comes a second late.
SLOW_DISK = """const kept = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, "oncomplete");
Object.defineProperty(IDBTransaction.prototype, "oncomplete",
  { set(handler) { kept.set.call(this, () => setTimeout(handler, 1000)); } });"""


def test_what_is_accepted_is_the_new_base_and_can_be_undone(canvas: Page) -> None:
    before = seen(canvas)
    draw(canvas)
    line = canvas.get_by_role("slider", name="Compare before and after")
    canvas.get_by_role("button", name="Result 1").click()  # looked at no more
    expect(line).to_be_hidden()
    canvas.get_by_role("button", name="Result 2").click()
    expect(line).to_be_visible()
    canvas.get_by_role("button", name="Use this").click()
    expect(canvas.get_by_role("button", name="Use this")).to_be_hidden()
    accepted = seen(canvas)
    assert accepted != before
    canvas.keyboard.press("Control+z")
    assert seen(canvas) == before
    canvas.keyboard.press("Control+Shift+z")
    assert seen(canvas) == accepted
    canvas.get_by_role("button", name="Versions").click()
    canvas.get_by_role("button", name="Version 1").click()
    assert seen(canvas) == before


def test_what_is_left_leaves_the_picture_as_it_was(canvas: Page) -> None:
    before = seen(canvas)
    draw(canvas)
    stage(canvas).click(position={"x": 5, "y": 5})
    canvas.keyboard.press("Escape")
    expect(canvas.get_by_role("button", name="Use this")).to_be_hidden()
    assert seen(canvas) == before


def test_the_line_compares_before_and_after(canvas: Page) -> None:
    draw(canvas)
    line = canvas.get_by_role("slider", name="Compare before and after")
    line.focus()
    line.press("End")
    expect(line).to_have_attribute("aria-valuenow", "100")
    left = seen(canvas)
    line.press("Home")
    assert seen(canvas) != left


def drop(page: Page, pixels: NDArray[np.uint8]) -> None:
    transfer = page.evaluate_handle(
        """bytes => { const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(bytes)], "a.png", { type: "image/png" })); return data; }""",
        list(png(pixels)),
    )
    page.dispatch_event(".canvas", "drop", {"dataTransfer": transfer})
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()


def test_a_picture_is_dropped_on_one_that_is_there_and_can_be_undone(canvas: Page) -> None:
    before = seen(canvas)
    drop(canvas, 255 - picture())
    assert seen(canvas) != before
    canvas.keyboard.press("Control+z")
    assert seen(canvas) == before


def test_a_picture_is_dropped_before_the_kept_one_is_read(canvas: Page) -> None:
    before = seen(canvas)
    canvas.wait_for_timeout(300)  # it is kept a moment after a step
    canvas.add_init_script(SLOW_DISK)
    canvas.reload()
    drop(canvas, 255 - picture())
    assert seen(canvas) != before
    canvas.keyboard.press("Control+z")
    assert seen(canvas) == before


def test_what_cannot_be_read_is_said(open_page: OpenPage) -> None:
    page = open_page("#/canvas")
    file = {"name": "no.png", "mimeType": "image/png", "buffer": b"no picture"}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    expect(page.get_by_text("This is not a picture that can be read.")).to_be_visible()


def test_closing_asks_first(canvas: Page) -> None:
    canvas.get_by_role("button", name="More", exact=True).click()
    item = canvas.get_by_role("menuitem", name="Close the picture")
    expect(item).to_be_in_viewport(ratio=1)
    item.click()
    canvas.get_by_role("button", name="Close it").click()
    expect(canvas.get_by_text("Change a picture")).to_be_visible()
    canvas.reload()
    expect(canvas.get_by_text("Change a picture")).to_be_visible()

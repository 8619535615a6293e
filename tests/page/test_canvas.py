"""The canvas, in a browser: what is painted, what is drawn of it, and that nothing of it gets lost."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from sdplay.images.mask import shaped
from tests.page.canvas import (
    SIDE,
    draw,
    file_at,
    last_request,
    middle,
    paint,
    pick,
    picture,
    pixels_of,
    pressed,
    prompt_field,
    seen,
    stage,
)
from tests.support.browser import PHONE, OpenPage, shot
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def drawing_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One that draws with the built-in model."""
    with running_service(tmp_path_factory.mktemp("drawing"), fake=False) as service:
        yield service


def test_only_what_is_masked_changes(drawing_service: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/canvas", service=drawing_service)
    pick(page)
    paint(page, (-60, -40), (0, 20), (60, -40))
    page.get_by_text("More settings").click()
    page.get_by_role("spinbutton", name="Steps").fill("3")
    draw(page)
    shot(page, "canvas-result")
    job = drawing_service.get(f"/api/v1/jobs/{drawing_service.newest_job()['id']}")
    request = job["request"]
    mask = pixels_of(file_at(drawing_service, f"/api/v1/uploads/{request['mask']}/file"))[..., 0]
    paste = shaped(mask, grow=request["mask_grow"], blur=request["mask_blur"])
    drawn = pixels_of(file_at(drawing_service, job["pictures"][0]["file"]))
    assert np.array_equal(drawn[paste == 0], picture()[paste == 0])
    assert (drawn[mask == 255] != picture()[mask == 255]).any(axis=-1).mean() > 0.9
    assert 0.01 < (mask > 0).mean() < 0.6


def test_a_hundred_strokes_are_undone_and_done_again(canvas: Page) -> None:
    empty = seen(canvas)
    x, y = middle(canvas)
    for count in range(100):
        canvas.mouse.click(x - 100 + 2 * count, y + (count % 7) * 20 - 60)
    full = seen(canvas)
    for _ in range(100):
        canvas.keyboard.press("Control+z")
    expect(canvas.get_by_role("button", name="Undo")).to_be_disabled()
    assert seen(canvas) == empty
    for _ in range(100):
        canvas.keyboard.press("Control+Shift+z")
    expect(canvas.get_by_role("button", name="Redo")).to_be_disabled()
    assert seen(canvas) == full != empty


def test_a_reload_loses_nothing(canvas: Page) -> None:
    paint(canvas, (-80, 0), (80, 0))
    canvas.keyboard.press("x")
    paint(canvas, (0, -80), (0, 80))
    prompt_field(canvas).fill("a boat")
    before = seen(canvas)
    canvas.reload()
    stage(canvas).wait_for()
    expect(canvas.get_by_role("button", name="Undo")).to_be_enabled()
    assert seen(canvas) == before
    expect(prompt_field(canvas)).to_have_value("a boat")
    canvas.keyboard.press("Control+z")
    canvas.keyboard.press("Control+z")
    expect(canvas.get_by_text("Paint over a part to change only that")).to_be_visible()
    expect(canvas.get_by_role("button", name="Redo")).to_be_enabled()


def test_a_reload_in_the_middle_of_drawing_goes_on(canvas: Page) -> None:
    draw(canvas)
    canvas.reload()
    canvas.get_by_role("button", name="Use this").wait_for()
    expect(canvas.get_by_role("button", name="Result 1")).to_have_attribute("aria-pressed", "true")


def test_every_tool_has_its_key(canvas: Page) -> None:
    for key, name in {"e": "Eraser", "l": "Lasso", "r": "Rectangle", "f": "Fill", "h": "Move", "b": "Brush"}.items():
        canvas.keyboard.press(key)
        pressed(canvas, name)
    size, softness = canvas.locator(".amount-value").nth(0), canvas.locator(".amount-value").nth(1)
    before = size.text_content(), softness.text_content()
    canvas.keyboard.press("]")
    canvas.keyboard.press("}")
    expect(size).not_to_have_text(before[0] or "")
    expect(softness).not_to_have_text(before[1] or "")
    canvas.keyboard.press("[")
    canvas.keyboard.press("{")
    expect(size).to_have_text(before[0] or "")
    expect(softness).to_have_text(before[1] or "")


def test_mask_and_paint_have_sizes_of_their_own(canvas: Page) -> None:
    size = canvas.locator(".amount-value").nth(0)
    mask_size = size.text_content() or ""
    canvas.keyboard.press("x")
    canvas.keyboard.press("]")
    paint_size = size.text_content() or ""
    canvas.keyboard.press("x")
    expect(size).to_have_text(mask_size)
    canvas.keyboard.press("x")
    expect(size).to_have_text(paint_size)


def test_keys_do_nothing_while_somebody_types(canvas: Page) -> None:
    prompt_field(canvas).click()
    canvas.keyboard.type("else [f]")
    expect(prompt_field(canvas)).to_have_value("else [f]")
    pressed(canvas, "Brush")


def test_the_mask_is_inverted_and_cleared_by_key(canvas: Page, service: RunningService) -> None:
    canvas.keyboard.press("Shift+V")
    draw(canvas)
    mask = pixels_of(file_at(service, f"/api/v1/uploads/{last_request(service)['mask']}/file"))
    assert (mask == 255).all()
    canvas.get_by_role("button", name="Leave it").click()
    canvas.keyboard.press("Shift+X")
    expect(canvas.get_by_text("Paint over a part to change only that")).to_be_visible()


def test_a_lasso_and_a_rectangle_fill_their_inside(canvas: Page, service: RunningService) -> None:
    canvas.keyboard.press("r")
    paint(canvas, (-100, -100), (100, 100))
    canvas.keyboard.press("l")
    paint(canvas, (-200, 150), (200, 150), (0, 220))
    draw(canvas)
    mask = pixels_of(file_at(service, f"/api/v1/uploads/{last_request(service)['mask']}/file"))[..., 0]
    assert mask[SIDE // 2, SIDE // 2] == 255
    assert mask[round(SIDE * 0.8), SIDE // 2] == 255
    assert mask[2, 2] == 0


def test_an_edge_that_is_dragged_extends_the_picture(canvas: Page, service: RunningService) -> None:
    edge = canvas.get_by_role("slider", name="Extend to the right")
    box = edge.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    canvas.mouse.move(x, y)
    canvas.mouse.down()
    canvas.mouse.move(x + 120, y, steps=5)
    canvas.mouse.up()
    pixels = int(edge.get_attribute("aria-valuenow") or 0)
    assert pixels > 0
    assert pixels % 8 == 0
    top = canvas.get_by_role("slider", name="Extend at the top")
    top.press("ArrowUp")
    draw(canvas)
    assert last_request(service)["extend"] == f"top=8,right={pixels}"
    canvas.get_by_role("button", name="Use this").click()
    expect(edge).to_have_attribute("aria-valuenow", "0")
    canvas.keyboard.press("Control+z")
    expect(edge).to_have_attribute("aria-valuenow", str(pixels))


def test_the_wheel_zooms_and_the_space_bar_moves(canvas: Page) -> None:
    scale = canvas.get_by_role("button", name="Fit")
    fitted = scale.text_content() or ""
    x, y = middle(canvas)
    canvas.mouse.move(x, y)
    canvas.mouse.wheel(0, -300)
    expect(scale).not_to_have_text(fitted)
    zoomed = seen(canvas)
    canvas.mouse.move(x, y)
    canvas.keyboard.down("Space")
    paint(canvas, (0, 0), (60, 40))
    canvas.keyboard.up("Space")
    assert seen(canvas) != zoomed
    expect(canvas.get_by_role("button", name="Undo")).to_be_disabled()  # nothing was painted
    canvas.keyboard.press("0")
    expect(scale).to_have_text(fitted)


def test_two_fingers_zoom_and_paint_nothing(open_page: OpenPage) -> None:
    page = open_page("#/canvas", size=PHONE)
    pick(page)
    scale = page.get_by_role("button", name="Fit")
    fitted = scale.text_content() or ""
    x, y = middle(page)
    touch = page.context.new_cdp_session(page)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": right, "y": down, "id": number} for number, (right, down) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x - 20, y))
    fingers("touchStart", (x - 20, y), (x + 20, y))
    fingers("touchMove", (x - 60, y), (x + 60, y))
    fingers("touchEnd")
    expect(scale).not_to_have_text(fitted)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    fingers("touchStart", (x, y))
    fingers("touchMove", (x + 30, y))
    fingers("touchEnd")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    shot(page, "canvas-phone")


def test_a_colour_is_taken_from_the_picture(canvas: Page) -> None:
    canvas.keyboard.press("x")
    colour = canvas.get_by_label("Colour", exact=True)
    before = colour.input_value()
    x, y = middle(canvas)
    canvas.keyboard.down("Alt")
    canvas.mouse.click(x, y)
    canvas.keyboard.up("Alt")
    expect(colour).not_to_have_value(before)
    expect(canvas.get_by_role("button", name="Undo")).to_be_disabled()


def test_a_refusal_is_said_at_its_field(canvas: Page) -> None:
    prompt_field(canvas).fill("(a")
    canvas.get_by_text("More settings").click()
    canvas.get_by_label("LoRA", exact=True).fill("nowhere")
    canvas.keyboard.press("Control+Enter")
    expect(canvas.locator(".field-wrong")).to_have_count(1)


def test_live_follows_what_is_painted(canvas: Page, service: RunningService) -> None:
    before = len(service.get("/api/v1/jobs?limit=500")["jobs"])
    canvas.get_by_role("button", name="Live", exact=True).click()
    inset = canvas.get_by_role("complementary", name="Live")
    prompt_field(canvas).fill("a hat")
    expect(inset.get_by_text("pictures a second")).to_be_visible()
    shown = "document.querySelector('.inset-picture').toDataURL()"
    whole = canvas.evaluate(shown)
    paint(canvas, (0, 0), (40, 40))
    canvas.wait_for_function(f"was => {shown} !== was", arg=whole)
    shot(canvas, "canvas-live")
    assert len(service.get("/api/v1/jobs?limit=500")["jobs"]) == before
    inset.get_by_role("button", name="Draw this").click()
    canvas.get_by_role("button", name="Use this").wait_for()
    assert last_request(service)["mode"] == "inpaint"

"""An animation in the browser: curves, words and a sound on a timeline, drawn in parts, its files."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.film.video.test_sound import clicks, write_sound
from tests.page.films import ANIMATE, asked, notation, points, with_words
from tests.support.browser import OpenPage
from tests.support.patience import wait_until
from tests.support.service import RunningService
from tests.support.settings import DEFORUM


def test_points_are_dragged_and_moved_by_keys(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    notation(page).fill("0:(1), 40:(1.02), 90:(1)")
    point = points(page, "Zoom").nth(1)
    box = point.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] - 20, steps=4)
    page.mouse.up()
    found = re.search(r"(\d+):\(([\d.]+)\), 90", notation(page).input_value())
    assert found is not None
    frame, value = int(found[1]), float(found[2])
    assert frame > 42
    assert value > 1.02
    page.keyboard.press("Control+z")
    expect(notation(page)).to_have_value("0:(1), 40:(1.02), 90:(1)")
    point.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    expect(notation(page)).to_have_value("0:(1), 41:(1.07), 90:(1)")
    page.keyboard.press("Delete")
    expect(notation(page)).to_have_value("0:(1), 90:(1)")


def test_points_are_added_and_have_a_way_on(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    line = page.locator(".films-lane-open .films-curve-line")
    line.dblclick(position={"x": 300, "y": 40})
    expect(points(page, "Zoom")).to_have_count(2)
    points(page, "Zoom").first.focus()
    page.get_by_label("Then").select_option(label="Ease in and out")
    expect(notation(page)).to_have_value(re.compile(r"^0:\(1\.02\) ease, \d+:"))
    page.get_by_label("Value").fill("1.1")
    expect(notation(page)).to_have_value(re.compile(r"^0:\(1\.1\) ease"))


def test_an_expression_is_shown_as_a_curve_and_a_wrong_one_at_its_lane(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    path = page.locator(".films-lane-open .films-curve-path")
    notation(page).fill("0:(1+0.1*sin(t/5))")
    expect(path).to_have_attribute("d", re.compile(r"(L[\d.]+ [\d.]+){50,}"))
    notation(page).fill("0:(1+nonsense)")
    expect(page.get_by_role("alert").filter(has_text="nonsense")).to_be_visible()
    expect(page.locator(".films-lane-wrong")).to_have_count(1)


def test_the_camera_moves_at_once(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    canvas = page.locator(".films-monitor canvas")
    expect(canvas).to_have_attribute("data-shown", "0")
    before = canvas.screenshot()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    expect(canvas).to_have_attribute("data-shown", "12")
    wait_until(lambda: canvas.screenshot() != before)
    notation(page).fill("0:(-2)")
    expect(page.locator(".films-screen-wrong")).to_contain_text("Zoom: at frame 0")
    notation(page).fill("0:(1)")
    expect(page.locator(".films-screen-wrong")).to_have_count(0)
    wait_until(lambda: canvas.screenshot() == before)  # nothing moves any more


def test_prompts_are_blocks(paused: RunningService, open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    with_words(page, "a castle")
    page.locator(".films-words-line").dblclick(position={"x": 500, "y": 20})
    expect(page.locator(".films-block")).to_have_count(2)
    with_words(page, "a ruin")
    page.get_by_role("spinbutton", name="From frame").fill("60")
    page.get_by_label("Negative prompt").first.fill("people")
    page.get_by_role("button", name="Draw film").click()
    wait_until(lambda: paused.newest_job()["mode"] == "animate")
    assert json.loads(asked(paused)["animation_prompts"]) == {"0": "a castle", "60": "a ruin --neg people"}
    page.get_by_role("button", name="Prompt from frame 60").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".films-block")).to_have_count(1)


def test_only_a_part_a_draft_and_all_of_it(paused: RunningService, open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    with_words(page)
    expect(page.get_by_role("status").filter(has_text="32 drawn")).to_be_visible()
    page.get_by_role("button", name="Draft").click()
    wait_until(lambda: asked(paused).get("diffusion_cadence") == 6)
    page.locator(".films-ruler-line").click(position={"x": 200, "y": 20})
    page.keyboard.press("i")
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("o")
    part = page.locator(".films-part")
    expect(part).to_be_visible()
    first, last = map(int, re.findall(r"\d+", part.inner_text()))
    assert last - first == 30
    page.keyboard.press("Control+Enter")
    wait_until(lambda: asked(paused).get("frames") == f"{first}-{last}")
    page.get_by_role("button", name="Draw the whole film").click()
    expect(part).to_have_count(0)


def test_lanes_come_and_go_and_a_cut_is_one_key(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    page.get_by_role("button", name="Add a lane").click()
    page.get_by_role("menuitem", name="Contrast").click()
    expect(notation(page)).to_have_value("0:(1.05)")
    page.get_by_role("button", name="Remove the lane Contrast").click()
    expect(page.get_by_role("button", name="Contrast")).to_have_count(0)
    page.locator(".films-ruler-line").click(position={"x": 400, "y": 20})
    page.keyboard.press("x")
    page.get_by_role("button", name="Strength").first.click()
    expect(notation(page)).to_have_value(re.compile(r"\(1\) step"))
    expect(page.locator(".films-cut")).to_have_count(1)


def test_a_sound_is_a_lane_and_points_hold_on_to_its_beats(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(ANIMATE)
    page.get_by_role("tab", name="Film settings").click()
    page.get_by_text("Sound", exact=True).first.click()
    page.locator("input[type=file][accept^=audio]").set_input_files(
        write_sound(tmp_path / "beat.wav", clicks(0.5, 6.0))
    )
    expect(page.locator(".films-wave")).to_be_attached()
    expect(page.locator(".films-beat").first).to_be_attached()
    page.get_by_role("tab", name="Prompt and curves").click()
    beats = page.locator(".films-beat").evaluate_all("all => all.map(line => Number(line.getAttribute('x1')))")
    line = page.locator(".films-lane-open .films-curve-line")
    line.dblclick(position={"x": beats[2] + 4, "y": 40})
    expect(points(page, "Zoom")).to_have_count(2)
    frame = int(re.findall(r"(\d+):\(", notation(page).input_value())[1])
    assert abs(frame - 24) <= 1  # half a second is 12 frames
    page.get_by_role("button", name="Follow the bass").click()
    expect(page.locator(".films-lane-open .films-curve-path")).to_have_attribute(
        "d", re.compile(r"(L[\d.]+ [\d.]+){50,}")
    )


def test_settings_of_deforum_are_opened_and_saved(open_page: OpenPage, tmp_path: Path) -> None:
    (tmp_path / "settings.txt").write_text(json.dumps(DEFORUM))
    page = open_page(ANIMATE)
    page.get_by_role("button", name="Files").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Open settings").click()
    chooser.value.set_files(tmp_path / "settings.txt")
    expect(page.get_by_text("Opened settings.txt")).to_be_visible()
    page.get_by_role("button", name="Files").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Save for Deforum").click()
    written = json.loads(Path(download.value.path()).read_text())
    assert written["max_frames"] == DEFORUM["max_frames"]


def test_an_animation_survives_a_reload_and_undo_goes_back(open_page: OpenPage) -> None:
    page = open_page(ANIMATE)
    with_words(page, "a castle")
    page.get_by_role("radio", name="A camera that moves").check(force=True)
    page.get_by_role("button", name="Add a lane").click()
    page.get_by_role("menuitem", name="Pan").click()
    page.reload()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a castle")
    expect(page.get_by_role("button", name=re.compile("^Pan")).first).to_be_visible()


def test_a_picture_that_was_sent_here_is_where_the_film_begins(service: RunningService, open_page: OpenPage) -> None:
    picture = service.wait(service.submit(prompt="a cat", steps=2)["id"])["pictures"][0]
    page = open_page("?raw#/films")
    page.evaluate("async p => (await import('/page/js/core/handoff.js')).sendTo('films', {picture: p})", picture)
    page.get_by_role("tab", name="Film settings").click()
    expect(page.get_by_role("button", name="Remove: First picture")).to_be_visible()

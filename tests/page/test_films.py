"""Films in the browser: listed, thought up as a strip or on a timeline, drawn in parts, played while they grow."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.film.video.test_sound import clicks, write_sound
from tests.support.browser import PHONE, OpenPage
from tests.support.patience import PATIENCE, wait_until
from tests.support.service import RunningService
from tests.support.settings import DEFORUM

SMALL: dict[str, Any] = {"width": 64, "height": 64, "steps": 2, "seed": 5}
ANIMATE, DREAM = "#/films/new/animate", "#/films/new/dream"
HTML = "<img src=x onerror=alert(1)>"
expect.set_options(timeout=PATIENCE * 1000 / 4)


@pytest.fixture
def paused(service: RunningService) -> Iterator[RunningService]:
    """The service while it begins no job."""
    service.client.post("/api/v1/queue/pause")
    yield service
    for job in service.get("/api/v1/queue?limit=500")["jobs"]:
        service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    service.client.post("/api/v1/queue/resume")


def made(service: RunningService, mode: str = "animate", **fields: Any) -> dict[str, Any]:
    words = {"animation_prompts": {"0": "a hill", "6": "a lake"}, "max_frames": 12} if mode == "animate" else {}
    job = service.wait(service.submit(mode, **{**SMALL, **words, **fields})["id"])
    assert job["state"] == "completed", job["error"]
    return job


def drawn(service: RunningService, film: str) -> list[tuple[Any, ...]]:
    """The segments of a film: what they show, and how long they took to draw."""
    lines = (service.folder / "films" / film / "journal.jsonl").read_text().splitlines()
    told = [json.loads(line.partition(" ")[2]) for line in lines]
    return [(one["unit"], one["sha"], one["seconds"]) for one in told]


def asked(service: RunningService) -> dict[str, Any]:
    """The request of the newest job."""
    return service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]


def with_words(page: Page, words: str = "a castle") -> None:
    page.get_by_label("Prompt", exact=True).fill(words)


def notation(page: Page) -> Locator:
    return page.get_by_label("Notation")


def points(page: Page, lane: str) -> Locator:
    return page.get_by_role("button", name=re.compile(f"^{lane} at frame"))


# The list, and a film


def test_films_are_listed_and_open(service: RunningService, open_page: OpenPage) -> None:
    made(service, animation_prompts=HTML)
    page = open_page("#/films")
    expect(page.get_by_text(HTML)).to_be_visible()
    page.get_by_role("link", name=HTML).click()
    expect(page.get_by_role("heading", name=HTML)).to_be_visible()
    expect(page.locator(".films-screen canvas")).to_have_attribute("data-shown", "0")


def test_a_film_is_looked_at_frame_by_frame(service: RunningService, open_page: OpenPage) -> None:
    job = made(service)
    page = open_page(f"#/films/{job['id']}")
    canvas = page.locator(".films-screen canvas")
    expect(canvas).to_have_attribute("data-shown", "0")
    page.get_by_role("button", name="One frame on").click()
    expect(canvas).to_have_attribute("data-shown", "1")
    page.keyboard.press("Shift+ArrowRight")
    expect(canvas).to_have_attribute("data-shown", "11")
    page.get_by_role("slider", name="Frame").fill("4")
    expect(canvas).to_have_attribute("data-shown", "4")
    page.get_by_role("button", name="Play").click()
    expect(canvas).not_to_have_attribute("data-shown", "4")
    page.get_by_role("button", name="Pause").click()


def test_a_film_plays_while_it_grows(paused: RunningService, open_page: OpenPage) -> None:
    job = paused.submit("dream", prompts=["a", "b"], num=24, **SMALL)
    page = open_page(f"#/films/{job['id']}")
    expect(page.get_by_text("It waits in the queue.")).to_be_visible()
    paused.client.post("/api/v1/queue/resume")
    expect(page.locator(".films-screen canvas")).to_have_attribute("data-shown", "0")
    expect(page.get_by_text("On the disk").locator("xpath=..")).to_contain_text("24 frames")
    expect(page.get_by_role("link", name="Download")).to_be_visible()


def test_a_part_is_gone_on_with(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, frames="4-7")
    page = open_page(f"#/films/{job['id']}")
    page.get_by_role("button", name="Draw the rest").click()
    expect(page.get_by_text("On the disk").locator("xpath=..")).to_contain_text("12 frames")
    assert service.newest_job()["id"] in page.url


def test_a_film_is_edited_and_drawn_again_from_what_stays(service: RunningService, open_page: OpenPage) -> None:
    made(service)
    page = open_page(f"#/films/{service.newest_job()['id']}")
    page.get_by_role("button", name="Edit").click()
    expect(page.locator(".films-block")).to_have_count(2)
    page.get_by_role("button", name="Prompt from frame 6: a lake").click()
    with_words(page, "a pond")
    first = service.newest_job()["id"]
    page.get_by_role("button", name="Draw film").click()
    wait_until(lambda: service.newest_job()["id"] != first)
    service.wait(service.newest_job()["id"])
    old, new = (drawn(service, name) for name in (first, service.newest_job()["id"]))
    assert old[:2] == new[:2]
    assert old[2] != new[2]


def test_a_film_is_taken_from_the_list(service: RunningService, open_page: OpenPage) -> None:
    job = made(service)
    page = open_page(f"#/films/{job['id']}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Remove from the list").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("link", name="New dream")).to_be_visible()
    assert service.client.get(f"/api/v1/films/{job['id']}").status_code == 404


# The strip of a dream


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


# The timeline of an animation


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
    expect(page.locator(".films-screen-wrong")).to_contain_text("zoom")
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


def test_a_film_is_heard_with_its_frames_until_it_is_muted(
    service: RunningService, open_page: OpenPage, tmp_path: Path
) -> None:
    sound = write_sound(tmp_path / "beat.wav", clicks(0.5, 6.0))
    sent = service.client.post("/api/v1/uploads", files={"file": ("beat.wav", sound.read_bytes(), "audio/wav")}).json()
    film = made(service, audio=sent["id"], audio_start=1.5)
    page = open_page(f"#/films/{film['id']}")
    heard = page.locator(".films-player audio")
    page.wait_for_function("() => document.querySelector('.films-player audio')?.duration > 5")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => !document.querySelector('.films-player audio').paused")
    page.wait_for_function("""() => {
        const at = document.querySelector('.films-player audio').currentTime;
        return at >= 1.5 && at < 3;
    }""")
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.films-player audio').paused")
    page.reload()
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()  # as it was left
    page.get_by_role("button", name="Sound on").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => !document.querySelector('.films-player audio').paused")
    page.get_by_role("button", name="Pause", exact=True).click()
    assert heard.evaluate("sound => sound.paused")
    silent = made(service)
    page.goto(f"/#/films/{silent['id']}")
    page.locator(".films-player canvas[data-shown]").wait_for()
    expect(page.locator(".films-mute")).to_have_count(0)


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


@pytest.mark.parametrize("where", ["#/films", DREAM, ANIMATE])
def test_nothing_is_wider_than_a_phone(open_page: OpenPage, where: str) -> None:
    page = open_page(where, size=PHONE)
    page.wait_for_load_state("networkidle")
    assert page.locator("#view").evaluate("e => e.scrollWidth <= e.clientWidth")

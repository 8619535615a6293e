"""Films in the browser: listed, played while they grow, looked at frame by frame, heard, drawn again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.film.video.test_sound import clicks, write_sound
from tests.page.films import ANIMATE, DREAM, HTML, SMALL, drawn, made, with_words
from tests.support.browser import PHONE, OpenPage
from tests.support.patience import wait_until
from tests.support.service import RunningService


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


def test_what_changes_while_an_answer_is_on_its_way_is_shown(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, frames="4-7")
    page = open_page(f"#/films/{job['id']}")

    def late(route: Route) -> None:
        answer = route.fetch()
        time.sleep(0.7)  # the film is drawn in less
        route.fulfill(response=answer)

    page.route("**/frames", late)
    page.get_by_role("button", name="Draw the rest").click()
    expect(page.get_by_text("On the disk").locator("xpath=..")).to_contain_text("12 frames")


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


def test_a_film_is_heard_with_its_frames_until_it_is_muted(
    service: RunningService, open_page: OpenPage, tmp_path: Path
) -> None:
    sound = write_sound(tmp_path / "beat.wav", clicks(0.5, 6.0))
    sent = service.client.post("/api/v1/uploads", files={"file": ("beat.wav", sound.read_bytes(), "audio/wav")}).json()
    film = made(service, audio=sent["id"], audio_start=1.5)
    page = open_page(f"#/films/{film['id']}")
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
    page.wait_for_function("() => document.querySelector('.films-player audio').paused")
    silent = made(service)
    page.goto(f"/#/films/{silent['id']}")
    page.locator(".films-player canvas[data-shown]").wait_for()
    expect(page.locator(".films-mute")).to_have_count(0)


@pytest.mark.parametrize("where", ["#/films", DREAM, ANIMATE])
def test_nothing_is_wider_than_a_phone(open_page: OpenPage, where: str) -> None:
    page = open_page(where, size=PHONE)
    page.wait_for_load_state("networkidle")
    assert page.locator("#view").evaluate("e => e.scrollWidth <= e.clientWidth")

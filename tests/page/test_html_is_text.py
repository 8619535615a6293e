"""A prompt and the name of a file that are full of HTML are text in every view that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.page.test_gallery import A1111, drop, png
from tests.support.browser import OpenPage
from tests.support.service import RunningService, running_service

HTML = "<img src=x onerror=\"document.title='broken'\"><b>bold</b> &amp;"
NAME = "<b onclick=1>&amp;'.png"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service whose picture, film, waiting job, style and files are called like that."""
    with running_service(tmp_path_factory.mktemp("hostile")) as service:
        name = HTML.replace('"', '""')
        (service.folder / "styles.csv").write_text(f'name,prompt,negative_prompt\n"{name}",x,y\n')
        (service.folder / "pictures" / NAME).write_bytes(png(A1111.replace("rusty", HTML)))
        service.wait(service.submit(prompt=HTML, negative_prompt=HTML, steps=1)["id"])
        service.wait(service.submit("dream", prompts=[HTML, HTML], num=2, steps=1)["id"])
        service.client.post("/api/v1/queue/pause")
        service.submit(prompt=HTML)
        service.client.post("/api/v1/pictures/scan")
        yield service


def is_text(page: Page) -> None:
    """Nothing of it became an element, and nothing of it was run."""
    assert page.locator("#view b:has-text('bold'), dialog b:has-text('bold'), img[src=x]").count() == 0
    assert page.title() != "broken"


def numbers(service: RunningService) -> dict[str, int]:
    pictures = service.get("/api/v1/pictures?limit=20")["pictures"]
    return {
        "film": next(one["id"] for one in pictures if one["media_type"].startswith("video")),
        "drawn": next(one["id"] for one in pictures if one["prompt"] == HTML and one["job"]),
        "found": next(one["id"] for one in pictures if not one["job"]),
    }


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("#/draw", ".draw-caption-prompt"),
        ("#/queue", ".queue-prompt"),
        ("#/films", ".films-list, a[href*='films/']"),
        ("#/gallery/{drawn}", ".gallery-words"),
        ("#/gallery/{found}", ".gallery-words"),
        ("#/gallery/compare/{drawn}/{found}", ".gallery-compare"),
        ("#/gallery", ".gallery-tile[data-id]"),
    ],
)
def test_what_was_drawn_and_found(hostile: RunningService, open_page: OpenPage, where: str, shown: str) -> None:
    page = open_page(where.format(**numbers(hostile)), service=hostile)
    page.locator(shown).first.wait_for(state="attached")
    if ".gallery-tile" in shown:
        expect(page.locator(shown).first).to_have_attribute("aria-label", re.compile(re.escape(HTML)))
    elif "compare" not in where:
        expect(page.get_by_text("<b>bold</b>").first).to_be_visible()
    is_text(page)


def test_a_film(hostile: RunningService, open_page: OpenPage) -> None:
    job = next(one["id"] for one in hostile.get("/api/v1/jobs")["jobs"] if one["mode"] == "dream")
    page = open_page(f"#/films/{job}", service=hostile)
    expect(page.get_by_role("heading", name="<b>bold</b>")).to_be_visible()
    is_text(page)
    page.get_by_role("button", name="Change it").or_(page.locator(".films-bar .button-primary")).last.click()
    expect(page.get_by_role("combobox", name="Prompt of picture 1")).to_have_value(HTML)
    is_text(page)


@pytest.mark.parametrize("where", ["#/draw", "#/canvas", "#/live", "#/films/new/animate"])
def test_what_is_typed(hostile: RunningService, open_page: OpenPage, where: str) -> None:
    page = open_page(where, service=hostile)
    if where == "#/canvas":
        file = {"name": NAME, "mimeType": "image/png", "buffer": png(None)}
        page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    prompt = page.get_by_role("combobox", name="Prompt", exact=True)
    prompt.fill(HTML)
    if where != "#/films/new/animate":
        page.locator(".prompt-words .note").wait_for()  # about the words that the model does not know
        page.keyboard.press("Alt+e")
        expect(page.get_by_role("dialog")).to_contain_text("<b>bold</b>")
    is_text(page)


def test_names_of_styles_and_files(hostile: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/draw", service=hostile)
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a")  # styles are asked for when somebody types
    page.get_by_role("button", name="Add a style").click()
    page.get_by_role("menuitem", name="<b>bold</b>").click()
    expect(page.locator(".prompt-style")).to_contain_text("<b>bold</b>")
    drop(page, NAME, png(A1111))
    expect(page.get_by_role("dialog").get_by_text(NAME)).to_be_visible()
    is_text(page)
    page.keyboard.press("Escape")
    page.goto("/#/films/new/animate")
    page.get_by_role("tab", name="Film settings").click()
    page.locator("input[type=file][accept^=image]").first.set_input_files(
        [{"name": NAME, "mimeType": "image/png", "buffer": png(None)}]  # type: ignore[list-item]
    )
    expect(page.get_by_text(NAME).last).to_be_visible()
    is_text(page)

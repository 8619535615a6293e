"""Grids in the browser: thought up as axes, filled in as they are drawn, a cell opened as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.page.test_accessible import AXE, serious_findings
from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.gated import GatedService, gated_service
from tests.support.patience import wait_until
from tests.support.service import RunningService

SMALL: dict[str, Any] = {"prompt": "a cat", "width": 64, "height": 64, "seed": 5}
HTML = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedService]:
    with gated_service(tmp_path_factory.mktemp("gated")) as gated:
        yield gated


def made(service: RunningService, *axes: str, **fields: Any) -> str:
    """The id of a grid that is drawn."""
    job = service.wait(service.submit("grid", grid=list(axes), **{**SMALL, **fields})["id"])
    assert job["state"] == "completed", job["error"]
    return job["id"]


def with_words(page: Page, words: str = "a cat, 3d render") -> None:
    page.get_by_label("Prompt", exact=True).fill(words)


def asked(service: RunningService) -> dict[str, Any]:
    """The request of the newest job."""
    return service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]


def draw(page: Page, service: RunningService) -> dict[str, Any]:
    """Press the button; the request of the job that comes of it."""
    before = [job["id"] for job in service.get("/api/v1/jobs?limit=1")["jobs"]]
    page.get_by_role("button", name="Draw", exact=False).filter(has_text="picture").click()
    page.locator(".grids-table").wait_for()
    assert service.newest_job()["id"] not in before
    return asked(service)


def test_axes_are_thought_up_and_told_before(service: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/grids")
    with_words(page)
    across = page.get_by_role("region", name="Across")
    down = page.get_by_role("region", name="Down")
    across.get_by_label("Values", exact=True).first.fill("1-3")
    expect(across.get_by_text("3 values")).to_be_visible()
    down.get_by_label("Setting").select_option(label="Sampler")
    down.get_by_role("button", name="All").click()
    samplers = len(service.get("/api/v1/samplers")["samplers"])
    expect(page.get_by_role("button", name=f"Draw {3 * samplers} pictures")).to_be_visible()
    page.get_by_role("button", name="Add a third axis").click()
    pages = page.get_by_role("region", name="Pages")
    pages.get_by_label("What is replaced").fill("cat")
    pages.get_by_label("Value 2", exact=True).fill("a dog, or [two]")
    pages.get_by_label("Value 2", exact=True).press("Enter")
    page.keyboard.type("bird")
    expect(page.get_by_role("status").filter(has_text=f"{9 * samplers} pictures")).to_be_visible()
    down.get_by_role("button", name="Remove Down").click()
    request = draw(page, service)
    assert request["grid"] == ["steps=1-3", 'prompt=cat|"a dog, or [two]"|bird']
    assert request["prompt"] == "a cat, 3d render"


def test_what_is_wrong_is_said_at_its_axis(open_page: OpenPage) -> None:
    page = open_page("#/grids")
    with_words(page)
    across = page.get_by_role("region", name="Across")
    across.get_by_label("Values", exact=True).first.fill("5, x, 2000")
    expect(across.get_by_role("alert").first).to_contain_text("x: input should be a valid integer")
    expect(across.get_by_role("alert").nth(1)).to_contain_text("2000")
    across.get_by_label("Values", exact=True).first.fill("1-600")
    page.get_by_role("region", name="Down").get_by_label("Values", exact=True).first.fill("1-9")
    expect(page.get_by_role("status").filter(has_text="draws up to 1,000 pictures")).to_be_visible()


def test_cells_fill_in_and_a_reload_goes_on(gated: GatedService, open_page: OpenPage) -> None:
    service = gated.service
    with gated.gate("slow"):
        job = service.submit("grid", grid=["prompt=cat|dog|slow", "seed=1,2"], **SMALL)
        page = open_page(f"#/grids/{job['id']}", service=service)
        expect(page.locator(".grids-cell-done")).to_have_count(2)
        waiting = page.get_by_role("button", name="Prompt words slow, Seed 2: waits")
        expect(waiting).to_be_visible()
        page.reload()
        expect(page.locator(".grids-cell-done")).to_have_count(2)
        expect(page.get_by_role("progressbar").first).to_be_visible()
    expect(page.locator(".grids-cell-done")).to_have_count(6)
    expect(page.get_by_role("link", name="Sheet")).to_be_visible()
    shown = page.get_by_role("button", name="Prompt words slow, Seed 2: drawn").locator("img")
    last = service.get(f"/api/v1/grids/{job['id']}")["pictures"][-1]
    assert f"/{last['id']}/" in (shown.get_attribute("src") or "")


def test_a_grid_is_stopped_and_gone_on_with(gated: GatedService, open_page: OpenPage) -> None:
    service = gated.service
    with gated.gate("slow"):
        job = service.submit("grid", grid=["prompt=cat|slow|dog"], **SMALL)
        page = open_page(f"#/grids/{job['id']}", service=service)
        expect(page.locator(".grids-cell-done")).to_have_count(1)
        page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("pictures are drawn.")).to_be_visible()
    expect(page.get_by_role("button", name="Prompt words dog: not drawn")).to_be_visible()
    page.get_by_role("button", name="Draw the rest").click()
    expect(page.locator(".grids-cell-done")).to_have_count(3)
    assert service.wait(job["id"])["state"] == "completed"


def test_it_is_a_table_with_headers(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "steps=1,2,3", "guidance=1,5", "seed=1,2")
    page = open_page(f"#/grids/{job}")
    table = page.get_by_role("table", name="Steps × Guidance scale × Seed: a cat")
    expect(table.get_by_role("columnheader")).to_have_count(3)
    expect(table.get_by_role("rowheader", name="Guidance scale 5")).to_be_visible()
    page.get_by_role("tab", name="2").click()
    expect(table.get_by_role("button", name="Steps 1, Guidance scale 1, Seed 2: drawn")).to_be_visible()


def test_keys_go_from_cell_to_cell_and_open_one(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "steps=1,2,3", "guidance=1,5", "seed=1,2")
    page = open_page(f"#/grids/{job}")
    page.locator(".grids-cell").first.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Steps 2, Guidance scale 5, Seed 1: drawn")).to_be_focused()
    page.keyboard.press("Enter")
    opened = page.get_by_role("region", name="Steps 2, Guidance scale 5, Seed 1")
    expect(opened.get_by_role("img")).to_have_js_property("complete", True)
    expect(opened.get_by_text("64 × 64")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("region", name="Steps 1, Guidance scale 5, Seed 1")).to_be_visible()
    page.keyboard.press("]")
    expect(page.get_by_role("region", name="Steps 1, Guidance scale 5, Seed 2")).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Steps 1, Guidance scale 5, Seed 2")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Steps 1, Guidance scale 5, Seed 2: drawn")).to_be_visible()
    assert page.url.endswith(f"#/grids/{job}")


def test_a_cell_gives_its_settings_to_draw_and_opens_in_the_gallery(
    service: RunningService, open_page: OpenPage
) -> None:
    job = made(service, "steps=3,4", "guidance=1,5")
    picture = service.get(f"/api/v1/grids/{job}")["pictures"][3]
    page = open_page(f"#/grids/{job}/3")
    page.get_by_role("link", name="Open in the gallery").click()
    page.wait_for_url(f"**/#/gallery/{picture['id']}")
    page.go_back()
    page.get_by_role("button", name="Use").click()
    expect(page.get_by_label("Steps", exact=True).last).to_have_value("4")
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a cat")


def test_settings_of_draw_become_a_grid(service: RunningService, open_page: OpenPage) -> None:
    page = open_page("#/draw")
    with_words(page, "a blue pear")
    page.get_by_role("button", name="Grid from these settings").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a blue pear")
    expect(page.get_by_role("button", name="Draw 9 pictures")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a blue pear")


def test_grids_before_are_listed_and_drawn_again_with_changes(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "steps=1,2", "prompt=cat|dog", negative="rain")
    page = open_page("#/grids")
    page.get_by_role("link", name="Steps × Prompt words").first.click()
    page.wait_for_url(f"**/#/grids/{job}")
    page.get_by_role("button", name="Change and draw again").click()
    expect(page.get_by_label("Negative prompt")).to_have_value("rain")
    page.get_by_role("region", name="Down").get_by_label("Value 2", exact=True).fill("bird")
    request = draw(page, service)
    assert (request["grid"], request["seed"]) == (["steps=1,2", "prompt=cat|bird"], 5)


def test_a_cell_of_several_pictures_shows_each(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "num=1,3")
    page = open_page(f"#/grids/{job}/1")
    expect(page.locator('[data-cell="1"] img')).to_have_count(3)
    opened = page.get_by_role("region", name="Pictures a cell 3")
    opened.get_by_role("radio", name="3").check()
    third = service.get(f"/api/v1/grids/{job}")["pictures"][2]
    expect(opened.get_by_role("img")).to_have_attribute("src", third["file"])


def test_html_in_values_is_text(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, f'prompt=cat|"{HTML}"', prompt=f"a cat {HTML}")
    page = open_page(f"#/grids/{job}")
    expect(page.get_by_role("columnheader", name=HTML)).to_be_visible()
    expect(page.get_by_role("heading", name=HTML)).to_be_visible()
    page.locator(".grids-cell").nth(1).click()
    expect(page.locator(".grids-at").get_by_text(HTML)).to_be_visible()
    page.goto("/#/grids")
    expect(page.get_by_text(HTML).first).to_be_visible()
    assert page.locator("img[src=x]").count() == 0


def test_sheet_is_downloaded(service: RunningService, open_page: OpenPage, tmp_path: Path) -> None:
    job = made(service, "steps=1,2")
    page = open_page(f"#/grids/{job}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Sheet").click()
    assert download.value.suggested_filename == f"{job}-grid.png"


def test_the_queue_leads_to_the_grid(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "steps=1,2", "prompt=cat|frog")
    page = open_page("#/queue")
    row = page.locator(".queue-job").first
    expect(row.get_by_text("Grid · Done · 4 of 4")).to_be_visible()
    row.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Use its settings").click()
    expect(page.get_by_role("region", name="Down").get_by_label("Value 2", exact=True)).to_have_value("frog")
    page.goto("/#/queue")
    page.locator(".queue-job").first.get_by_role("link", name="a cat").click()
    page.wait_for_url(f"**/#/grids/{job}")


def test_settings_of_a_sheet_are_those_of_its_grid(service: RunningService, open_page: OpenPage) -> None:
    job = made(service, "prompt=cat|owl")
    sheet = service.get(f"/api/v1/grids/{job}")["sheet"]
    page = open_page(f"#/gallery/{sheet['id']}")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("menuitem", name="Use these settings").click()
    expect(page.get_by_role("region", name="Across").get_by_label("Value 2", exact=True)).to_have_value("owl")


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: `npm ci`")
@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_nothing_serious_is_found(
    service: RunningService, open_page: OpenPage, size: tuple[int, int], theme: str
) -> None:
    job = made(service, "steps=1,2", "guidance=1,5", "seed=1,2")
    page = open_page("#/grids", size=size, theme=theme, bypass_csp=True)
    with_words(page)
    page.get_by_role("button", name="Add a third axis").click()
    page.get_by_role("region", name="Across").get_by_label("Setting").select_option(label="LoRA")
    page.get_by_role("region", name="Down").get_by_label("Setting").select_option(label="Size")
    page.locator(".grids-card").first.wait_for()
    assert serious_findings(page) == "[]"
    page.goto(f"/#/grids/{job}")
    page.locator(".grids-cell-done").first.wait_for()
    assert serious_findings(page) == "[]"
    page.locator(".grids-cell").first.click()
    page.locator(".grids-opened .gallery-said").wait_for()
    assert serious_findings(page) == "[]"


def test_a_phone_has_all_of_it(service: RunningService, open_page: OpenPage) -> None:
    made(service, "steps=1,2", "guidance=1,5")
    page = open_page("#/grids", size=PHONE)
    with_words(page)
    request = draw(page, service)
    assert len(request["grid"]) == 2
    wait_until(lambda: page.evaluate("document.documentElement.scrollWidth") <= PHONE[0])
    page.locator(".grids-cell").first.click()
    expect(page.get_by_role("button", name="Use")).to_be_visible()

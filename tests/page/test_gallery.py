"""The gallery, in a browser: the wall, one picture, two compared, the trash, and the settings of any file."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import PHONE, OpenPage, shot
from tests.support.many_pictures import fill
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

PICTURES = "/api/v1/pictures"
HTML = "<img src=x onerror=\"document.title='broken'\"><b>bold</b> &amp; <script>document.title='broken'</script>"
A1111 = (
    "a ((rusty)) robot\nNegative prompt: blurry\n"
    "Steps: 12, Sampler: Euler a, CFG scale: 6.5, Seed: 4242, Size: 64x48, Model: dreamy, Version: v1.10.1"
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """A service of its own with four pictures: two of a fox, two of a whale."""
    with running_service(tmp_path / "home") as service:
        service.wait(service.submit(prompt="a red fox", num=2, seed=100, steps=1)["id"])
        service.wait(service.submit(prompt="a blue whale", num=2, seed=9, steps=1)["id"])
        yield service


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """100,000 pictures, put straight into the database."""
    home = tmp_path_factory.mktemp("many")
    (home / "service").mkdir()
    fill(home / "service", 100_000)
    with running_service(home) as service:
        yield service


def tiles(page: Page) -> Locator:
    """The tiles that show a picture, by their places."""
    return page.locator(".gallery-tile[id]")


def tile(page: Page, index: int) -> Locator:
    return page.locator(f"#tile-{index}")


def opened(open_page: OpenPage, service: RunningService, where: str = "#/gallery", **options: Any) -> Page:
    return open_page(where, service=service, **options)


def wall(open_page: OpenPage, service: RunningService, **options: Any) -> Page:
    page = opened(open_page, service, **options)
    expect(tile(page, 0)).to_have_attribute("data-id", re.compile(r"\d+"))
    return page


def numbers(service: RunningService, **query: Any) -> list[int]:
    return [each["id"] for each in service.client.get(PICTURES, params=query).json()["pictures"]]


def png(text: str | None) -> bytes:
    words, file = PngInfo(), io.BytesIO()
    if text is not None:
        words.add_text("parameters", text)
    Image.new("RGB", (64, 48), (200, 90, 80)).save(file, "PNG", pnginfo=words)
    return file.getvalue()


DROP = """([name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  for (const kind of ["dragover", "drop"]) {
    const event = new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
    document.querySelector("#view > *").dispatchEvent(event);
  }
}"""


def drop(page: Page, name: str, content: bytes) -> None:
    """Let a file fall onto the page."""
    import base64

    page.evaluate(DROP, [name, base64.b64encode(content).decode()])


def test_every_picture_is_there_and_new_ones_appear(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    expect(tiles(page)).to_have_count(4)
    assert tile(page, 0).get_attribute("aria-label") == "a blue whale"
    service.wait(service.submit(prompt="a new one", steps=1)["id"])
    expect(tile(page, 0)).to_have_attribute("aria-label", "a new one")
    (service.folder / "pictures" / "dropped.png").write_bytes(png(A1111))
    expect(tiles(page)).to_have_count(6)


def test_search_filters_and_the_address_say_what_is_shown(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    page.keyboard.press("/")
    page.keyboard.type("fox")
    expect(tiles(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"#/gallery\?text=fox"))
    page.reload()
    expect(tiles(page)).to_have_count(2)
    page.get_by_label("Search pictures").fill("fox 101")
    expect(tiles(page)).to_have_count(1)
    page.get_by_label("Search pictures").fill("no such thing")
    expect(page.get_by_role("heading", name="No picture matches")).to_be_visible()
    page.get_by_role("button", name="Show all pictures").click()
    expect(tiles(page)).to_have_count(4)
    service.client.patch(PICTURES, json={"pictures": numbers(service)[:1], "rating": 4})
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("radio", name="3 stars or more").check(force=True)
    page.get_by_role("button", name="Show 1 picture").click()
    expect(tiles(page)).to_have_count(1)


def test_the_wall_is_worked_by_keys_alone(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    newest = numbers(service)
    for key in ("ArrowRight", "ArrowRight", "s", "4"):
        page.keyboard.press(key)
    wait_until(lambda: service.get(f"{PICTURES}/{newest[1]}")["rating"] == 4)
    assert service.get(f"{PICTURES}/{newest[1]}")["starred"]
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".gallery-tile[aria-selected=true]")).to_have_count(2)
    page.keyboard.press("Delete")
    expect(tiles(page)).to_have_count(2)
    assert numbers(service) == [newest[0], newest[3]]
    page.get_by_role("button", name="Undo").click()
    expect(tiles(page)).to_have_count(4)
    assert numbers(service) == newest
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"#/gallery/{newest[0]}$"))
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(rf"#/gallery/{newest[1]}$"))
    page.keyboard.press("Escape")
    expect(page.locator(".gallery-detail")).to_have_count(0)
    expect(tile(page, 1)).to_have_class(re.compile("gallery-tile-current"))


def test_several_are_chosen_by_mouse(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    chosen = page.locator(".gallery-tile[aria-selected=true]")
    tile(page, 0).click(modifiers=["Control"])
    tile(page, 2).click(modifiers=["Shift"])
    expect(chosen).to_have_count(3)
    expect(page.get_by_text("3 selected")).to_be_visible()
    tile(page, 1).click()
    expect(chosen).to_have_count(2)
    page.get_by_role("button", name="Star").click()
    wait_until(lambda: len(numbers(service, starred=True)) == 2)
    page.keyboard.press("Escape")
    expect(chosen).to_have_count(0)
    page.keyboard.press("Control+a")
    expect(chosen).to_have_count(4)


def test_trash_is_looked_into_put_back_and_emptied(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    one, two, *_ = numbers(service)
    service.client.patch(PICTURES, json={"pictures": [one, two], "trash": True})
    expect(tiles(page)).to_have_count(2)
    page.get_by_role("button", name="View").click()
    page.get_by_role("menuitem", name="Show trash").click()
    expect(tile(page, 0)).to_have_attribute("data-id", str(one))
    tile(page, 0).click(modifiers=["Control"])
    page.get_by_role("button", name="Put back").click()
    expect(tiles(page)).to_have_count(1)
    page.get_by_role("button", name="Empty trash").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert service.client.get(f"{PICTURES}/{two}").status_code == 404
    assert service.get(f"{PICTURES}/{one}")["place"] == "here"


def test_a_picture_says_how_it_was_made_and_is_drawn_again(service: RunningService, open_page: OpenPage) -> None:
    number = numbers(service)[0]
    page = opened(open_page, service, f"#/gallery/{number}")
    info = page.get_by_role("complementary", name="Details")
    expect(info.get_by_text("a blue whale", exact=True)).to_be_visible()
    expect(info.get_by_text("10", exact=True)).to_be_visible()
    before = service.get(f"{PICTURES}/{number}")
    page.get_by_role("button", name="Again").click()
    wait_until(lambda: len(numbers(service)) == 5)
    assert service.get(f"{PICTURES}/{numbers(service)[0]}")["digest"] == before["digest"]
    page.get_by_role("button", name="Variation").click()
    wait_until(lambda: len(numbers(service)) == 6)
    varied = service.get(f"{PICTURES}/{numbers(service)[0]}")
    assert (varied["prompt"], varied["seed"] != before["seed"]) == (before["prompt"], True)
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("equal bit for bit")).to_be_visible()


def test_a_picture_whose_pixels_were_changed_differs(service: RunningService, open_page: OpenPage) -> None:
    number = numbers(service)[0]
    job = service.get(f"{PICTURES}/{number}")["job"]
    path = next((service.folder / "pictures").rglob(f"{job}-0001-*"))
    with Image.open(path) as image:
        words, changed = PngInfo(), image.convert("RGB")
        words.add_itxt("sdplay", str(image.info["sdplay"]))
    changed.putpixel((3, 3), (1, 2, 3))
    changed.save(path, pnginfo=words)
    page = opened(open_page, service, f"#/gallery/{number}")
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_text("It differs")).to_be_visible()


def test_two_pictures_are_compared_in_four_ways(service: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, service)
    tile(page, 0).click(modifiers=["Control"])
    tile(page, 1).click(modifiers=["Control"])
    page.get_by_role("button", name="Compare").click()
    stage = page.get_by_role("region", name="Compare")
    expect(stage.locator("img.gallery-large")).to_have_count(2)
    left = stage.locator("img.gallery-large").first
    source = left.get_attribute("src")
    page.keyboard.press("c")
    expect(left).not_to_have_attribute("src", str(source))
    page.keyboard.press("m")
    expect(page.get_by_label("Slider").last).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator(".gallery-which")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_text(re.compile(r"of the pixels differ|equal, bit for bit"))).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".gallery-compare")).to_have_count(0)


@pytest.mark.parametrize("where", ["#/gallery", "#/draw", "#/queue", "#/models"])
def test_a_picture_of_another_program_dropped_anywhere_gives_its_settings(
    service: RunningService, open_page: OpenPage, where: str
) -> None:
    page = opened(open_page, service, where)
    drop(page, f"{HTML}.png", png(A1111))
    dialog = page.get_by_role("dialog", name="Read the settings of a file")
    expect(dialog.get_by_text("a ((rusty)) robot").first).to_be_visible()
    expect(dialog.get_by_text("dreamy", exact=True)).to_be_visible()
    expect(dialog.get_by_text(f"{HTML}.png")).to_be_visible()
    dialog.get_by_role("button", name="Use these settings").click()
    expect(page).to_have_url(re.compile("#/draw"))
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a ((rusty)) robot")
    assert page.title() != "broken"


def test_a_picture_without_settings_says_so(service: RunningService, open_page: OpenPage) -> None:
    page = opened(open_page, service, "#/gallery")
    drop(page, "plain.png", png(None))
    dialog = page.get_by_role("dialog", name="Read the settings of a file")
    expect(dialog.get_by_role("alert")).to_contain_text("says nothing about how it was made")
    expect(dialog.get_by_role("button", name="Use these settings")).to_have_count(0)


def test_html_in_prompts_and_names_is_text(service: RunningService, open_page: OpenPage) -> None:
    service.wait(service.submit(prompt=HTML, steps=1)["id"])
    (service.folder / "pictures" / "<b onclick=1>&amp;'.png").write_bytes(png(A1111.replace("rusty", HTML)))
    service.client.post(f"{PICTURES}/scan")
    page = wall(open_page, service)
    for number in numbers(service)[:2]:
        page = opened(open_page, service, f"#/gallery/{number}")
        info = page.get_by_role("complementary", name="Details")
        expect(info.get_by_text("document.title").first).to_be_visible()
        expect(info.locator(".gallery-words p").first).to_contain_text("<b>bold</b> &amp;")
        assert page.locator("#view b, #view script, #view img[src=x]").count() == 0
        assert page.title() != "broken"


def test_an_empty_gallery_says_what_will_be_there(tmp_path: Path, open_page: OpenPage) -> None:
    with running_service(tmp_path) as service:
        page = opened(open_page, service)
        expect(page.get_by_role("heading", name="Your pictures live here")).to_be_visible()
        page.get_by_role("button", name="Draw a picture").click()
        expect(page).to_have_url(re.compile("#/draw"))


def test_a_picture_that_is_not_there_says_so(service: RunningService, open_page: OpenPage) -> None:
    page = opened(open_page, service, "#/gallery/999999")
    expect(page.get_by_text("It is not there any more.")).to_be_visible()
    page.get_by_role("button", name="Back to the gallery").click()
    expect(tiles(page)).to_have_count(4)


@pytest.mark.parametrize("where", ["#/gallery", "#/gallery/1", "#/gallery/compare/1/2"])
def test_nothing_is_wider_than_a_phone(service: RunningService, open_page: OpenPage, where: str) -> None:
    page = opened(open_page, service, where, size=PHONE)
    page.locator(".gallery-there, .gallery-large").first.wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    wide = """[...document.querySelectorAll('#view button')].filter(
      (one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1
    ).length"""
    assert page.evaluate(wide) == 0
    shot(page, f"phone-{where.replace('/', '-')[2:]}")


def shown(page: Page) -> list[tuple[int, str]]:
    """(place, number of the picture) of the tiles in the window."""
    script = """() => [...document.querySelectorAll('.gallery-tile[id]')].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.bottom > 120 && box.top < innerHeight;
    }).map((one) => [Number(one.id.slice(5)), one.dataset.id ?? ''])"""
    return [(place, number) for place, number in page.evaluate(script)]


@pytest.mark.parametrize("share", [0.0, 0.37, 0.5, 1.0])
def test_a_wall_of_100_000_shows_the_right_rows_in_few_elements(
    many: RunningService, open_page: OpenPage, share: float
) -> None:
    page = wall(open_page, many)
    expect(page.get_by_text("100,000 pictures")).to_be_visible()
    page.evaluate(
        """(share) => {
          const scroller = document.querySelector('.gallery-scroller');
          scroller.scrollTop = share * (scroller.scrollHeight - scroller.clientHeight);
        }""",
        share,
    )
    page.wait_for_function("""(share) => {
      const there = [...document.querySelectorAll('.gallery-tile[id]')].filter((one) => one.dataset.id);
      const middle = there.map((one) => Number(one.id.slice(5))).sort((a, b) => a - b)[Math.floor(there.length / 2)];
      return there.length > 20 && Math.abs(middle / 1e5 - share) < 0.002;
    }""", arg=share)  # fmt: skip
    wait_until(lambda: all(number for _, number in shown(page)))
    for place, number in shown(page):
        assert int(number) == 100_000 - place
    assert page.locator(".gallery-tile").count() < 120
    assert page.locator("#view *").count() < 1200


def test_keys_reach_the_end_of_100_000_and_search_narrows_them(many: RunningService, open_page: OpenPage) -> None:
    page = wall(open_page, many)
    page.keyboard.press("End")
    page.keyboard.press("End")
    expect(tile(page, 99_999)).to_have_attribute("data-id", "1")
    page.keyboard.press("/")
    page.keyboard.type('"number 4321,"')
    expect(tiles(page)).to_have_count(1)
    expect(tile(page, 0)).to_have_attribute("data-id", "4322")


def test_a_link_to_a_picture_far_down_opens_it_in_its_place(many: RunningService, open_page: OpenPage) -> None:
    page = opened(open_page, many, "#/gallery/50000")
    expect(page.get_by_text("50001 / 100000")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile("#/gallery/49999"))
    page.keyboard.press("Escape")
    expect(tile(page, 50_001)).to_be_visible()

"""The Draw view in a browser, against a service that pretends to draw."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.support.browser import PHONE, OpenPage, shot
from tests.support.builtin import SIDE
from tests.support.patience import wait_until
from tests.support.service import RunningService

HTML = '<img src=x onerror="document.title=1"><b>bold</b>'


@pytest.fixture(autouse=True)
def clean(service: RunningService) -> Iterator[None]:
    """Nothing is left in the queue for the next test, and it runs."""
    yield
    for job in service.get("/api/v1/queue?limit=500")["jobs"]:
        service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    service.client.post("/api/v1/queue/resume")
    wait_until(lambda: not service.get("/api/v1/queue")["jobs"])


def prompt(page: Page) -> Locator:
    return page.get_by_label("Prompt", exact=True)


def draw(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Draw( \\d+)?$"))


def newest_request(service: RunningService) -> dict[str, Any]:
    return service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]


def test_the_first_picture_takes_one_click(service: RunningService, open_page: OpenPage) -> None:
    page = open_page()
    expect(page.get_by_role("img", name="a red apple")).to_be_visible()
    suggestions = page.locator(".draw-suggestion")
    expect(suggestions).to_have_count(3)
    shot(page, "first-run")
    suggestions.first.click()
    expect(page.get_by_role("img", name="a red fox")).to_be_visible()
    expect(prompt(page)).to_have_value("a red fox")
    assert service.newest_job()["state"] == "completed"


def test_what_is_set_is_what_is_drawn(service: RunningService, page: Page) -> None:
    prompt(page).fill("a red apple")
    page.get_by_label("Negative prompt").fill("a pear")
    page.get_by_role("button", name="Shape 4:3").click()
    page.get_by_role("spinbutton", name="Steps").fill("7")
    page.get_by_role("spinbutton", name="Guidance scale").fill("4.5")
    page.get_by_label("Sampler").select_option(label="Heun")
    page.get_by_label("Schedule").select_option(label="Karras")
    page.get_by_role("spinbutton", name="Seed").fill("1234")
    page.get_by_role("group", name="Pictures").get_by_role("button", name="2", exact=True).click()
    draw(page).click()
    expect(page.locator(".draw-caption-facts")).to_contain_text("Seed 1235")
    request = newest_request(service)
    wanted = {"prompt": "a red apple", "negative_prompt": "a pear", "steps": 7, "guidance_scale": 4.5, "num": 2}
    assert request == request | wanted | {"sampler": "heun", "schedule": "karras", "seed": 1234}
    assert request["width"] > request["height"]


def test_settings_survive_a_reload(page: Page) -> None:
    prompt(page).fill(HTML)
    page.get_by_role("spinbutton", name="Steps").fill("9")
    page.reload()
    expect(prompt(page)).to_have_value(HTML)
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("9")


def test_words_are_weighed_and_come_back_by_keys(service: RunningService, page: Page) -> None:
    prompt(page).fill("a red apple")
    prompt(page).evaluate("area => area.setSelectionRange(3, 3)")
    page.keyboard.press("Control+ArrowUp")
    expect(prompt(page)).to_have_value("a (red:1.1) apple")
    page.keyboard.press("Control+ArrowUp")
    expect(prompt(page)).to_have_value("a (red:1.2) apple")
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("Control+ArrowDown")
    expect(prompt(page)).to_have_value("a red apple")
    page.keyboard.press("Control+Enter")
    wait_until(lambda: service.newest_job()["words"] == "a red apple")
    prompt(page).fill("something else")
    page.keyboard.press("Alt+ArrowUp")
    expect(prompt(page)).to_have_value("a red apple")
    page.keyboard.press("Alt+ArrowDown")
    expect(prompt(page)).to_have_value("something else")


def test_words_are_completed(service: RunningService, open_page: OpenPage) -> None:
    (service.folder / "styles.csv").write_text('name,prompt,negative_prompt\nNeon <b>,"{prompt}, neon",dull\n')
    (service.folder / "wildcards").mkdir(exist_ok=True)
    (service.folder / "wildcards" / "fruit.txt").write_text("apple\npear\n")
    page = open_page()
    offers = page.locator(".prompt-offer")
    for typed, shown, written in (
        ("a waterm", "watermelon", "a watermelon"),
        ("<lora:bl", "blueprint", "<lora:blueprint:1>"),
        ("__fr", "fruit", "__fruit__"),
    ):
        prompt(page).fill("")
        prompt(page).press_sequentially(typed)
        expect(offers.filter(has_text=shown).first).to_be_visible()
        page.keyboard.press("Tab")
        expect(prompt(page)).to_have_value(written)
    prompt(page).fill("a cat, ")
    prompt(page).press_sequentially("neo")
    offers.filter(has_text="Neon").click()
    expect(prompt(page)).to_have_value("a cat, ")
    expect(page.locator(".prompt-style")).to_contain_text("Neon <b>")
    page.keyboard.press("Control+Enter")
    wait_until(lambda: "neon" in service.newest_job()["words"])


def test_what_it_takes_is_said_before(page: Page) -> None:
    prompt(page).fill("a red apple and a blorf")
    costs = page.locator(".prompt-costs")
    expect(costs).to_contain_text("MB")
    expect(page.locator(".prompt-words .note")).to_contain_text("does not know “blorf”")
    expect(page.locator(".prompt-tokens").first).to_have_text(re.compile(r"^\d+/\d+$"))


def test_words_that_are_not_known_are_said_after(page: Page) -> None:
    prompt(page).fill("a blorf")
    draw(page).click()
    expect(page.locator(".draw-caption")).to_contain_text("does not know “blorf”")


def test_what_the_model_reads_is_one_key_away(page: Page) -> None:
    prompt(page).fill("a (red:1.3) blorf, [cat:dog:0.5]")
    expect(page.locator(".prompt-tokens").first).to_be_visible()
    page.keyboard.press("Alt+e")
    dialog = page.get_by_role("dialog", name="What the model reads")
    expect(dialog.locator(".prompt-token", has_text="1.3").first).to_be_visible()
    expect(dialog).to_contain_text("Steps 1 to 10")
    expect(dialog).to_contain_text("blo·r·f")
    shot(page, "explain")


def test_what_is_wrong_is_said_at_its_field(page: Page) -> None:
    prompt(page).fill("a red apple")
    page.get_by_role("spinbutton", name="Width").fill("100")
    expect(page.locator(".field-wrong", has=page.get_by_label("Width"))).to_contain_text("multiple of 8")
    page.get_by_role("spinbutton", name="Width").fill("128")
    expect(page.locator(".field-wrong")).to_have_count(0)


def test_drawing_never_keeps_one_from_asking(service: RunningService, page: Page) -> None:
    service.client.post("/api/v1/queue/pause")
    for words in ("one", "two", "three"):
        prompt(page).fill(words)
        page.keyboard.press("Control+Enter")
        expect(page.locator(".draw-coming", has_text="")).to_have_count(["one", "two", "three"].index(words) + 1)
    prompt(page).fill("now")
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator(".draw-coming")).to_have_count(4)
    jobs = service.get("/api/v1/queue")["jobs"]
    assert [job["words"] for job in jobs] == ["now", "one", "two", "three"]
    service.client.post("/api/v1/queue/resume")
    expect(page.locator(".draw-coming")).to_have_count(0)
    expect(page.locator(".draw-caption-prompt")).to_have_text("three")


def test_seeds_are_locked_and_thrown(service: RunningService, page: Page) -> None:
    seed = page.get_by_role("spinbutton", name="Seed")
    prompt(page).fill("a red apple")
    expect(seed).to_have_value("")
    page.get_by_role("button", name="Another seed").click()
    expect(seed).to_have_value(re.compile(r"^\d+$"))
    thrown = int(seed.input_value())
    draw(page).click()
    expect(page.locator(".draw-caption-facts")).to_contain_text(f"Seed {thrown}")
    page.get_by_role("button", name="A new seed for each picture").click()
    expect(seed).to_have_value("")
    page.get_by_role("button", name="Keep this seed").click()
    expect(seed).to_have_value(str(thrown))


def test_loras_are_chips_with_sliders(service: RunningService, page: Page) -> None:
    prompt(page).fill("a red apple")
    page.get_by_text("LoRA", exact=True).click()
    page.get_by_role("button", name="Add a LoRA").click()
    page.get_by_role("menuitem", name="blueprint").first.click()
    page.get_by_label("Weight of blueprint").fill("0.5")
    draw(page).click()
    wait_until(lambda: newest_request(service).get("lora") == ["blueprint:0.5"])
    page.get_by_role("button", name="Leave blueprint out").click()
    draw(page).click()
    wait_until(lambda: not newest_request(service).get("lora"))


def test_hires_and_everything_else(service: RunningService, page: Page) -> None:
    prompt(page).fill("a red apple")
    page.get_by_text("Hires", exact=True).click()
    page.get_by_role("switch", name=re.compile("Second pass")).check()
    page.get_by_role("spinbutton", name="Upscale by").fill("1.5")
    page.get_by_text("Everything else", exact=True).click()
    page.get_by_label("File format").select_option("webp")
    known = set(service.get("/api/v1/capabilities")["modes"]["txt2img"]) | {"prompt"}
    source = service.client.get("/page/js/views/draw/settings.js").text
    placed = set(re.findall(r'"([a-z_0-9]+)"', source[source.index("PLACED") : source.index("const SIMPLE")]))
    assert placed <= known | {"mode"}
    expect(page.locator(".draw-fold:last-child .field")).to_have_count(len(known - placed))
    before = [job["id"] for job in service.get("/api/v1/jobs?limit=1")["jobs"]]
    draw(page).click()
    wait_until(lambda: service.newest_job()["id"] not in before)
    wait_until(lambda: service.newest_job()["state"] == "completed")
    request = newest_request(service)
    assert request["width"] == SIDE * 3 // 2, "the built-in model enlarges what goes beyond its size"
    assert request["format"] == "webp"
    assert request.keys() <= known | {"mode"}


def test_a_picture_is_followed_by_its_edges(service: RunningService, page: Page) -> None:
    image = Image.new("RGB", (128, 128), "white")
    image.paste((200, 0, 0), (32, 32, 96, 96))
    file = io.BytesIO()
    image.save(file, "PNG")
    prompt(page).fill("a red apple")
    page.get_by_text("ControlNet", exact=True).click()
    picked: FilePayload = {"name": "x.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.locator(".draw-fold input[type=file]").first.set_input_files(picked)
    edges = page.get_by_alt_text("What is read")
    expect(edges).to_be_visible()
    white = """image => { if (!image.naturalWidth) return -1;  // another one is on its way
        const c = document.createElement('canvas'); c.width = image.naturalWidth;
        c.height = image.naturalHeight; const d = c.getContext('2d'); d.drawImage(image, 0, 0);
        return d.getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 == 0 && v > 128).length }"""
    wait_until(lambda: edges.evaluate(white) > 100)
    page.get_by_role("spinbutton", name="A line begins at").fill("2040")
    page.get_by_role("spinbutton", name="A line goes on at").fill("2040")
    wait_until(lambda: edges.evaluate(white) == 0)
    draw(page).click()
    wait_until(lambda: newest_request(service).get("canny_high") == 2040)
    assert newest_request(service)["control_image"]


def test_pictures_give_their_settings_back(service: RunningService, page: Page) -> None:
    job = service.wait(service.submit(prompt="a green pear", negative_prompt="n", seed=77, steps=3)["id"])
    expect(page.locator(".draw-caption-prompt")).to_have_text("a green pear")
    page.get_by_role("button", name="Use settings").click()
    expect(prompt(page)).to_have_value("a green pear")
    expect(page.get_by_role("spinbutton", name="Seed")).to_have_value("77")
    draw(page).click()
    wait_until(lambda: service.newest_job()["id"] != job["id"])
    again = service.wait(service.newest_job()["id"])
    assert again["recipe"] == job["recipe"]
    page.get_by_role("button", name="Variation").click()
    wait_until(lambda: service.newest_job()["id"] != again["id"])
    assert service.newest_job()["seed"] != 77


def test_html_is_text_everywhere(service: RunningService, page: Page) -> None:
    prompt(page).fill(HTML)
    draw(page).click()
    expect(page.locator(".draw-caption-prompt")).to_have_text(HTML)
    page.keyboard.press("Escape")
    page.locator(".shell-chip").click()
    expect(page.locator(".queue-prompt").first).to_have_text(HTML)
    assert page.title() == "Draw · Playground"


def test_a_reload_in_the_middle_goes_on(service: RunningService, page: Page) -> None:
    service.client.post("/api/v1/queue/pause")
    prompt(page).fill("later")
    draw(page).click()
    expect(page.locator(".draw-coming")).to_have_count(1)
    page.reload()
    expect(page.locator(".draw-coming")).to_have_count(1)
    service.client.post("/api/v1/queue/resume")
    expect(page.locator(".draw-caption-prompt")).to_have_text("later")


def test_it_fits_a_phone(service: RunningService, open_page: OpenPage) -> None:
    service.wait(service.submit(prompt="a red apple " * 30)["id"])
    page = open_page(size=PHONE)
    expect(page.locator(".draw-caption-prompt")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.getElementById('view').scrollWidth <= innerWidth")
    expect(draw(page)).to_be_in_viewport()
    prompt(page).tap()
    shot(page, "draw-phone")

"""Make the pictures of docs/page.md anew: use the page as its reader would, and photograph every view in three looks.

Run it as `python docs/page.py [VIEW…]`: only these views, all where none is named. It starts a service of its own in an
empty folder, draws with the built-in model, and leaves `docs/pictures/page/VIEW-dark.webp`, `-light` and `-phone`, and
the moving `docs/pictures/drawing.webp` and the four views of `page.webp` for the README. It needs Chromium.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.browser import CHROMIUM, DESKTOP, FLAGS, PHONE
from tests.support.service import RunningService, running_service

PICTURES = Path(__file__).parent / "pictures"
QUALITY = 82
PATIENCE = 60_000  # milliseconds: a film may be drawn first
PROMPTS = [
    "a castle, cartoon, on a light blue background",
    "a red apple, 3d render",
    "a rocket, 3d render, on a dark blue background",
    "a fox, flat icon, on a green background",
    "a strawberry, 3d render, on a pink background",
    "a blue car, flat icon",
    "an owl, cartoon, on a purple background",
    "a hot air balloon, 3d render, on a light blue background",
    "a snowman, cartoon, on a blue background",
    "a pizza, 3d render",
    "a green cactus, flat icon, on a yellow background",
    "a heart, 3d render, on a white background",
]
FILM_SECONDS, FILM_RATE = 14, 8
FILM_SIZE = (960, 600)
FOUR, FOUR_SIZE, GAP = ("gallery-light", "animate-dark", "canvas-dark", "grids-light"), (800, 500), 6


class Stage:
    """The service, and the page that is photographed."""

    def __init__(self, service: RunningService, page: Page) -> None:
        self.service, self.page = service, page

    def open(self, where: str) -> Page:
        self.page.goto(f"{self.service.url}/{where}")
        self.page.locator("#view").wait_for()
        return self.page

    def job(self, mode: str, **fields: object) -> str:
        """Hand in a job behind the page's back, and wait for its end; its id."""
        return str(self.service.wait(self.service.submit(mode, **fields)["id"])["id"])

    def shoot(self, name: str) -> None:
        """The page as it is, light and dark at a desk, and on a phone."""
        for look, theme, size in (("light", "light", DESKTOP), ("dark", "dark", DESKTOP), ("phone", "light", PHONE)):
            self.page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self.page.wait_for_timeout(700)  # pictures fade in, and canvases are laid anew
            save(self.page.screenshot(), PICTURES / "page" / f"{name}-{look}.webp")
        self.page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})


def save(png: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=QUALITY, method=6)


def draw(stage: Stage) -> None:
    page = stage.open("#/draw")
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a red fox, 3d render, on a light blue background")
    page.get_by_role("group", name="Pictures").get_by_role("button", name="4").click()
    before = page.locator(".draw-strip img").count()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".draw-strip img")).to_have_count(before + 4)
    page.get_by_role("combobox", name="Prompt", exact=True).click()  # back at the top of the panel
    page.locator(".draw-strip img").first.click()
    stage.shoot("draw")


def live(stage: Stage) -> None:
    page = stage.open("#/live")
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a strawberry, 3d render, on a pink background")
    page.locator(".live-picture").wait_for()
    page.wait_for_timeout(4000)  # until the rate of pictures is known
    stage.shoot("live")


def canvas(stage: Stage) -> None:
    picture = stage.service.get("/api/v1/pictures")["pictures"][0]
    page = stage.open(f"#/gallery/{picture['id']}")
    page.get_by_role("button", name="Send to").click()
    page.get_by_role("menuitem", name="Canvas").click()
    board = page.locator(".stage-canvas")
    board.wait_for()
    page.wait_for_timeout(800)
    box = board.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x - 60, y - 90)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(x - 60 + 10 * step, y - 90 + (step % 3) * 14)
    page.mouse.up()
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a blue hat, 3d render")
    stage.shoot("canvas")


def gallery(stage: Stage) -> None:
    page = stage.open("#/gallery")
    page.locator(".gallery-tile img").first.wait_for()
    stage.shoot("gallery")
    picture = stage.service.get("/api/v1/pictures")["pictures"][2]
    stage.open(f"#/gallery/{picture['id']}").get_by_role("button", name="Verify").wait_for()
    stage.shoot("picture")


def queue(stage: Stage) -> None:
    stage.service.client.post("/api/v1/queue/pause")
    jobs = [stage.service.submit(prompt=prompt, num=4)["id"] for prompt in PROMPTS[:5]]
    page = stage.open("#/queue")
    page.get_by_text(PROMPTS[4]).first.wait_for()
    stage.shoot("queue")
    for job in jobs:
        stage.service.client.post(f"/api/v1/jobs/{job}/cancel")
    stage.service.client.post("/api/v1/queue/resume")


def dream(stage: Stage) -> None:
    page = stage.open("#/films/new/dream")
    for number, prompt in enumerate(PROMPTS[1:4], 1):
        field = page.get_by_label(f"Prompt of picture {number}")
        if not field.count():
            page.get_by_role("button", name="Add a picture").click()
        field.fill(prompt)
    page.get_by_role("button", name="Draw the key pictures").click()
    expect(page.locator(".films-key-picture img")).to_have_count(3)
    expect(page.get_by_role("button", name="Queue: Idle")).to_be_visible()
    stage.shoot("dream")


def animate(stage: Stage) -> None:
    page = stage.open("#/films/new/animate")
    page.get_by_role("combobox", name="Prompt", exact=True).fill("a castle, 3d render, on a blue background")
    page.get_by_label("Notation").fill("0:(1), 40:(1.04), 95:(1.01)")
    page.get_by_role("button", name="Angle").first.click()
    page.get_by_label("Notation").fill("0:(0.8*sin(t/9))")
    expect(page.get_by_text("The moves are on their way")).to_have_count(0)
    page.wait_for_timeout(1000)
    stage.shoot("animate")
    film = stage.job("dream", prompts=PROMPTS[3:6], num=24, seed=3)
    page = stage.open(f"#/films/{film}")
    expect(page.locator(".films-screen canvas")).to_have_attribute("data-shown", "0")
    stage.shoot("film")


def grids(stage: Stage) -> None:
    axes = ["prompt=fox|cat|owl|panda", "steps=4,8,20"]
    grid = stage.job("grid", prompt="a fox, flat icon, on a light blue background", grid=axes, seed=7)
    page = stage.open(f"#/grids/{grid}")
    expect(page.locator(".grids-table img")).to_have_count(12)
    stage.shoot("grids")


def models(stage: Stage) -> None:
    page = stage.open("#/models")
    page.locator(".models-thing").first.wait_for()
    stage.shoot("models")


def keys(stage: Stage) -> None:
    page = stage.open("#/draw")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    stage.shoot("keys")


VIEWS: dict[str, Callable[[Stage], None]] = {
    one.__name__: one for one in (draw, live, canvas, gallery, queue, dream, animate, grids, models, keys)
}


def drawing(stage: Stage) -> None:
    """The film of the README: words are typed, a picture emerges."""
    page = stage.page
    page.set_viewport_size({"width": FILM_SIZE[0], "height": FILM_SIZE[1]})
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    stage.open("#/draw")
    frames: list[Image.Image] = []

    def look(times: int = 1) -> None:
        for _ in range(times):
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            frames.append(shot)
            page.wait_for_timeout(1000 // FILM_RATE)

    look(4)
    field = page.get_by_role("combobox", name="Prompt", exact=True)
    field.fill("")
    words = "a rocket, 3d render, on a dark blue background"
    for end in range(0, len(words) + 1, 3):
        field.fill(words[:end])
        look()
    field.fill(words)
    look(3)
    page.keyboard.press("Control+Enter")
    look(FILM_SECONDS * FILM_RATE - len(frames))
    look(FILM_RATE)
    lengths = [1000 // FILM_RATE] * (len(frames) - 1) + [2500]
    path = PICTURES / "drawing.webp"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=lengths, loop=0, quality=70, method=4)


def four_views() -> None:
    """Some of the pictures as one, for the README."""
    sheet = Image.new("RGB", (2 * FOUR_SIZE[0] + GAP, 2 * FOUR_SIZE[1] + GAP), "#8a8580")
    for number, name in enumerate(FOUR):
        shot = Image.open(PICTURES / "page" / f"{name}.webp").resize(FOUR_SIZE, Image.Resampling.LANCZOS)
        sheet.paste(shot, ((number % 2) * (FOUR_SIZE[0] + GAP), (number // 2) * (FOUR_SIZE[1] + GAP)))
    sheet.save(PICTURES / "page.webp", quality=QUALITY, method=6)


def main(wanted: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with running_service(Path(folder), fake=False) as service:
            page = browser.new_page(viewport={"width": DESKTOP[0], "height": DESKTOP[1]}, locale="en")
            page.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            stage = Stage(service, page)
            for number, prompt in enumerate(PROMPTS):
                stage.job("txt2img", prompt=prompt, num=2, seed=7 + number)
            for name in wanted or [*VIEWS, "drawing"]:
                (drawing if name == "drawing" else VIEWS[name])(stage)
                print(name, flush=True)
            if not wanted:
                four_views()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])

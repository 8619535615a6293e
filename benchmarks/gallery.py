"""The gallery with 100,000 pictures: its first page, searches, and how smoothly its wall scrolls in Chromium."""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
from playwright.sync_api import Page, sync_playwright

from benchmarks.report import Section
from benchmarks.rows import Aim, Row
from benchmarks.serving import Serving, running
from benchmarks.startup import environment, sdplay
from tests.support.browser import CHROMIUM, FLAGS
from tests.support.many_pictures import fill

PICTURES = 100_000
ROUNDS = 15
FIRST_PAGE, SEARCH, FRAME = Aim(seconds=0.15), Aim(seconds=0.05), Aim(seconds=1 / 50)
QUERIES = {
    "the newest 100, counted": "limit=100&total=true",
    "100 in the middle": "limit=100&offset=50000",
    "a word that every tenth has": "limit=100&total=true&text=fox",
    "a word that all have": "limit=100&total=true&text=masterpiece",
    "a phrase that one has": "limit=100&total=true&text=%22number%204321,%22",
    "a word that none has": "limit=100&total=true&text=zebra",
}
# Scrolls by so many pixels each frame, and tells how long the frames took, in milliseconds.
SCROLL = """([step, frames]) => new Promise((done) => {
  const scroller = document.querySelector('.gallery-scroller');
  const times = [];
  let before = 0;
  const next = (now) => {
    if (before) times.push(now - before);
    before = now;
    scroller.scrollTop += step;
    if (times.length < frames) requestAnimationFrame(next);
    else done({ times, elements: document.querySelectorAll('.gallery-tile').length });
  };
  requestAnimationFrame(next);
})"""
SPEEDS = {
    "at reading speed (20 px a frame)": 20,
    "fast (400 px a frame)": 400,
    "dragging the bar (20,000 px a frame)": 20_000,
}


def gallery_section() -> Section:
    """Rows of times; frames are told by the time of one, of which there are 50 a second if it takes 0.02 s."""
    with TemporaryDirectory() as folder, filled(Path(folder)) as serving:
        rows = [*query_rows(serving), *page_rows(serving)]
    return Section(
        title="Gallery",
        about=f"{PICTURES:,} pictures in the database and on the disk. Queries go over HTTP; frames are those of "
        "headless Chromium, without a graphics card, as `requestAnimationFrame` counts them.",
        rows=tuple(rows),
    )


@contextmanager
def filled(home: Path) -> Generator[Serving]:
    """A service with so many pictures."""
    (home / "service").mkdir()
    fill(home / "service", PICTURES)
    variables = environment(1) | {"SDPLAY_HOME": str(home), "SDPLAY_EXECUTOR": "fake"}
    log = home / "service" / "running.json"

    def address() -> str | None:
        facts = json.loads(log.read_bytes()) if log.exists() else {}
        return facts.get("url") if facts.get("answers") else None

    with running([sdplay(), "serve", "--port", "0"], variables, address) as serving:
        serving.client.post("/api/v1/pictures/scan")  # the first look at the folders is over
        yield serving


def query_rows(serving: Serving) -> Generator[Row]:
    for what, query in QUERIES.items():
        times = [timed(serving.client, query) for _ in range(ROUNDS)]
        yield Row(key="gallery-query", what=f"{what}: `{query}`", clock="wall", ours=median(times), aim=SEARCH)


def timed(client: httpx2.Client, query: str) -> float:
    begun = time.perf_counter()
    client.get(f"/api/v1/pictures?{query}").raise_for_status()
    return time.perf_counter() - begun


def page_rows(serving: Serving) -> Generator[Row]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(base_url=serving.url, viewport={"width": 1280, "height": 800})
        page.goto("/#/draw")
        page.locator(".shell-link").first.wait_for()
        yield Row(
            key="gallery-first",
            what="from a click on Gallery to its tiles",
            clock="wall",
            ours=first_page(page),
            aim=FIRST_PAGE,
        )
        for what, step in SPEEDS.items():
            told: dict[str, Any] = page.evaluate(SCROLL, [step, 240])
            times = sorted(told["times"])
            pace, slow = 1000 * len(times) / sum(times), times[int(len(times) * 0.95)]
            frames = f"{pace:.0f} frames/s, slowest of 20: {slow:.0f} ms"
            yield Row(
                key="gallery-scroll",
                what=f"a frame while scrolling {what}: {frames}, {told['elements']} tiles",
                clock="wall",
                ours=sum(times) / len(times) / 1000,
                aim=FRAME,
            )
        browser.close()


def first_page(page: Page) -> float:
    """Seconds until the first tiles know their pictures; the median of some."""
    script = """() => new Promise((done) => {
      const begun = performance.now();
      location.hash = '#/gallery?text=' + encodeURIComponent('-' + begun);
      const look = () => {
        if (document.querySelector('.gallery-tile[data-id]')) done((performance.now() - begun) / 1000);
        else setTimeout(look, 1);
      };
      setTimeout(look, 1);
    })"""
    times: list[float] = []
    for _ in range(5):
        times.append(page.evaluate(script))
        page.evaluate("location.hash = '#/draw'")
        page.locator(".gallery").wait_for(state="detached")
    page.evaluate("location.hash = '#/gallery'")
    page.locator(".gallery-tile[data-id]").first.wait_for()
    return median(times)


if __name__ == "__main__":
    for row in gallery_section().rows:
        print(f"{row.ours * 1000:8.1f} ms  {row.what}")

"""Every view in every language: all is said in it, nothing is wrong, and nothing is wider than a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sdplay.server.page.words import ENGLISH, languages, words_of
from tests.support.browser import PHONE, OpenPage, shot
from tests.support.service import RunningService

VIEWS = [
    "#/draw",
    "#/live",
    "#/canvas",
    "#/gallery",
    "#/films",
    "#/films/new/dream",
    "#/films/new/animate",
    "#/grids",
    "#/models",
    "#/queue",
]
OTHERS = [name for name in languages() if name != ENGLISH]
# A key that nobody has words for is shown as it is: `draw.queue`. Names of files look alike, and are none of these.
FILES = "|".join(sorted({key.partition(".")[0] for key in words_of(ENGLISH)}))
KEY = re.compile(rf"(?<![\w./#-])(?:{FILES})\.[a-z_]+(?:\.[a-z_]+)*(?![\w/])")
SAID = """() => {
  const named = [...document.querySelectorAll('[aria-label], [title], [placeholder]')];
  const said = named.flatMap((one) => ['aria-label', 'title', 'placeholder'].map((name) => one.getAttribute(name)));
  return [document.body.innerText, document.title, ...said.filter(Boolean)].join('\\n');
}"""
# Of each pair of neighbours in the bar below: how far their words are apart.
GAPS = """() => {
  const words = [...document.querySelectorAll('.shell-rail .shell-link > span')].filter((one) => one.offsetParent);
  const boxes = words.map((one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getBoundingClientRect();
  });
  return boxes.slice(1).map((box, at) => box.left - boxes[at].right);
}"""


def opened(page: Page, where: str) -> None:
    page.goto(f"/{where}")
    expect(page.locator("#view")).not_to_be_empty()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("language", OTHERS)
def test_every_view_speaks_the_language_and_fits_a_phone(
    language: str, service: RunningService, open_page: OpenPage
) -> None:
    service.wait(service.submit(prompt="a red apple")["id"])
    page = open_page(size=PHONE, language=language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    for where in VIEWS:
        opened(page, where)
        assert KEY.findall(page.evaluate(SAID)) == [], where
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0], where
        shot(page, f"{language}-{where.removeprefix('#/').replace('/', '-')}")


@pytest.mark.parametrize("language", languages())
def test_words_in_the_bar_of_a_phone_do_not_touch(language: str, service: RunningService, open_page: OpenPage) -> None:
    page = open_page(size=PHONE, language=language)
    gaps = page.evaluate(GAPS)
    assert len(gaps) >= 6
    assert min(gaps) >= 4, gaps

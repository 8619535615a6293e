"""What tests do with the canvas in a browser: pick a picture, paint, draw, and look at what is there."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from sdplay.images.read import png
from tests.support.browser import OpenPage
from tests.support.service import RunningService

SIDE = 96


@pytest.fixture
def canvas(open_page: OpenPage) -> Page:
    """The canvas with a picture on it."""
    page = open_page("#/canvas")
    pick(page)
    return page


def picture(side: int = SIDE) -> NDArray[np.uint8]:
    """Something with an edge in every direction."""
    across = np.linspace(30, 220, side).astype(np.uint8)
    return np.stack(
        [np.tile(across, (side, 1)), np.tile(across[:, None], (1, side)), np.full((side, side), 90, np.uint8)], -1
    )


def pick(page: Page, pixels: NDArray[np.uint8] | None = None) -> None:
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": png(picture() if pixels is None else pixels)}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.locator(".stage-canvas").wait_for()
    expect(page.get_by_role("button", name="Fit")).not_to_have_text("100%")  # a small picture is enlarged


def stage(page: Page) -> Locator:
    return page.locator(".stage-canvas")


def middle(page: Page) -> tuple[float, float]:
    box = stage(page).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def paint(page: Page, *offsets: tuple[float, float]) -> None:
    """A stroke through some places, in screen pixels from the middle."""
    x, y = middle(page)
    page.mouse.move(x + offsets[0][0], y + offsets[0][1])
    page.mouse.down()
    for right, down in offsets[1:]:
        page.mouse.move(x + right, y + down, steps=4)
    page.mouse.up()


def seen(page: Page) -> str:
    """What the stage shows, without the ring of the brush."""
    page.mouse.move(2, 2)
    page.wait_for_timeout(150)  # the mask is shown as it is used a moment after a stroke
    return str(page.evaluate("document.querySelector('.stage-canvas').toDataURL()"))


def prompt_field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Prompt", exact=True)


def draw(page: Page, prompt: str = "a red apple") -> None:
    prompt_field(page).fill(prompt)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Use this").wait_for()


def pressed(page: Page, name: str) -> None:
    expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-pressed", "true")


def pixels_of(content: bytes) -> NDArray[np.uint8]:
    with Image.open(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def file_at(service: RunningService, url: str) -> bytes:
    answer = service.client.get(url)
    assert answer.is_success, url
    return answer.content


def last_request(service: RunningService) -> dict[str, Any]:
    return service.get(f"/api/v1/jobs/{service.newest_job()['id']}")["request"]

"""No serious finding of axe in the views Draw and Queue, in both themes and on a phone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.browser import DESKTOP, PHONE, OpenPage
from tests.support.service import RunningService

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not there: `npm ci`")
@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
@pytest.mark.parametrize("view", ["draw", "queue"])
def test_nothing_serious_is_found(
    service: RunningService, open_page: OpenPage, view: str, size: tuple[int, int], theme: str
) -> None:
    service.wait(service.submit(prompt="a red blorf")["id"])
    page = open_page(f"#/{view}", size=size, theme=theme, bypass_csp=True)
    page.locator(".draw-caption" if view == "draw" else ".queue-job").first.wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(RUN)
    serious = [
        {
            "id": one["id"],
            "nodes": [node["html"][:160] + " " + node["failureSummary"][:200] for node in one["nodes"][:4]],
        }
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]
    assert not serious, json.dumps(serious, indent=1)

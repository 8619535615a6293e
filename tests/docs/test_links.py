"""Every link to a file leads to one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, links, pages


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = {(page.parent / link).resolve() for link in links(page)}
    assert {str(target.relative_to(ROOT)) for target in targets if not target.exists()} == set()


def test_the_tour_walks_nine_files_from_the_command_to_the_file() -> None:
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    walk = [
        *("cli/draw.py", "requests/txt2img.py", "jobs/resolve.py", "jobs/pictures.py", "executors/inline.py"),
        *("pipeline/render.py", "sampling/samplers.py", "sampling/denoiser.py", "families/common/latent_model.py"),
    ]
    places = [tour.index(f"{number}. [{file}]") for number, file in enumerate(walk, start=1)]
    assert places == sorted(places)


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("[a](there.md) ![b](picture.png) [c](https://example.org) [d](#here) [e](there.md#part)\n")
    assert links(page) == ["there.md", "picture.png", "there.md"]

"""The papers, their links and their code blocks."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Their commands name pictures, models, files or settings, which tests of their own lay out first.
OF_THE_MODES = {
    "adapters.md",
    "coming-from-a1111.md",
    "controlnet.md",
    "img2img.md",
    "inpaint.md",
    "other-programs.md",
    "models.md",
    "prompts.md",
}
OF_THE_FILMS = {"dream.md", "animate.md", "films-that-survive.md"}
OF_THE_SERVICE = {"server.md", "coming-from-a1111-api.md"}


def pages() -> list[Path]:
    """Every page a reader of the repository can open."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def guides() -> list[Path]:
    """The pages whose commands a reader types, and that need nothing but the program."""
    found = sorted((ROOT / "docs" / "guides").glob("*.md"))
    return [
        ROOT / "README.md",
        *(page for page in found if page.name not in OF_THE_MODES | OF_THE_FILMS | OF_THE_SERVICE),
    ]


def links(page: Path) -> list[str]:
    """Targets of the links and pictures of `page` that lie in this repository, without their anchors."""
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = (target.partition("#")[0] for target in LINK.findall(prose))
    return [target for target in targets if target and "://" not in target]


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of `page` in `language`."""
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(page: Path) -> list[str]:
    """The `sdplay` lines of the shell blocks, those aside that need a checkpoint nobody has here."""
    lines = (line for block in blocks(page, "sh") for line in block.splitlines())
    return [line for line in lines if line.startswith("sdplay ") and "path/to/" not in line]

"""One random folder of each kind, built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.kinds import build_kind


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of SD 1.x, SD 2.x (epsilon and v) and SDXL base."""
    root = tmp_path_factory.mktemp("kinds")
    return {
        "sd15": build_kind(root / "sd15", "sd15"),
        "sd2": build_kind(root / "sd2", "sd2"),
        "sd2 v": build_kind(root / "sd2v", "sd2", prediction="v_prediction"),
        "sdxl": build_kind(root / "sdxl", "sdxl"),
    }

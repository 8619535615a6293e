"""The memory that drawing takes is the memory that was predicted, within 15 %, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.machine import memory_available
from tests.support.peaks import HAS_PROC, peak_of
from tests.support.truesize import HALVED, SD15, Build, build_true_size

pytestmark = pytest.mark.skipif(not HAS_PROC, reason="the peak is read from Linux's /proc")

WITHIN = 0.15
SINGLE = {"dtype": "float32", "decode_dtype": "float32"}
HALF = {"dtype": "bfloat16", "decode_dtype": "bfloat16"}
IN_TURN = {"max_memory": "1MiB"}  # less than anything takes, given to a recipe that is settled already
Fields = dict[str, object]


def side(pixels: int, **fields: object) -> Fields:
    return {"width": pixels, "height": pixels, **fields}


def test_half_the_width_takes_what_was_predicted(tmp_path: Path) -> None:
    """Whole and in turns, with the same bits."""
    folder = build_true_size(tmp_path / "half", HALVED)
    whole, in_turn = (peak_of(folder, fields, SINGLE) for fields in (side(256), side(256, **IN_TURN)))
    assert whole.apart < WITHIN
    assert in_turn.apart < WITHIN
    assert in_turn.digests == whole.digests
    assert in_turn.measured < whole.measured - 60 * 2**20


CASES: dict[str, tuple[Fields, Fields]] = {
    "256 px in float32": (side(256), SINGLE),
    "256 px in float32, two in a pass": (side(256, num=2), SINGLE | {"tile": 2}),
    "512 px in float32": (side(512), SINGLE),
    "512 px in float32, parts in turn": (side(512, **IN_TURN), SINGLE),
    "512 px in float32, one head at a time, in tiles of 256": (
        side(512),
        SINGLE | {"attention_slice": True, "decode_tile": 256},
    ),
    "512 px in bfloat16": (side(512), HALF),
    "512 px in bfloat16, parts in turn": (side(512, **IN_TURN), HALF),
}


@pytest.fixture(scope="module")
def true_size(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_of(SD15, tmp_path_factory.mktemp("sd15") / "model", needed=8)


def model_of(build: Build, folder: Path, needed: int) -> Path:
    if (there := memory_available()) < needed * 2**30:
        pytest.skip(f"this needs {needed} GiB of memory, and {there / 2**30:.1f} are free")
    return build_true_size(folder, build)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("fields", "numerics"), CASES.values(), ids=CASES)
def test_the_true_size_takes_what_was_predicted(true_size: Path, fields: Fields, numerics: Fields) -> None:
    found = peak_of(true_size, fields, numerics)
    predicted, measured = (amount / 2**20 for amount in (found.predicted, found.measured))
    print(f"predicted {predicted:.0f} MiB, measured {measured:.0f} MiB, apart {found.apart:.1%}")
    assert found.apart < WITHIN

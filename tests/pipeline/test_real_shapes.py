"""The promise of `test_determinism` at real shapes: there the CPU's library picks other kernels than for tiny ones.

Three modes in bfloat16, the number format that most betrays another order of additions, two pictures in a tile: picture
i has the same bits in a batch, alone (beside padding), in another order, and in another process.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.studio import ResolvedRequest, Studio
from tests.support import child
from tests.support.drawing import digests, each_alone, settled
from tests.support.given import mask, photo, settled_on
from tests.support.truesize import HALVED, SD15, build_true_size

MODES = ["txt2img", "img2img", "inpaint"]
NUMERICS: dict[str, Any] = {"dtype": "bfloat16", "tile": 2}

IN_A_CHILD = """
import json, sys
from pathlib import Path
from sdplay.studio import Studio
from tests.pipeline.test_real_shapes import MODES, asked
from tests.support.drawing import digests
with Studio() as studio:
    what = [asked(mode, Path(sys.argv[1]), int(sys.argv[2])) for mode in MODES]
    print(json.dumps([digests(studio, each, [1, 0]) for each in what]))
"""


def asked(mode: str, root: Path, side: int) -> ResolvedRequest:
    """A request of two steps on the model in `root`, whose picture and mask lie beside it."""
    folder, fields = root / "model", {"steps": 2, "width": side, "height": side, **NUMERICS}
    if mode == "txt2img":
        return settled(folder, **fields)
    given: dict[str, Any] = {"image": root / "photo.png", "strength": 0.5, **fields}
    if mode == "img2img":
        return settled_on(folder, Img2Img, **given)
    return settled_on(folder, Inpaint, mask=root / "mask.png", **given)


def write_given(root: Path, side: int) -> None:
    photo(root / "photo.png", (side, side))
    mask(root / "mask.png", (side, side), (side // 4, side // 4, side * 3 // 4, side))


def assert_same_bits(root: Path, side: int, count: int) -> None:
    there = json.loads(child.run(IN_A_CHILD, root, side))  # first, so that only one model is in memory at a time
    with Studio() as studio:
        for mode, elsewhere in zip(MODES, there, strict=True):
            what = asked(mode, root, side)
            batch = digests(studio, what, range(count))
            assert len(set(batch.values())) == count
            assert {int(index): digest for index, digest in elsewhere.items()} == {1: batch[1], 0: batch[0]}
            last = count - 1
            assert each_alone(studio, what, [last]) == {last: batch[last]}


def test_every_mode_at_half_the_widths_of_sd15(tmp_path: Path) -> None:
    write_given(tmp_path, 256)
    build_true_size(tmp_path / "model", HALVED)
    assert_same_bits(tmp_path, 256, count=2)


@pytest.fixture
def true_size(tmp_path: Path) -> Iterator[Path]:
    """A folder with SD 1.5 in its true size, which is deleted at once: it is four gigabytes."""
    build_true_size(tmp_path / "model", SD15)
    yield tmp_path
    shutil.rmtree(tmp_path / "model")


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_mode_at_the_true_size_of_sd15(true_size: Path) -> None:
    write_given(true_size, 128)
    assert_same_bits(true_size, 128, count=3)  # its second tile is half padding

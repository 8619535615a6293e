"""A picture is a function of its recipe and its index: same bits alone, in any batch, in any order, in any process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sdplay.studio import ResolvedRequest, Studio
from tests.support import child
from tests.support.drawing import digests, each_alone, settled

COUNT = 6  # with tiles of 4 the last one is half padding
CASES: dict[str, dict[str, Any]] = {
    "float32 one by one": {"dtype": "float32", "tile": 1},
    "float32 in fours": {"dtype": "float32", "tile": 4},
    "bfloat16 one by one": {"dtype": "bfloat16", "tile": 1, "sampler": "dpmpp_2m", "schedule": "karras"},
    "bfloat16 in fours on two threads": {"dtype": "bfloat16", "tile": 4, "threads": 2, "noise": "torch"},
    "float32 without guidance in threes": {"dtype": "float32", "tile": 3, "guidance_scale": 1.0, "sampler": "ddim"},
}

IN_A_CHILD = """
import json, sys
from pathlib import Path
from sdplay.studio import Studio
from tests.support.drawing import digests, settled
studio, found = Studio(), {}
for name, (folder, fields) in json.loads(sys.argv[1]).items():
    found[name] = digests(studio, settled(Path(folder), **fields), [4, 1])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture(scope="module")
def second_process(tiny: Path) -> dict[str, dict[str, str]]:
    """Pictures 4 and 1 of every case, drawn in that order by another process."""
    asked = {name: (str(tiny), fields) for name, fields in CASES.items()}
    return json.loads(child.run(IN_A_CHILD, json.dumps(asked)))


def assert_same_bits_everywhere(studio: Studio, what: ResolvedRequest) -> dict[int, str]:
    """Draw `COUNT` pictures in four ways; returns their digests."""
    batch = digests(studio, what, range(COUNT))
    assert len(set(batch.values())) == COUNT  # seeds differ, so pictures do
    shuffled = digests(studio, what, [5, 0, 3, 1, 4, 2])
    assert list(shuffled) == [5, 0, 3, 1, 4, 2]
    assert shuffled == batch
    assert each_alone(studio, what, [0, 5]) == {0: batch[0], 5: batch[5]}
    assert digests(studio, what, [2, 2, 2]) == {2: batch[2]}
    return batch


@pytest.mark.parametrize("case", CASES)
def test_bits_depend_on_recipe_and_index_alone(
    case: str, studio: Studio, tiny: Path, second_process: dict[str, dict[str, str]]
) -> None:
    what = settled(tiny, **CASES[case])
    batch = assert_same_bits_everywhere(studio, what)
    other = settled(tiny, "the blue cat", negative_prompt="red", seed=99, **CASES[case])
    assert set(digests(studio, other, range(2)).values()).isdisjoint(batch.values())
    assert digests(studio, what, [1]) == {1: batch[1]}
    assert second_process[case] == {"4": batch[4], "1": batch[1]}


def test_picture_i_of_a_seed_is_the_first_picture_of_seed_plus_i(studio: Studio, tiny: Path) -> None:
    batch = digests(studio, settled(tiny, seed=20), range(3))
    assert digests(studio, settled(tiny, seed=22), [0]) == {0: batch[2]}


def test_seed_zero_draws_its_own_picture_every_time(studio: Studio, tiny: Path) -> None:
    first = digests(studio, settled(tiny, seed=0), [0])
    assert digests(studio, settled(tiny, seed=0), [0]) == first
    assert digests(studio, settled(tiny, seed=1), [0]) != first


def test_a_model_that_was_put_down_and_taken_up_again_draws_the_same(tiny: Path, tiny_v: Path) -> None:
    with Studio() as studio:
        before = digests(studio, settled(tiny), [0])
        assert digests(studio, settled(tiny_v), [0]) != before
        assert digests(studio, settled(tiny), [0]) == before
        studio.close()
        assert digests(studio, settled(tiny), [0]) == before


DTYPES = ["float32", "bfloat16"]


@pytest.fixture(scope="module")
def builtin_in_a_second_process(builtin: Path) -> dict[str, dict[str, str]]:
    asked = {dtype: (str(builtin), {"dtype": dtype}) for dtype in DTYPES}
    return json.loads(child.run(IN_A_CHILD, json.dumps(asked)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_built_in_model_keeps_the_promise(
    dtype: str, builtin: Path, studio: Studio, builtin_in_a_second_process: dict[str, dict[str, str]]
) -> None:
    """The whole of it on the model people draw with: `-n 8`, another order, alone, and a second process."""
    what = settled(builtin, dtype=dtype)
    batch = digests(studio, what, range(8))
    assert len(set(batch.values())) == 8
    assert digests(studio, what, [6, 1, 3]) == {index: batch[index] for index in (6, 1, 3)}
    assert each_alone(studio, what, [1, 7]) == {index: batch[index] for index in (1, 7)}
    assert builtin_in_a_second_process[dtype] == {"4": batch[4], "1": batch[1]}

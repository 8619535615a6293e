"""Networks in ncnn's files do what their lines say; damaged ones are refused with a reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sdplay.core.errors import ModelBroken
from sdplay.families.common.ncnn import read_ncnn
from tests.support import ncnn

LINES = [
    "Input in 0 1 data",
    "Split twice 1 2 data one two",
    "Convolution first 1 1 one a 0=6 1=3 4=1 5=1 6=162 9=2 -23310=1,2.000000e-01",
    "PReLU bent 1 1 a b 0=6",
    "Split again 1 3 b b0 b1 b2",
    "Convolution second 1 1 b0 c 0=6 1=1 5=0 6=36 9=1",
    "Eltwise sum 2 1 c b1 d 0=1 -23301=2,2.000000e-01,1.000000e+00",
    "Concat both 2 1 d b2 e",
    "PixelShuffle out 1 1 e f 0=2",
    "Interp up 1 1 two g 0=2 1=2.0 2=2.0",
    "BinaryOp add 2 1 f g output 0=0",
]


def numbers(seed: int, *shape: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=shape) * 0.3
    return values.astype(np.float16).astype(np.float32)  # so that halves lose nothing


FIRST, BIAS, SLOPES, SECOND = numbers(1, 6, 3, 3, 3), numbers(2, 6), numbers(3, 6), numbers(4, 6, 6, 1, 1)
WEIGHTS = ncnn.half(FIRST) + BIAS.tobytes() + SLOPES.tobytes() + ncnn.whole(SECOND)


def expected(x: torch.Tensor) -> torch.Tensor:
    first, bias, slopes, second = map(torch.from_numpy, (FIRST, BIAS, SLOPES, SECOND))
    b = F.prelu(F.leaky_relu(F.conv2d(x, first, bias, padding=1), 0.2), slopes)
    d = F.relu(F.conv2d(b, second)) * 0.2 + b
    return F.pixel_shuffle(torch.cat([d, b], 1), 2) + F.interpolate(x, scale_factor=2, mode="bilinear")


def test_every_kind_of_layer_does_what_torch_does(tmp_path: Path) -> None:
    network = read_ncnn(*ncnn.write(tmp_path, "all", LINES, WEIGHTS))
    x = torch.rand(1, 3, 7, 5, generator=torch.Generator().manual_seed(0))
    drawn = network(x)
    assert drawn.shape == (1, 3, 14, 10)
    assert torch.allclose(drawn, expected(x), atol=1e-6)
    assert torch.equal(network(x), drawn)  # nothing is left behind in it


@pytest.mark.parametrize(
    ("lines", "weights", "reason"),
    [
        (LINES, WEIGHTS[:-4], "too short"),
        (LINES, WEIGHTS + bytes(4), "too long"),
        (LINES, b"\1\2\3\4" + WEIGHTS[4:], "stored in a way that is not known"),
        ([*LINES, "Softmax s 1 1 output end"], WEIGHTS, "'Softmax' are not known"),
        (LINES[1:], WEIGHTS, "does not begin with its one input"),
        ([LINES[0], "Convolution c 1 1 data output 0=3 1=3 3=2 6=81"], ncnn.half(numbers(5, 81)), "a kind that is not"),
        ([LINES[0], "Convolution c 1 1 data output 0=0 1=3 6=81"], b"", "cannot be used"),
        ([LINES[0], "BinaryOp b 2 1 data data output 0=2"], b"", "an operation that is not known"),
        ([LINES[0], "Interp i 1 1 data"], b"", "cannot be used"),
    ],
)
def test_what_is_damaged_or_strange_is_refused(tmp_path: Path, lines: list[str], weights: bytes, reason: str) -> None:
    with pytest.raises(ModelBroken, match=reason) as caught:
        read_ncnn(*ncnn.write(tmp_path, "bad", lines, weights))
    assert caught.value.field == "upscaler"


def test_another_file_is_no_network(tmp_path: Path) -> None:
    param, weights = ncnn.write(tmp_path, "bad", LINES, WEIGHTS)
    param.write_text("a picture\nof something\n")
    with pytest.raises(ModelBroken, match="not a text of ncnn"):
        read_ncnn(param, weights)
    with pytest.raises(ModelBroken, match="No such file"):
        read_ncnn(tmp_path / "none", weights)

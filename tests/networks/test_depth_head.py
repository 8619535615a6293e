"""The depth head is built from the shapes of its file's tensors, for pictures of any proportions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sdplay.networks.depth_head import DepthHead, depth_head


@pytest.mark.parametrize("widths", [(4, 6, 6, 8), (8, 5), (4, 8, 12, 8, 16)])
def test_its_widths_are_read_off_its_weights(widths: tuple[int, ...]) -> None:
    made = DepthHead(widths).half()
    read = depth_head(made.state_dict())
    assert read.multiple == 2 ** (len(widths) - 1)
    assert {tensor.dtype for tensor in read.state_dict().values()} == {torch.float32}
    assert all(torch.equal(tensor.half(), made.state_dict()[name]) for name, tensor in read.state_dict().items())
    with torch.inference_mode():
        near = read(torch.zeros(2, 3, 2 * read.multiple, 3 * read.multiple))
    assert near.shape == (2, 1, 2 * read.multiple, 3 * read.multiple)
    assert 0 <= float(near.min()) < float(near.max()) <= 1


@pytest.mark.parametrize("lost", ["last.bias", "first.0.weight", "down.1.0.0.weight", "up.0.0.weight"])
def test_other_files_are_refused(lost: str) -> None:
    tensors: dict[str, Tensor] = DepthHead((4, 6, 8)).state_dict()
    for wrong in ({}, {name: tensor for name, tensor in tensors.items() if name != lost}):
        with pytest.raises(ValueError, match="not those of a depth head"):
            depth_head(wrong)

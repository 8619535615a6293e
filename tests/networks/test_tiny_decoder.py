"""The small decoder of previews against that of diffusers, in both layouts of file, and of any size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers import AutoencoderTiny
from torch import Tensor

from sdplay.networks.tiny_decoder import TinyDecoder, tiny_decoder

LATENTS = torch.randn(2, 4, 5, 7, generator=torch.Generator().manual_seed(1)) * 2


@pytest.fixture
def theirs() -> Any:
    torch.manual_seed(2)
    widths = (16,) * 4
    return AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths).eval()


def of_taesd(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The names in taesd_decoder.safetensors, where what bends latents is layer 0."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.startswith("decoder.layers."):
            number, _, rest = name.removeprefix("decoder.layers.").partition(".")
            found[f"{int(number) + 1}.{rest}"] = tensor
    return found


@pytest.mark.parametrize("layout", [dict, of_taesd])
def test_it_is_that_of_diffusers(theirs: Any, layout: Any) -> None:
    ours = tiny_decoder(layout(theirs.state_dict()))
    assert (ours.channels, ours.factor) == (4, 8)
    with torch.inference_mode():
        wanted = theirs.decode(LATENTS, return_dict=False)[0]
        assert torch.allclose(ours(LATENTS) * 2 - 1, wanted, atol=1e-6)
    assert float(wanted.std()) > 0.01


@pytest.mark.parametrize("blocks", [(3, 1, 0), (2, 1, 1, 0), (1,), (0, 0)])
def test_its_size_is_read_off_its_weights(blocks: tuple[int, ...]) -> None:
    made = TinyDecoder(8, 12, blocks).eval()
    halved = {name: tensor.half() for name, tensor in made.state_dict().items()}
    read = tiny_decoder(halved)
    assert (read.channels, read.factor) == (8, 2 ** (len(blocks) - 1))
    with torch.inference_mode():
        drawn = read(torch.zeros(1, 8, 3, 2))
    assert drawn.shape == (1, 3, 3 * read.factor, 2 * read.factor)
    assert {tensor.dtype for tensor in read.state_dict().values()} == {torch.float32}


def test_other_files_are_refused(theirs: Any) -> None:
    tensors = of_taesd(theirs.state_dict())
    for wrong in (
        {},
        {"1.weight": torch.zeros(3)},
        {name: tensor for name, tensor in tensors.items() if name != "3.conv.0.bias"},
        tensors | {"encoder.1.weight": torch.zeros(1)},
        {name: tensor[:5] for name, tensor in tensors.items()},
    ):
        with pytest.raises(ValueError, match="layout of TAESD"):
            tiny_decoder(wrong)

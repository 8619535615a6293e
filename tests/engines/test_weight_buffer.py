"""Weights in one block of memory: whole, given back, filled again, and no more of them at a time than needed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdplay.core.errors import ModelBroken
from sdplay.engines.device import make_placement
from sdplay.engines.weight_buffer import MappedFile
from sdplay.families.sd.model import StableDiffusion
from sdplay.families.sd.model import load as load_sd
from tests.support import child

WEIGHTS = "diffusion_pytorch_model.safetensors"


def family(folder: Path, dtype: str = "float32") -> StableDiffusion:
    return load_sd(folder, make_placement("cpu", dtype, dtype))


def test_mapped_tensors_are_those_of_the_file(tiny: Path) -> None:
    path = tiny / "unet" / WEIGHTS
    mapped, read = MappedFile(path), load_file(path)
    assert mapped.tensors.keys() == read.keys()
    assert all(torch.equal(mapped.tensors[name], weight) for name, weight in read.items())
    mapped.release_pages()
    assert all(torch.equal(mapped.tensors[name], weight) for name, weight in read.items())


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_network_that_was_dropped_and_filled_gives_the_same_bits(tiny: Path, dtype: str) -> None:
    model = family(tiny, dtype)
    z = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    before = model.decode(z), model.encode_text("a cat").embeds
    for network in (model.vae, model.text_encoder):
        network.weight_buffer.unload()
        assert {p.untyped_storage().nbytes() for p in network.parameters()} == {0}
        network.weight_buffer.load()
    after = model.decode(z), model.encode_text("a cat").embeds
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))


class CutOff:
    """A file whose reading is cut off once."""

    def __init__(self, error: BaseException) -> None:
        self.errors = [error]

    def release_pages(self) -> None:
        if self.errors:
            raise self.errors.pop()


CUTS = [KeyboardInterrupt(), MemoryError()]


@pytest.mark.parametrize("error", CUTS, ids=["ctrl-c", "no memory"])
def test_a_fill_that_was_cut_off_begins_again(
    tiny: Path, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = family(tiny)
    z = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    before, block = model.decode(z), model.vae.weight_buffer
    block.unload()
    cut_off(block, error, monkeypatch)
    with pytest.raises(type(error)):
        block.load()
    assert {p.untyped_storage().nbytes() for p in model.vae.parameters()} == {0}
    block.load()
    assert torch.equal(model.decode(z), before)


def cut_off(block: Any, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next time `block` is filled, that ends with `error` after the first weight."""
    monkeypatch.setattr("sdplay.engines.weight_buffer.AT_A_TIME", 1)
    monkeypatch.setattr(block, "_files", [CutOff(error)])


@pytest.mark.parametrize("error", CUTS, ids=["ctrl-c", "no memory"])
@pytest.mark.parametrize("back", [False, True], ids=["to float32", "back again"])
def test_a_vae_that_was_cut_off_between_formats_draws_as_before(
    tiny: Path, back: bool, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = family(tiny, "bfloat16")
    z = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    half, exact = model.decode(z), model.decode_float32(z)
    assert not torch.equal(exact, half)
    if not back:
        cut_off(model.vae.weight_buffer, error, monkeypatch)
    with pytest.raises(type(error)), there_and_back(model):
        cut_off(model.vae.weight_buffer, error, monkeypatch)
    for _ in range(2):
        assert torch.equal(model.decode(z), half)
        assert torch.equal(model.decode_float32(z), exact)


@contextmanager
def there_and_back(model: Any) -> Iterator[None]:
    """For a while the VAE is one in float32, and then it is asked for something in its own format."""
    with model.vae.weight_buffer.in_dtype(torch.float32):
        yield
    model.decode(torch.zeros(1, 4, 8, 8))


def changed(folder: Path, tmp_path: Path, renamed: dict[str, str], part: str = f"vae/{WEIGHTS}") -> Path:
    """A copy of `folder` in which weights of `part` have other names."""
    copy = Path(shutil.copytree(folder, tmp_path / "model"))
    weights = {}
    for name, weight in load_file(copy / part).items():
        for now, then in renamed.items():
            name = name.replace(now, then)
        weights[name] = weight
    save_file(weights, copy / part, {"format": "pt"})
    return copy


OLDER = {".to_q.": ".query.", ".to_k.": ".key.", ".to_v.": ".value.", ".to_out.0.": ".proj_attn."}


def test_names_of_older_libraries_are_understood(tiny: Path, tmp_path: Path) -> None:
    """Attention of a VAE as diffusers wrote it up to 0.15, and a text encoder as transformers writes it from 5.6."""
    z = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    old = changed(tiny, tmp_path / "codec", OLDER)
    assert torch.equal(family(old).decode(z), family(tiny).decode(z))
    new = changed(tiny, tmp_path / "text", {"text_model.": ""}, "text_encoder/model.safetensors")
    assert torch.equal(family(new).encode_text("a cat").embeds, family(tiny).encode_text("a cat").embeds)


def test_a_weight_of_another_shape_is_named(tiny: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(tiny, tmp_path / "model"))
    weights = load_file(copy / "vae" / WEIGHTS)
    save_file(weights | {"decoder.conv_in.bias": torch.zeros(3)}, copy / "vae" / WEIGHTS, {"format": "pt"})
    with pytest.raises(ModelBroken, match=r"its vae cannot be used: its decoder\.conv_in\.bias is \(3,\) in the file"):
        family(copy)


def test_a_layer_is_laid_out_as_convolutions_like_it(tiny: Path) -> None:
    """Whatever order the file has: the memory of channels lies side by side, and every weight begins aligned."""
    model: Any = family(tiny)
    for network in (model.unet, model.vae):
        for weight in network.parameters():
            assert weight.dim() != 4 or weight.is_contiguous(memory_format=torch.channels_last)
            assert weight.data_ptr() % 64 == 0


LOADING = """
import re, sys
from pathlib import Path
from sdplay.engines.device import make_placement
from sdplay.families.sd.model import load as load_sd
def memory(what):
    return int(re.search(what + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
load_sd(Path(sys.argv[1]), make_placement("cpu", "float32", "float32"))  # all that is imported along the way
before = memory("VmRSS")
model = load_sd(Path(sys.argv[2]), make_placement("cpu", "bfloat16", "bfloat16"))
weights = sum(p.nbytes for n in (model.unet, model.vae, model.text_encoder) for p in n.parameters())
print(weights, memory("VmHWM") - before)
"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose network has 480 MB of weights in float32."""
    from tests.support.truesize import SD15_UNET, Build, build_true_size, text

    unet = SD15_UNET | {"block_out_channels": (64, 448, 640, 640), "layers_per_block": 1, "cross_attention_dim": 128}
    vae = {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
    build = Build(base="sd15", unet=unet, texts=(text(128, 1, "quick_gelu"),), vae=vae)
    return build_true_size(tmp_path_factory.mktemp("wide") / "model", build)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from Linux's /proc")
def test_loading_takes_the_memory_of_the_weights_and_little_more(tiny: Path, wide: Path) -> None:
    """Also where the file has them twice as wide: neither the file nor another copy is held beside them."""
    weights, taken = map(int, child.run(LOADING, tiny, wide).split())
    assert weights > 200e6
    assert weights < taken < weights + 140e6

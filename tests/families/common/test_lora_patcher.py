"""LoRAs on a model: as diffusers and PEFT apply the same files, taken off without a trace, refused where unfit."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import TORCH, CompiledComponent, make_placement
from sdplay.families.base import load_family
from sdplay.families.common import lora_patcher as patches
from sdplay.families.common.original_layout import unet_names
from sdplay.library.add_ons import resolve_add_on
from sdplay.library.library import Library
from tests.support import loras
from tests.support.stock import StockText, StockUNet

pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config` attribute:UserWarning")  # of PEFT
TOLERANCE = 1e-5  # relative L2 of what the networks say, in float32
TEXT = "a red apple on a table"


def found(path: Path, tmp_path: Path) -> ResolvedAddOn:
    return resolve_add_on("lora", str(path), Library(home=tmp_path / "home"))


def loaded(folder: Path, base: str) -> Any:
    return load_family("sdxl" if base == "sdxl" else "sd", folder, make_placement("cpu", "float32", "float32"))


def said(family: Any) -> dict[str, Tensor]:
    """What text encoders and network say with what is on now: the text, and one answer to the same question."""
    with torch.inference_mode():
        words = family.encode_text(TEXT)
        x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
        found = {"text": words.embeds, "network": family.denoiser([words])(x, 3.0)}
        return found | ({"pooled": words.pooled} if words.pooled is not None else {})


def distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


class Theirs:
    """The stock pipeline with the same files loaded by diffusers and PEFT, asked through our own doors."""

    def __init__(self, folder: Path, base: str) -> None:
        from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

        kind = StableDiffusionXLPipeline if base == "sdxl" else StableDiffusionPipeline
        extra = {} if base == "sdxl" else {"safety_checker": None}
        self.pipeline = kind.from_pretrained(folder, local_files_only=True, **extra)
        self.family = loaded(folder, base)

    def load(self, path: Path, name: str) -> None:
        self.pipeline.load_lora_weights(path, adapter_name=name)

    def said(self, **weights: float) -> dict[str, Tensor]:
        self.pipeline.set_adapters(list(weights), list(weights.values()))
        ours, p = self.family, self.pipeline
        ours.compiled_unet = CompiledComponent(StockUNet(p.unet), TORCH)
        if hasattr(ours, "text_encoders"):
            ours.text_encoders = (StockText(p.text_encoder), StockText(p.text_encoder_2))
        else:
            ours.text_encoder = StockText(p.text_encoder)
        return said(ours)


LAYOUTS: dict[str, Callable[[Any, int], dict[str, Tensor]]] = {
    "kohya": lambda family, seed: loras.kohya(loras.layers_of(family), seed),
    "kohya with convolutions": lambda family, seed: loras.kohya(loras.layers_of(family, conv=True), seed),
    "kohya, network alone": lambda family, seed: loras.kohya(loras.layers_of(family, text=False), seed),
    "PEFT": lambda family, seed: loras.peft(loras.layers_of(family), seed),
    "older diffusers": lambda family, seed: loras.older(loras.layers_of(family, text=False), seed),
}


@pytest.mark.parametrize(
    ("layout", "base"), [*((layout, "sd15") for layout in LAYOUTS), ("kohya", "sdxl"), ("PEFT", "sdxl")]
)
def test_two_loras_do_what_they_do_in_diffusers(layout: str, base: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    ours, theirs = loaded(kinds[base], base), Theirs(kinds[base], base)
    plain = said(ours)
    one, other = (loras.write(tmp_path / f"{seed}.safetensors", LAYOUTS[layout](ours, seed)) for seed in (1, 2))
    add_ons = [found(one, tmp_path), found(other, tmp_path)]
    ours.load_add_ons(add_ons)
    theirs.load(one, "one")
    theirs.load(other, "other")
    on = tuple(zip((add_on.identity.digest for add_on in add_ons), (0.8, -0.5), strict=True))
    now, wanted = said(ours.with_add_ons(on, on)), theirs.said(one=0.8, other=-0.5)
    for name in wanted:
        assert distance(now[name], wanted[name]) <= TOLERANCE, name
    assert distance(now["network"], plain["network"]) > 1e-3
    touches_text = layout in ("kohya", "kohya with convolutions", "PEFT")
    assert (distance(now["text"], plain["text"]) > 1e-3) == touches_text


def test_kohyas_sdxl_files_have_the_original_numbers(kinds: dict[str, Path], tmp_path: Path) -> None:
    ours, theirs = loaded(kinds["sdxl"], "sdxl"), Theirs(kinds["sdxl"], "sdxl")
    names = unet_names([name for name, _ in ours.unet.named_modules()], 1)
    layers = loras.layers_of(ours, conv=True)
    tensors = loras.kohya(layers, 1, lambda name: names[name])
    assert any(re.match(r"lora_unet_(input|middle|output)_block", name) for name in tensors)
    assert not any(re.match(r"lora_unet_(up|down|mid)_block", name) for name in tensors)
    path = loras.write(tmp_path / "x.safetensors", tensors)
    add_on = found(path, tmp_path)
    ours.load_add_ons([add_on])
    attention = {name: tensor for name, tensor in tensors.items() if "attn" in name or "_te" in name}
    theirs.load(loras.write(tmp_path / "y.safetensors", attention), "x")  # diffusers reads no numbered convolutions
    ours.load_add_ons([only := found(tmp_path / "y.safetensors", tmp_path)])
    now = said(ours.with_add_ons(((only.identity.digest, 0.7),), ((only.identity.digest, 0.7),)))
    for name, wanted in theirs.said(x=0.7).items():
        assert distance(now[name], wanted) <= TOLERANCE, name
    same = loras.write(tmp_path / "z.safetensors", loras.kohya(layers, 1))
    ours.load_add_ons([add_on, other := found(same, tmp_path)])
    by_number, by_name = (said(ours.with_add_ons(((one.identity.digest, 0.7),))) for one in (add_on, other))
    assert torch.equal(by_number["network"], by_name["network"])


def test_an_alpha_beside_the_tensors_counts(kinds: dict[str, Path], tmp_path: Path) -> None:
    ours, theirs = loaded(kinds["sd15"], "sd15"), Theirs(kinds["sd15"], "sd15")
    tensors = loras.peft(loras.layers_of(ours, text=False), 1)
    noted = {"unet.r": 3, "unet.lora_alpha": 6, "unet.target_modules": ["to_q", "to_k", "to_v", "to_out.0"]}
    path = loras.write(tmp_path / "x.safetensors", tensors, lora_adapter_metadata=noted)
    ours.load_add_ons([add_on := found(path, tmp_path)])
    theirs.load(path, "x")
    now, wanted = said(ours.with_add_ons(((add_on.identity.digest, 1.0),))), theirs.said(x=1.0)
    assert distance(now["network"], wanted["network"]) <= TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_what_is_taken_off_leaves_no_trace(dtype: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    ours = load_family("sd", kinds["sd15"], make_placement("cpu", dtype, "float32"))
    before = {name: tensor.clone() for name, tensor in ours.unet.state_dict().items()}
    plain = said(ours)
    paths = [
        loras.write(tmp_path / f"{seed}.safetensors", loras.kohya(loras.layers_of(ours, conv=seed == 2), seed))
        for seed in (1, 2)
    ]
    one, other = (found(path, tmp_path) for path in paths)
    ours.load_add_ons([one, other])
    a, b = one.identity.digest, other.identity.digest
    first = said(ours.with_add_ons(((a, 0.5),), ((a, 0.5),)))
    said(ours.with_add_ons(((a, 0.2), (b, -3.0)), ((b, 9.0),)))
    again = said(ours.with_add_ons(((a, 0.5),), ((a, 0.5),)))
    for name in plain:
        assert torch.equal(first[name], again[name])
        assert torch.equal(said(ours)[name], plain[name])
        assert not torch.equal(first[name], plain[name])
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.unet.state_dict().items())
    assert not ours.lora_patcher._originals


def test_one_that_is_cut_off_in_the_middle_leaves_nothing_on(
    kinds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = loaded(kinds["sd15"], "sd15")
    plain = said(ours)
    path = loras.write(tmp_path / "x.safetensors", loras.kohya(loras.layers_of(ours), 1))
    ours.load_add_ons([add_on := found(path, tmp_path)])
    on = ours.with_add_ons(((add_on.identity.digest, 0.5),))
    half = said(on)
    made, calls = patches.patched_weight, iter(range(100))

    def interrupted(*given: Any) -> Tensor:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return made(*given)

    monkeypatch.setattr(patches, "patched_weight", interrupted)
    with pytest.raises(KeyboardInterrupt):
        said(ours.with_add_ons(((add_on.identity.digest, 0.9),)))
    monkeypatch.undo()
    assert torch.equal(said(ours)["network"], plain["network"])
    assert torch.equal(said(on)["network"], half["network"])


def test_one_whose_end_is_cut_off_too_is_taken_off_when_it_is_asked_again(
    kinds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = loaded(kinds["sd15"], "sd15")
    plain = said(ours)
    path = loras.write(tmp_path / "x.safetensors", loras.kohya(loras.layers_of(ours), 1))
    ours.load_add_ons([add_on := found(path, tmp_path)])
    on = ours.with_add_ons(((add_on.identity.digest, 0.5),))
    half = said(on)
    take_off = patches.LoraPatcher._restore

    def interrupted(of: patches.LoraPatcher, layers: Any) -> None:
        take_off(of, layers[:2])
        if layers:
            raise KeyboardInterrupt

    def out_of_memory(*given: Any) -> Tensor:
        raise MemoryError

    monkeypatch.setattr(patches, "patched_weight", out_of_memory)
    monkeypatch.setattr(patches.LoraPatcher, "_restore", interrupted)
    with pytest.raises(KeyboardInterrupt):
        said(ours.with_add_ons(((add_on.identity.digest, 0.9),)))
    monkeypatch.undo()
    assert ours.lora_patcher._originals
    ours.load_add_ons([])
    assert torch.equal(said(ours)["network"], plain["network"])
    assert not ours.lora_patcher._originals
    assert torch.equal(said(on)["network"], half["network"])


def test_two_that_spell_the_same_layers_in_two_ways_leave_no_trace(kinds: dict[str, Path], tmp_path: Path) -> None:
    ours = loaded(kinds["sdxl"], "sdxl")
    before = {name: tensor.clone() for name, tensor in ours.unet.state_dict().items()}
    original = unet_names([name for name, _ in ours.unet.named_modules()], 1)
    layers = loras.layers_of(ours, text=False)
    written = (loras.peft(layers, 1), loras.kohya(layers, 2, lambda name: original[name]), loras.kohya(layers, 2))
    paths = (loras.write(tmp_path / f"{number}.safetensors", tensors) for number, tensors in enumerate(written))
    ours.load_add_ons(add_ons := [found(path, tmp_path) for path in paths])
    dotted, by_number, by_name = (add_on.identity.digest for add_on in add_ons)
    ours.lora_patcher.apply("network", ((dotted, 0.5),))
    ours.lora_patcher.apply("network", ((dotted, 0.5), (by_number, 0.8)))
    both = {name: tensor.clone() for name, tensor in ours.unet.state_dict().items()}
    ours.lora_patcher.apply("network", ())
    assert all(torch.equal(tensor, before[name]) for name, tensor in ours.unet.state_dict().items())
    ours.lora_patcher.apply("network", ((dotted, 0.5), (by_name, 0.8)))
    assert all(torch.equal(tensor, both[name]) for name, tensor in ours.unet.state_dict().items())


@pytest.mark.parametrize("way", ["original numbers", "dots"])
def test_a_file_that_names_a_layer_twice_is_refused(way: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    ours = loaded(kinds["sdxl"], "sdxl")
    original = unet_names([name for name, _ in ours.unet.named_modules()], 1)
    layers = [layer for layer in loras.layers_of(ours, text=False) if layer[1].startswith("mid_block")][:1]
    second = loras.peft(layers, 2) if way == "dots" else loras.kohya(layers, 2, lambda name: original[name])
    told = refusal({**loras.kohya(layers, 1), **second}, kinds["sdxl"], "sdxl", tmp_path)
    assert re.match(r"it names the layer mid_block_\w+ (of the unet )?twice, once as ", told)


def test_a_convolution_between_two_small_ones(kinds: dict[str, Path], tmp_path: Path) -> None:
    ours = loaded(kinds["sd15"], "sd15")
    name, layer = "lora_unet_mid_block_resnets_0_conv1", ours.unet.mid_block.resnets[0].conv1
    down, mid, up = torch.randn(2, 128, 1, 1), torch.randn(2, 2, 3, 3), torch.randn(128, 2, 1, 1)
    tensors = {f"{name}.lora_{part}.weight": t for part, t in (("down", down), ("mid", mid), ("up", up))}
    add_on = found(loras.write(tmp_path / "x.safetensors", {**tensors, f"{name}.alpha": torch.tensor(1.0)}), tmp_path)
    ours.load_add_ons([add_on])
    x = torch.randn(1, 128, 4, 4)
    with torch.inference_mode():
        conv = torch.nn.functional.conv2d
        wanted = layer(x) + 0.5 * 0.6 * conv(conv(conv(x, down), mid, padding=1), up)
        ours.lora_patcher.apply("network", ((add_on.identity.digest, 0.6),))
        assert distance(layer(x), wanted) <= TOLERANCE


def refusal(tensors: dict[str, Tensor], folder: Path, base: str, tmp_path: Path) -> str:
    path = loras.write(tmp_path / "x.safetensors", tensors)
    with pytest.raises(BadRequest) as caught:
        loaded(folder, base).load_add_ons([found(path, tmp_path)])
    assert caught.value.field == "lora"
    assert caught.value.hint
    return caught.value.reason


def test_a_lora_for_another_kind_of_model_is_refused_in_words(kinds: dict[str, Path], tmp_path: Path) -> None:
    for_xl = loras.kohya(loras.layers_of(loaded(kinds["sdxl"], "sdxl")), 1)
    said = refusal(for_xl, kinds["sd15"], "sd15", tmp_path)
    assert said == "it was made for a model (texts 128 wide), and this model is a model (texts 64 wide)"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "lora_unet_nowhere_to_q.lora_down.weight",
            "1 of its 2 layers are not in this model, nowhere_to_q of the unet",
        ),
        ("lora_unet_conv_in.hada_w1_a", "it holds LoHa, which this program cannot apply"),
        ("lora_unet_conv_in.dora_scale", "it holds DoRA"),
        ("something.else", "it holds a tensor that is not part of a LoRA: something.else"),
        ("lora_unet_conv_in.lora_down.weight", "its layer conv_in has only one of its two factors"),
    ],
)
def test_what_cannot_be_applied_is_told(name: str, told: str, kinds: dict[str, Path], tmp_path: Path) -> None:
    good = loras.kohya(loras.layers_of(loaded(kinds["sd15"], "sd15"), text=False)[:1], 1)
    extra = {name: torch.zeros(2, 64)}
    if "nowhere" in name:
        extra["lora_unet_nowhere_to_q.lora_up.weight"] = torch.zeros(64, 2)
    assert refusal({**good, **extra}, kinds["sd15"], "sd15", tmp_path).startswith(told)


def test_a_layer_of_another_shape_is_told(kinds: dict[str, Path], tmp_path: Path) -> None:
    wrong = {
        "lora_unet_conv_in.lora_down.weight": torch.zeros(2, 3, 3, 3),
        "lora_unet_conv_in.lora_up.weight": torch.zeros(64, 2, 1, 1),
    }
    assert "its layer conv_in does not fit (64, 4, 3, 3)" in refusal(wrong, kinds["sd15"], "sd15", tmp_path)

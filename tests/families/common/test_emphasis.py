"""Weighted and long texts on real text encoders: bits where nothing is weighed, a kept mean where something is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sdplay.engines.device import make_placement
from sdplay.families.common.latent_model import pad_embeds
from sdplay.families.common.text_encoder import apply_emphasis
from sdplay.families.common.tokenizer import Chunk
from sdplay.families.sd.model import StableDiffusion
from sdplay.families.sd.model import load as load_sd
from sdplay.families.sdxl.model import StableDiffusionXL
from sdplay.families.sdxl.model import load as load_sdxl
from sdplay.prompts.attention import weighted
from tests.support.kinds import build_kind

FLOAT32 = make_placement("cpu", "float32", "float32")
TOKENS = 24


@pytest.fixture(scope="module")
def family(tiny: Path) -> StableDiffusion:
    return load_sd(tiny, FLOAT32)


@pytest.fixture(scope="module")
def xl(tmp_path_factory: pytest.TempPathFactory) -> StableDiffusionXL:
    return load_sdxl(build_kind(tmp_path_factory.mktemp("models") / "xl", "sdxl"), FLOAT32)


@pytest.mark.parametrize("text", ["a red apple", "", "the cat, on a blue render", "ÄÖ 🍎 <|endoftext|> a", "red " * 22])
def test_plain_text_that_fits_has_the_same_bits_as_ever(
    family: StableDiffusion, xl: StableDiffusionXL, text: str
) -> None:
    for each in (family, xl):
        before, after = each.encode_text(text), each.encode_weighted_text(weighted(text))
        assert torch.equal(before.embeds, after.embeds)
        assert (before.pooled is None) == (after.pooled is None)
        if before.pooled is not None and after.pooled is not None:
            assert torch.equal(before.pooled, after.pooled)


def test_a_long_text_is_its_chunks_one_after_the_other(family: StableDiffusion, xl: StableDiffusionXL) -> None:
    for each, size in ((family, 22), (xl, 75)):
        whole = each.encode_weighted_text(weighted("red " * size + "apple"))
        first, second = each.encode_text("red " * size), each.encode_text("apple")
        assert torch.equal(whole.embeds, torch.cat([first.embeds, second.embeds]))
        if first.pooled is not None and whole.pooled is not None:
            assert torch.equal(whole.pooled, first.pooled)


def test_break_begins_a_chunk(family: StableDiffusion) -> None:
    whole = family.encode_weighted_text(weighted("a cat BREAK an apple"))
    assert torch.equal(whole.embeds[TOKENS:], family.encode_text("an apple").embeds)
    assert torch.equal(whole.embeds[:TOKENS], family.encode_text("a cat").embeds)


def test_a_weight_scales_its_tokens_against_the_others_and_keeps_the_mean(family: StableDiffusion) -> None:
    plain, heavy = (
        family.encode_text("a red apple").embeds,
        family.encode_weighted_text(weighted("a (red:1.5) apple")).embeds,
    )
    assert heavy.mean() == pytest.approx(plain.mean().item(), rel=1e-4)
    ratio = (heavy / plain).mean(dim=1)
    assert ratio[2] / ratio[1] == pytest.approx(1.5, rel=1e-3)  # the mark, "a", then "red"
    assert torch.allclose(ratio[[0, 1, 3, 4, 23]], ratio[0].expand(5), rtol=1e-3)


def test_weights_of_each_chunk_are_its_own(family: StableDiffusion) -> None:
    whole = family.encode_weighted_text(weighted("a cat BREAK (an apple:1.4)"))
    assert torch.equal(whole.embeds[:TOKENS], family.encode_text("a cat").embeds)
    assert not torch.equal(whole.embeds[TOKENS:], family.encode_text("an apple").embeds)


def test_sdxl_weighs_each_encoder_by_itself_and_leaves_the_pooled_text(xl: StableDiffusionXL) -> None:
    plain, heavy = xl.encode_text("a red apple"), xl.encode_weighted_text(weighted("a (red:1.5) apple"))
    assert plain.pooled is not None
    assert heavy.pooled is not None
    assert torch.equal(plain.pooled, heavy.pooled)
    edge = xl.text_encoders[0].config.hidden_size
    for side in (slice(0, edge), slice(edge, None)):
        assert heavy.embeds[:, side].mean() == pytest.approx(plain.embeds[:, side].mean().item(), rel=1e-3)
    assert not torch.equal(plain.embeds, heavy.embeds)


def test_a_mean_of_nothing_leaves_numbers() -> None:
    states = torch.ones(4, 2)
    states[2:] = -1  # the weighted states have no mean to restore
    found = apply_emphasis(states, Chunk((5,), (1.0,)))
    assert found is states
    found = apply_emphasis(torch.tensor([[1.0], [1.0], [-2.0]]), Chunk((5,), (3.0,)))
    assert bool(torch.isfinite(found).all())
    found = apply_emphasis(torch.tensor([[1.0], [1.0], [2.0]]), Chunk((5,), (-3.0,)))
    assert bool(torch.isfinite(found).all())


@pytest.mark.parametrize("noise", [3e-8, -3e-8])
def test_a_mean_that_rounding_made_decides_nothing(noise: float) -> None:
    """Its sign, which is another on another processor, must not turn the text into its opposite."""
    states = torch.tensor([[1.0, -1.0], [1.0, -0.5], [1.0, -1.5 + noise]]) + noise
    assert torch.equal(apply_emphasis(states, Chunk((5,), (1.5,))), states * torch.tensor([[1.0], [1.5], [1.0]]))


def test_weights_that_cancel_each_other_do_not_blow_the_text_up() -> None:
    found = apply_emphasis(torch.tensor([[1.0], [1.0], [0.0]]), Chunk((5,), (-0.999,)))
    assert found.flatten().tolist() == pytest.approx([1.0, -0.999, 0.0])
    found = apply_emphasis(torch.ones(77, 1), Chunk((5,) * 75, (0.0,) * 75))
    assert found[[0, 76]].flatten().tolist() == pytest.approx([38.5, 38.5])  # a whole chunk of nothing is still told


def test_rows_of_different_lengths_are_padded_and_the_padding_is_not_seen(family: StableDiffusion) -> None:
    short, long = family.encode_text("a cat"), family.encode_weighted_text(weighted("red " * 40))
    batch, mask = pad_embeds([short.embeds, long.embeds])
    assert batch.shape == (2, 48, 32)
    assert mask is not None
    assert mask.tolist() == [[1.0] * 24 + [0.0] * 24, [1.0] * 48]
    assert pad_embeds([short.embeds, short.embeds])[1] is None
    x = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together = family.denoiser([short, long])(torch.cat([x, x]), 5.0)
        alone = torch.cat([family.denoiser([each])(x, 5.0) for each in (short, long)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert not torch.allclose(together[0], together[1], atol=1e-3)

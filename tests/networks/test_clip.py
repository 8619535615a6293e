"""CLIP's text encoders against those of transformers, to the bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import CLIPTextModel as Stock
from transformers import CLIPTextModelWithProjection

from sdplay.families.common.tokenizer import SIZE, TOKENS
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.config import ClipTextConfig
from tests.support.kinds import text_config
from tests.support.tiny import train_norm
from tests.support.twins import FORMATS, twin

TEXTS = [(320, 736, 3055), (320,) * 30]


def read(config: Any, kind: type[Any], dtype: torch.dtype) -> tuple[Any, Any]:
    """What ours and theirs make of two texts."""
    torch.manual_seed(5)
    theirs = kind(config)
    train_norm(theirs)
    ours = CLIPTextModel(ClipTextConfig.read(config.to_dict()), projected=kind is CLIPTextModelWithProjection)
    twin(ours, theirs, dtype, below="" if kind is CLIPTextModelWithProjection else "text_model.")
    ends = [(SIZE - 2, *text, *[SIZE - 1] * (TOKENS - 1 - len(text))) for text in TEXTS]
    tokens = torch.tensor(ends)
    with torch.inference_mode():
        return ours(tokens), theirs(tokens, output_hidden_states=True)


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("act", ["quick_gelu", "gelu"])
def test_every_layer_is_that_of_transformers(act: str, dtype: torch.dtype) -> None:
    ours, theirs = read(text_config(act, 3), Stock, dtype)
    assert torch.equal(ours.last_hidden_state, theirs.last_hidden_state)
    assert len(ours.hidden_states) == len(theirs.hidden_states) == 4
    assert all(map(torch.equal, ours.hidden_states, theirs.hidden_states))
    assert ours.text_embeds is None


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("end", [SIZE - 1, 2])
def test_the_pooled_text_is_that_of_transformers(end: int, dtype: torch.dtype) -> None:
    """2 is what SDXL's files call the end of a text, wrongly."""
    config = text_config("gelu", 2)
    config.eos_token_id = end
    ours, theirs = read(config, CLIPTextModelWithProjection, dtype)
    assert torch.equal(ours.text_embeds, theirs.text_embeds)
    assert not torch.equal(ours.text_embeds[0], ours.text_embeds[1])


def test_vectors_take_the_place_of_those_of_tokens() -> None:
    network = CLIPTextModel(ClipTextConfig.read(text_config("gelu", 2).to_dict())).eval()
    tokens = torch.tensor([[SIZE - 2, 320, 736, SIZE - 1]])
    with torch.inference_mode():
        vectors = network.embed(tokens)
        assert torch.equal(network(tokens, vectors).last_hidden_state, network(tokens).last_hidden_state)
        vectors[0, 2] = network.embed(torch.tensor([3055]))[0]
        other = network(torch.tensor([[SIZE - 2, 320, 3055, SIZE - 1]])).last_hidden_state
        assert torch.equal(network(tokens, vectors).last_hidden_state, other)

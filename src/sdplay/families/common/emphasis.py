"""Chunks of weighted text as a text encoder takes them, and weights on what it gives back."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from sdplay.families.common.chunks import Chunk, Tokenize

# A mean this much smaller than the numbers it is taken of is what rounding left of zero (float32 leaves 1e-7 of them,
# float16 1e-6), other on every processor, down to its sign. The built-in model's are 2e-4 and more.
LEAST_MEAN = 1e-5
# Weights of nothing on a whole chunk of 75 tokens ask for 77/2. What asks for more cancels itself.
MOST_SCALE = 100.0


def plain_tokenizer(tokenizer: Any) -> Tokenize:
    """The tokens of a text without marks around them, however long it is."""
    return lambda text: tokenizer(text, add_special_tokens=False, verbose=False).input_ids


def chunk_input_ids(chunk: Chunk, tokenizer: Any, text_encoder: Any) -> Tensor:
    """The numbers of a chunk [1, length] between their marks, padded to the length the text encoder reads."""
    length = text_encoder.config.max_position_embeddings
    tokens = [tokenizer.bos_token_id, *chunk.tokens, tokenizer.eos_token_id]
    tokens += [tokenizer.pad_token_id] * (length - len(tokens))
    return torch.tensor([tokens], device=text_encoder.device)


def apply_emphasis(states: Tensor, chunk: Chunk) -> Tensor:
    """`states` [length, width] of a marked chunk, each token's times its weight, then all scaled so that their mean is
    what it was; marks and padding weigh 1. Without weights they are left alone, to the bit.

    This is the weighting that A1111 calls "Original"; there the mean is taken over all variants of a scheduled prompt
    at once, here over each text, so that no text depends on another. Where there is no mean to speak of, before or
    after (`LEAST_MEAN`, `MOST_SCALE`), nothing is scaled: its quotient would be noise.
    """
    if not chunk.weighted:
        return states
    weights = torch.ones(len(states), 1)
    weights[1 : 1 + len(chunk.weights), 0] = torch.tensor(chunk.weights)
    before = states.float()
    after = before * weights.to(before.device)
    mean = before.mean()
    scale = mean / after.mean()
    known = (mean.abs() >= LEAST_MEAN * before.abs().mean()) & (scale.abs() <= MOST_SCALE)
    return (after * (scale if known else 1.0)).to(states.dtype)

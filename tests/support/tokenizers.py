"""CLIP's tokenizer as transformers has it, for stock pipelines."""

from __future__ import annotations

from typing import Any

from sdplay.families.common.tokenizer import TOKENS, clip_vocabulary
from sdplay.networks.tokenizer import END


def stock_tokenizer(pad: str = END) -> Any:
    """CLIP's, or with `pad` "!" OpenCLIP's."""
    from transformers import CLIPTokenizer

    vocabulary, merges = clip_vocabulary()
    return CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=TOKENS)

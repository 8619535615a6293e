"""From texts to what text encoders take and give: token ids, textual inversions, clip skip and emphasis.

Textual inversions (Gal et al. 2022) are words that stand for vectors found by training, in small files. As in A1111,
the name of the file is the word. It takes as many tokens as the file has vectors, and these stay together in one chunk.

Clip skip says which layer of its text encoder a model reads, counted from the end as A1111 and ComfyUI count: 1 is the
last, 2 the one before it. Stable Diffusion 2.x and XL read the one before the last by design, so 1 and 2 are the same
to them (their files may leave the last out). diffusers' `clip_skip` counts from the layer that the model reads: its 1
is 2 here for Stable Diffusion 1.x, and 3 for the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.identity import ResolvedAddOn
from sdplay.families.common.tokenizer import (
    FIRST_EMBEDDING_TOKEN,
    SPECIAL_TOKENS,
    Chunk,
    Tokenize,
    embedding_tokens,
    slot_and_row,
    with_embeddings,
)
from sdplay.networks.clip import CLIPTextModel, TextStates
from sdplay.networks.tokenizer import CLIPTokenizer
from sdplay.prompts.lora_tags import ActiveEmbeddings

# A mean this much smaller than the numbers it is taken of is what rounding left of zero (float32 leaves 1e-7 of them,
# float16 1e-6), other on every processor, down to its sign. The built-in model's are 2e-4 and more.
LEAST_MEAN = 1e-5
# Weights of nothing on a whole chunk of 75 tokens ask for 77/2. What asks for more cancels itself.
MOST_SCALE = 100.0


LAST, BEFORE_LAST = 1, 2

BY_ENCODER = (("clip_l", "text_encoders_0"), ("clip_g", "text_encoders_1"))  # what files for SDXL call their two parts
MOST_CACHED = 64


class TextualInversions:
    """The files that were read, by digest: vectors [n, width] for each text encoder. A vector's token is a number that
    no vocabulary reaches.
    """

    def __init__(self, encoders: Sequence[CLIPTextModel]) -> None:
        self.encoders = encoders
        self.vectors: dict[str, tuple[Tensor, ...]] = {}
        self._slots: dict[str, int] = {}

    def load(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        """Read those among `add_ons` that are not held yet; raises `BadRequest` for one that does not fit."""
        wanted = {one.identity.digest: one for one in add_ons if one.identity.kind == "embedding"}
        for digest, one in wanted.items():
            self.vectors[digest] = self.vectors.pop(digest) if digest in self.vectors else self.read(one)
            self._slots.setdefault(digest, len(self._slots))
        for digest in [digest for digest in self.vectors if digest not in wanted][:-MOST_CACHED]:
            del self.vectors[digest]

    def read(self, one: ResolvedAddOn) -> tuple[Tensor, ...]:
        """The vectors in a file for each of the text encoders."""
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors = load_file(one.path)
        except SafetensorError as error:
            raise embedding_error(one.origin, f"it cannot be read: {error}", "fetch the file again") from None
        found = vectors_in(tensors, len(self.encoders))
        widths = tuple(encoder.config.hidden_size for encoder in self.encoders)
        words = [name for name, tensor in tensors.items() if tensor.ndim == 1]
        if found is None and len(words) == len(tensors):
            shown = ", ".join(words[:3]) + (", …" if len(words) > 3 else "")
            reason = f"it holds {len(words)} words ({shown}), and this program reads one word from a file"
            raise embedding_error(one.origin, reason, "save each of them in a file of its own")
        if found is None:
            raise embedding_error(
                one.origin, f"it has no vectors for one of the {len(widths)} text encoders of this model"
            )
        for vectors, width in zip(found, widths, strict=True):
            if vectors.ndim != 2 or vectors.size(1) != width:
                raise embedding_error(
                    one.origin, f"its vectors are {vectors.size(-1)} wide, those of this model's texts {width}"
                )
        longest = min(encoder.config.max_position_embeddings for encoder in self.encoders) - SPECIAL_TOKENS
        counts = {len(vectors) for vectors in found}
        if len(counts) > 1 or not 0 < max(counts) <= longest:
            found_counts = " and ".join(map(str, sorted(counts)))
            raise embedding_error(
                one.origin, f"it holds {found_counts} vectors, and 1 to {longest} make a word, as many for each encoder"
            )
        return found

    def tokenizer_with(self, tokenize: Tokenize, words: ActiveEmbeddings) -> Tokenize:
        """`tokenize`, but with the tokens of vectors for each of `words`."""
        known = {name: embedding_tokens(self._slots[digest], len(self.vectors[digest][0])) for name, digest in words}
        return with_embeddings(tokenize, known)

    def encode(self, number: int, encoder: CLIPTextModel, tokens: Tensor) -> TextStates:
        """What text encoder `number` makes of `tokens` [1, length], with vectors in the places of their tokens."""
        places = tokens[0] >= FIRST_EMBEDDING_TOKEN
        if not bool(places.any()):
            return encoder(tokens)
        by_slot = {slot: digest for digest, slot in self._slots.items()}
        slots = [slot_and_row(int(token)) for token in tokens[0][places]]
        vectors = torch.stack([self.vectors[by_slot[slot]][number][row] for slot, row in slots])
        known = torch.where(places, 0, tokens)
        found = encoder.embed(known)
        found[0, places] = vectors.to(found)
        return encoder(known, found)


def vectors_in(tensors: Mapping[str, Tensor], encoders: int) -> tuple[Tensor, ...] | None:
    """The vectors of a file for so many text encoders, None if they are for another number of them."""
    named = [next((tensors[name] for name in names if name in tensors), None) for names in BY_ENCODER]
    if named[1] is None and encoders == 1:
        only = named[0] if named[0] is not None else tensors.get("emb_params")
        if only is None and len(tensors) == 1:
            only = next(iter(tensors.values()))  # diffusers: the token as its name
        return None if only is None else (rows(only),)
    if encoders == 2 and named[0] is not None and named[1] is not None:
        return rows(named[0]), rows(named[1])
    return None


def rows(vectors: Tensor) -> Tensor:
    return vectors[None] if vectors.ndim == 1 else vectors


def embedding_error(
    path: Path, reason: str, hint: str = "choose an embedding and a `model` that belong together"
) -> BadRequest:
    return BadRequest(reason, field="embedding", value=str(path), hint=hint)


def skipped_layers(clip_skip: int, own: int, layers: int) -> int:
    """How many layers before the one that the model reads by itself (`own`: `LAST` or `BEFORE_LAST`).

    `layers` is how many the encoder was trained with; raises `BadRequest` for more than that.
    """
    if clip_skip > layers:
        reason = f"the text encoder of this model has {layers} layers"
        raise BadRequest(reason, field="clip_skip", value=clip_skip, hint=f"take 1 to {layers}")
    return max(clip_skip - own, 0)


def chunk_input_ids(chunk: Chunk, tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel) -> Tensor:
    """The numbers of a chunk [1, length] between their marks, padded to the length the text encoder reads."""
    tokens = tokenizer.marked(chunk.tokens, text_encoder.config.max_position_embeddings)
    return torch.tensor([tokens], device=text_encoder.device)


def apply_emphasis(states: Tensor, chunk: Chunk) -> Tensor:
    """`states` [length, width] of a marked chunk, each token's times its weight, then all scaled so that their mean is
    what it was; marks and padding weigh 1. Without weights they are left alone, to the bit.

    This is the weighting that A1111 calls "Original"; there the mean is taken over all variants of a scheduled prompt
    at once, here over each text, so that no text depends on another. If there is no mean to speak of, before or
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


def to_input_ids(tokenizer: CLIPTokenizer, text_encoder: CLIPTextModel, text: str) -> Tensor:
    """The numbers of `text` [1, length], padded and cut to the length the text encoder reads."""
    tokens = tokenizer.marked(tokenizer.encode(text), text_encoder.config.max_position_embeddings)
    return torch.tensor([tokens], device=text_encoder.device)

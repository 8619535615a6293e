"""The text encoder of CLIP (Radford et al. 2021) and OpenCLIP: a transformer in which a token reads those before it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from sdplay.networks.attention import in_heads
from sdplay.networks.config import ClipTextConfig

WRONG_END = 2  # what files before 2023 call the end of a text; the end is then the token with the highest number


@dataclass(frozen=True, slots=True, eq=False)
class TextStates:
    """What an encoder makes of tokens [B, length]: the states [B, length, width] of its last layer behind the norm
    (`last_hidden_state`), those before each layer and after the last, without it (`hidden_states`), and the whole text
    in one vector [B, projection] (`text_embeds`), of encoders that project it.
    """

    last_hidden_state: Tensor
    hidden_states: tuple[Tensor, ...]
    text_embeds: Tensor | None


class CausalSelfAttention(nn.Module):
    """Attention of each token to itself and to those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"its attention is {width} wide, which {heads} heads do not divide")
        self.heads = heads
        self.k_proj, self.v_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.q_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (in_heads(layer(x), self.heads) for layer in (self.q_proj, self.k_proj, self.v_proj))
        attended = scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out_proj(attended.transpose(1, 2).flatten(2))


class Mlp(nn.Module):
    """Two layers for each token on its own; OpenAI's GELU is the `quick` one, x·σ(1.702x)."""

    def __init__(self, width: int, inner: int, *, quick: bool) -> None:
        super().__init__()
        self.quick = quick
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        return self.fc2(x * torch.sigmoid(1.702 * x) if self.quick else gelu(x))


class Layer(nn.Module):
    """Attention and the two layers, each behind a norm and added to its input."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.layer_norm1 = nn.LayerNorm(width, config.layer_norm_eps)
        self.self_attn = CausalSelfAttention(width, config.num_attention_heads)
        self.layer_norm2 = nn.LayerNorm(width, config.layer_norm_eps)
        self.mlp = Mlp(width, config.intermediate_size, quick=config.hidden_act == "quick_gelu")

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class Embeddings(nn.Module):
    """The vectors of the vocabulary and of the places in a text."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)


class Layers(nn.Module):
    """A level that the published names have."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))


class TextTransformer(nn.Module):
    """Embeddings, layers and the last norm; `CLIPTextModel` calls them."""

    def __init__(self, config: ClipTextConfig) -> None:
        super().__init__()
        self.embeddings, self.encoder = Embeddings(config), Layers(config)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, config.layer_norm_eps)


class CLIPTextModel(nn.Module):
    """A text encoder; `projected` says that it projects the state of a text's end, as the second one of SDXL does."""

    def __init__(self, config: ClipTextConfig, *, projected: bool = False) -> None:
        super().__init__()
        self.config = config
        self.text_model = TextTransformer(config)
        projection = nn.Linear(config.hidden_size, config.projection_dim, bias=False) if projected else None
        self.text_projection = projection

    @property
    def device(self) -> torch.device:
        return self.text_model.final_layer_norm.weight.device

    def embed(self, tokens: Tensor) -> Tensor:
        """The vectors [B, length, width] that the vocabulary has for `tokens`."""
        return self.text_model.embeddings.token_embedding(tokens)

    def forward(self, tokens: Tensor, vectors: Tensor | None = None) -> TextStates:
        """The states of `tokens` [B, length], with these `vectors` in place of what `embed` gives."""
        vectors = self.embed(tokens) if vectors is None else vectors
        x = vectors + self.text_model.embeddings.position_embedding.weight[: tokens.size(1)]
        states = [x]
        for layer in self.text_model.encoder.layers:
            x = layer(x)
            states.append(x)
        last = self.text_model.final_layer_norm(x)
        return TextStates(last, tuple(states), self._pooled(tokens, last))

    def _pooled(self, tokens: Tensor, last: Tensor) -> Tensor | None:
        if self.text_projection is None:
            return None
        end = self.config.eos_token_id
        places = (tokens if end == WRONG_END else (tokens == end).int()).argmax(dim=-1)
        return self.text_projection(last[torch.arange(len(last), device=last.device), places])

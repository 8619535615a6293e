"""What the `config.json` of a network says, of all that the Stable Diffusion family makes use of. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, cast

PerBlock = int | tuple[int, ...] | tuple[tuple[int, ...], ...]
ATTENDING_DOWN, ATTENDING_UP, ATTENDING_MIDDLE = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D", "UNetMidBlock2DCrossAttn"
SILU = ("silu", "swish")


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """A configuration; fields and their defaults are those of diffusers and transformers.

    `OTHERS` holds the entries that would make another network of it, each with the values that do not.
    """

    OTHERS: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    @classmethod
    def read(cls, entries: Mapping[str, Any]) -> Self:
        """The configuration in a file's `entries`; raises `ValueError` for those of a network of another kind.

        Entries that do not change what is calculated are passed over.
        """
        for name, allowed in cls.OTHERS.items():
            value = entries.get(name, allowed[0])
            if any(one not in allowed for one in _each(value)):
                known = " or ".join(str(value) for value in allowed)
                raise ValueError(f"its {name} is {value!r}, and only {known} belongs to a Stable Diffusion")
        names = {one.name for one in fields(cls)}
        return cls(**{name: _frozen(value) for name, value in entries.items() if name in names})


def _each(value: Any) -> tuple[Any, ...]:
    """What is said for each stage, or for all of them."""
    return tuple(cast(list[Any], value)) if isinstance(value, list | tuple) else (value,)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, _each(value))) if isinstance(value, list | tuple) else value


@dataclass(frozen=True, kw_only=True)
class UNetConfig(NetworkConfig):
    """A U-Net; `attention_head_dim` is the number of heads, a misnomer in all published files."""

    OTHERS = {  # noqa: RUF012 - a ClassVar of the base class
        "act_fn": SILU,
        "attention_type": ("default",),
        "center_input_sample": (False,),
        "class_embed_type": (None,),
        "class_embeddings_concat": (False,),
        "conv_in_kernel": (3,),
        "conv_out_kernel": (3,),
        "cross_attention_norm": (None,),
        "downsample_padding": (1,),
        "dual_cross_attention": (False,),
        "encoder_hid_dim": (None,),
        "encoder_hid_dim_type": (None,),
        "mid_block_only_cross_attention": (None, False),
        "mid_block_scale_factor": (1,),
        "num_attention_heads": (None,),
        "num_class_embeds": (None,),
        "only_cross_attention": (False,),
        "resnet_out_scale_factor": (1,),
        "resnet_skip_time_act": (False,),
        "resnet_time_scale_shift": ("default",),
        "time_embedding_act_fn": (None,),
        "time_embedding_dim": (None,),
        "time_embedding_type": ("positional",),
        "timestep_post_act": (None,),
        "addition_embed_type": (None, "text_time"),
        "mid_block_type": (ATTENDING_MIDDLE, "UNetMidBlock2D", None),
    }

    sample_size: int | None = field(default=None, compare=False)  # latents a side that it was trained on
    in_channels: int = 4
    out_channels: int = 4
    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    layers_per_block: int | tuple[int, ...] = 2
    down_block_types: tuple[str, ...] = (ATTENDING_DOWN, ATTENDING_DOWN, ATTENDING_DOWN, "DownBlock2D")
    mid_block_type: str | None = ATTENDING_MIDDLE
    up_block_types: tuple[str, ...] = ("UpBlock2D", ATTENDING_UP, ATTENDING_UP, ATTENDING_UP)
    attention_head_dim: int | tuple[int, ...] = 8
    cross_attention_dim: int = 1280
    transformer_layers_per_block: PerBlock = 1
    reverse_transformer_layers_per_block: PerBlock | None = None
    use_linear_projection: bool = False
    norm_num_groups: int = 32
    norm_eps: float = 1e-5
    flip_sin_to_cos: bool = True
    freq_shift: float = 0
    addition_embed_type: str | None = None
    addition_time_embed_dim: int | None = None
    projection_class_embeddings_input_dim: int | None = None
    time_cond_proj_dim: int | None = None

    def __post_init__(self) -> None:
        known = {"DownBlock2D", "UpBlock2D", ATTENDING_DOWN, ATTENDING_UP}
        for kind in (*self.down_block_types, *self.up_block_types):
            if kind not in known:
                raise ValueError(f"it has a block {kind!r}, and a Stable Diffusion has none of that kind")

    @property
    def stages(self) -> int:
        """Resolutions, the whole one and each half of it."""
        return len(self.block_out_channels)

    def layers(self, stage: int) -> int:
        """Residual blocks of a `stage` on the way down; it has one more on the way up."""
        return per_stage(self.layers_per_block, self.stages)[stage]

    def heads(self, stage: int) -> int:
        return per_stage(self.attention_head_dim, self.stages)[stage]

    def depths_down(self, stage: int) -> tuple[int, ...]:
        """Transformer blocks behind each residual block of a `stage` that attends, on the way down."""
        depth = per_stage(self.transformer_layers_per_block, self.stages)[stage]
        return per_stage(depth, self.layers(stage))

    def depths_up(self, stage: int) -> tuple[int, ...]:
        """The same on the way up, by the stage on the way down that this one mirrors."""
        if self.reverse_transformer_layers_per_block is None:
            depth = per_stage(self.transformer_layers_per_block, self.stages)[stage]
        else:
            depth = per_stage(self.reverse_transformer_layers_per_block, self.stages)[self.stages - 1 - stage]
        return per_stage(depth, self.layers(stage) + 1)


def per_stage(value: Any, count: int) -> Any:
    """A `value` for each of so many stages, where one may stand for all; raises `ValueError` for another number."""
    if not isinstance(value, tuple):
        return (value,) * count
    if len(value) < count:  # pyright: ignore[reportUnknownArgumentType]
        raise ValueError(f"it has {value} for {count} stages or layers")
    return value  # pyright: ignore[reportUnknownVariableType]


@dataclass(frozen=True, kw_only=True)
class ControlNetConfig(UNetConfig):
    """A ControlNet: half of a U-Net, and what reads the picture, with the widths of its layers. With
    `global_pool_conditions` it adds one number a channel, as the one for shuffled pictures does.
    """

    OTHERS = {**UNetConfig.OTHERS, "conditioning_channels": (3,)}  # noqa: RUF012

    controlnet_conditioning_channel_order: str = "rgb"
    global_pool_conditions: bool = False
    conditioning_embedding_out_channels: tuple[int, ...] = (16, 32, 96, 256)


@dataclass(frozen=True, kw_only=True)
class VaeConfig(NetworkConfig):
    """A VAE; `scaling_factor` and `shift_factor` are how its latents are scaled for the U-Net."""

    OTHERS = {"act_fn": SILU}  # noqa: RUF012

    in_channels: int = 3
    out_channels: int = 3
    latent_channels: int = 4
    block_out_channels: tuple[int, ...] = (64,)
    layers_per_block: int = 1
    down_block_types: tuple[str, ...] = ("DownEncoderBlock2D",)
    up_block_types: tuple[str, ...] = ("UpDecoderBlock2D",)
    norm_num_groups: int = 32
    mid_block_add_attention: bool = True
    use_quant_conv: bool = True
    use_post_quant_conv: bool = True
    scaling_factor: float = 0.18215
    shift_factor: float | None = None
    latents_mean: tuple[float, ...] | None = None
    latents_std: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for kind in (*self.down_block_types, *self.up_block_types):
            if kind not in ("DownEncoderBlock2D", "UpDecoderBlock2D"):
                raise ValueError(f"it has a block {kind!r}, and a Stable Diffusion has none of that kind")


@dataclass(frozen=True, kw_only=True)
class ClipTextConfig(NetworkConfig):
    """A CLIP text encoder, with `projection_dim` only of those whose pooled text is projected."""

    OTHERS = {"hidden_act": ("quick_gelu", "gelu")}  # noqa: RUF012

    vocab_size: int = 49408
    hidden_size: int = 512
    intermediate_size: int = 2048
    projection_dim: int = 512
    num_hidden_layers: int = 12
    num_attention_heads: int = 8
    max_position_embeddings: int = 77
    hidden_act: str = "quick_gelu"
    layer_norm_eps: float = 1e-5
    bos_token_id: int = 49406
    eos_token_id: int = 49407
    pad_token_id: int = 1

    @classmethod
    def read(cls, entries: Mapping[str, Any]) -> Self:
        """That of a text encoder alone, or the one within that of a whole CLIP."""
        return super().read(entries.get("text_config") or entries)

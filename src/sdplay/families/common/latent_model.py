"""What every Stable Diffusion has: components read from files, a U-Net that is called, and a VAE."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from torch import Tensor

from sdplay.core.errors import ModelBroken, shorten
from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import CompiledComponent, Placement
from sdplay.engines.weight_buffer import SequentialOffload
from sdplay.families.base import ControlCond, Extras, Family, TextEncoding
from sdplay.families.common.controlnet import LoadedControlNets, control_residuals
from sdplay.families.common.detect import Architecture, reads_mask
from sdplay.families.common.lora_patcher import LoraPatcher
from sdplay.families.common.text_encoder import TextualInversions
from sdplay.files.model_files import read_json
from sdplay.networks.clip import CLIPTextModel
from sdplay.networks.tokenizer import CLIPTokenizer
from sdplay.networks.unet import UNet, guidance_embedding
from sdplay.prompts.lora_tags import ActiveEmbeddings, ActiveLoras
from sdplay.sampling.denoiser import Denoiser, NetworkDenoiser
from sdplay.sampling.process import Process, make_process

if TYPE_CHECKING:
    from sdplay.engines.arguments import Call

ExtrasOf = Callable[[Tensor], Extras]
OTHER_NOISE = ("EDM", "FlowMatch")  # what the names of schedulers begin with whose models have another process
NOT_FOLLOWED = ("trained_betas", "use_flow_sigmas")
LONGEST_TRAINING = 100_000  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """A model's parts; SDXL has two tokenizers and text encoders.

    `vae` is None where the files hold none. `latents` is what the model's own configuration says of its latents,
    whichever VAE reads them. `zero_when_empty` says that an empty text is all zeros to the network, whatever its
    encoders make of it.
    """

    process: Process
    tokenizers: tuple[CLIPTokenizer, ...]
    text_encoders: tuple[CLIPTextModel, ...]
    unet: UNet
    vae: Any
    latents: Mapping[str, Any]
    zero_when_empty: bool = False

    def frozen(self) -> Components:
        """The same parts, not to be trained."""
        for module in (*self.text_encoders, self.unet, self.vae):
            module.eval().requires_grad_(False)
        return self


class LatentModel:
    """U-Net and VAE of a Stable Diffusion, on their device: all methods of a `Family` but those that encode text."""

    def __init__(self, parts: Components, placement: Placement) -> None:
        self.unet, self.vae, self.process, self.placement = parts.unet, parts.vae, parts.process, placement
        self.device = placement.device
        self.compiled_unet = CompiledComponent(parts.unet, placement.engine)
        self.latent_channels: int = parts.vae.config.latent_channels
        self.vae_scale_factor = 2 ** (len(parts.vae.config.block_out_channels) - 1)
        self.reads_guidance = parts.unet.config.time_cond_proj_dim is not None
        self.is_inpaint: bool = reads_mask(parts.unet.config.in_channels, self.latent_channels)
        self.controlnets = LoadedControlNets(parts.unet.config, self.vae_scale_factor, placement)
        self.scaling_factor: float = parts.vae.config.scaling_factor
        self.shift_factor: float = parts.vae.config.shift_factor or 0.0
        self.tiled_decoder: Callable[[Tensor], Tensor] | None = None
        self.lora_patcher = LoraPatcher(parts.unet, parts.text_encoders)
        self.textual_inversions = TextualInversions(parts.text_encoders)
        self.embeddings: ActiveEmbeddings = ()
        self.offload = sequential_offload(parts, self.lora_patcher) if placement.sequential_offload else None
        self.unet_loras: ActiveLoras = ()
        self.text_loras: ActiveLoras = ()
        if placement.decode_tile or placement.attention_slicing:
            self._spare_memory(placement)

    def _spare_memory(self, placement: Placement) -> None:
        from sdplay.engines.low_memory import TiledDecoder, slice_attention  # only where memory is short

        if placement.decode_tile:
            self.tiled_decoder = TiledDecoder(self.vae, placement.decode_tile)
        if placement.attention_slicing:
            slice_attention(self.unet)

    def load_add_ons(self, add_ons: Sequence[ResolvedAddOn]) -> None:
        self.lora_patcher.load(add_ons)
        self.textual_inversions.load(add_ons)
        self.controlnets.load(add_ons)

    def with_add_ons(self, unet: ActiveLoras = (), text: ActiveLoras = (), embeddings: ActiveEmbeddings = ()) -> Self:
        other = copy(self)  # with the same networks: the LoRAs are applied when they are called
        other.unet_loras, other.text_loras, other.embeddings = unet, self.lora_patcher.touching_text(text), embeddings
        return other

    def denoiser(
        self,
        encodings: Sequence[TextEncoding],
        inpaint_channels: Tensor | None = None,
        controls: Sequence[ControlCond] = (),
        guidance: Sequence[float] = (),
    ) -> Denoiser:
        """The network as a denoiser of a batch whose row i reads the text `encodings[i]`; see `Family`."""
        embeds = [encoding.embeds for encoding in encodings]
        text, padding_mask = pad_embeds(embeds)
        masked = {} if padding_mask is None else {"encoder_attention_mask": padding_mask}
        width, place = self.unet.config.time_cond_proj_dim, self.placement
        if guidance and width is not None:
            masked["timestep_cond"] = guidance_embedding(guidance, width).to(place.device, place.dtype)
        kwargs_of = self.added_cond_kwargs(encodings)

        def network(x: Tensor, timesteps: Tensor) -> Tensor:
            self.lora_patcher.apply("network", self.unet_loras)
            unet = self.compiled_unet.with_loras(self.unet_loras, self.recorded_calls)
            kwargs = kwargs_of(x)
            kwargs |= control_residuals(controls, self._placed(x), timesteps, embeds, kwargs)
            if inpaint_channels is not None:
                x = torch.cat(
                    [x, inpaint_channels.repeat(x.size(0) // inpaint_channels.size(0), *[1] * (x.dim() - 1))], dim=1
                )
            # the one call of the U-Net
            return unet(self._placed(x), timesteps, encoder_hidden_states=text, **masked, **kwargs).float()

        return NetworkDenoiser(network, self.process)

    def recorded_calls(self) -> Sequence[Call]:
        """Some calls of the U-Net with its LoRAs, and its answers in torch, whatever else is being drawn."""
        from sdplay.families.common.calibration import Recorder, draw_prompts  # only for an engine that is fitted

        recorder, other = Recorder(), self.with_add_ons(self.unet_loras)
        other.compiled_unet = CompiledComponent(self.unet, recorder)
        config = self.unet.config
        draw_prompts(cast(Family, other), config.sample_size, config.in_channels)
        return recorder.calls

    def _placed(self, x: Tensor) -> Tensor:
        """`x` on the model's device, in its number format and memory layout."""
        return x.to(self.placement.device, self.placement.dtype, memory_format=torch.channels_last)

    def added_cond_kwargs(self, encodings: Sequence[TextEncoding]) -> ExtrasOf:
        """What the U-Net reads besides text and time, given its latents: here nothing."""
        return lambda x: {}

    @torch.inference_mode()
    def encode(self, pixels: Tensor) -> Tensor:
        self._load_vae()
        pixels = pixels.to(self.placement.device, self.placement.decode_dtype, memory_format=torch.channels_last)
        return (self.vae.encode(pixels).float() - self.shift_factor) * self.scaling_factor

    def decode(self, latents: Tensor) -> Tensor:
        self._load_vae()
        return self._decoded(latents, self.placement.decode_dtype)

    def decode_float32(self, latents: Tensor) -> Tensor:
        self._load_vae()
        with self.vae.weight_buffer.in_dtype(torch.float32):
            return self._decoded(latents, torch.float32)

    @torch.inference_mode()
    def _decoded(self, latents: Tensor, dtype: torch.dtype) -> Tensor:
        latents = latents / self.scaling_factor + self.shift_factor
        latents = latents.to(self.placement.device, dtype, memory_format=torch.channels_last)
        drawn = self.tiled_decoder(latents) if self.tiled_decoder else self.vae.decode(latents)
        return drawn.float().cpu()

    def _load_vae(self) -> None:
        """See that the VAE's weights are in memory; `weight_buffer` is what `engines.weight_buffer` gives a network."""
        if self.offload is not None:
            self.offload.load("vae")
        self.vae.weight_buffer.load()  # reloads it: `in_dtype` empties the buffer when it ends


def sequential_offload(parts: Components, patches: LoraPatcher) -> SequentialOffload:
    """One of a model's networks in memory at a time, loaded before `patches` are applied to it."""
    networks = {"text": parts.text_encoders, "network": (parts.unet,), "vae": (parts.vae,)}
    offload = SequentialOffload(networks, patches.weights_unloaded)
    patches.before_apply = offload.load
    return offload


def pad_embeds(texts: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
    """Texts [tokens, width] as a batch, and if some are shorter, the mask [B, tokens]: 1 for tokens that are there."""
    longest = max(map(len, texts))
    if all(len(text) == longest for text in texts):
        return torch.stack(list(texts)), None
    mask = torch.tensor([[place < len(text) for place in range(longest)] for text in texts], device=texts[0].device)
    padded = [torch.nn.functional.pad(text, (0, 0, 0, longest - len(text))) for text in texts]
    return torch.stack(padded), mask.to(texts[0].dtype)


def read_process(folder: Path) -> Process:
    """The process that `scheduler/scheduler_config.json` describes; raises `ValueError` for what we cannot sample."""
    config = read_json(folder / "scheduler" / "scheduler_config.json")
    called = str(config.get("_class_name", ""))
    if called.startswith(OTHER_NOISE):
        raise ValueError(
            f"it is {shorten(called)}: the noise of another kind of model, with which this one cannot draw"
        )
    for entry in NOT_FOLLOWED:
        if config.get(entry):
            raise ValueError(f"it sets {entry}, which this program does not know how to follow")
    length = config.get("num_train_timesteps", 1000)
    if not isinstance(length, int) or not 1 <= length <= LONGEST_TRAINING:
        raise ValueError(f"its num_train_timesteps is {shorten(length)}, and 1 to {LONGEST_TRAINING:,} are possible")
    return make_process(
        length=length,
        beta_start=config.get("beta_start", 0.00085),
        beta_end=config.get("beta_end", 0.012),
        beta_schedule=config.get("beta_schedule", "scaled_linear"),
        prediction=config.get("prediction_type", "epsilon"),
        offset=config.get("steps_offset", 0),
        zero_snr=bool(config.get("rescale_betas_zero_snr")),
    )


def check_components(unet: Any, latents: Mapping[str, Any], width: int) -> None:
    """Raise `ValueError` unless configurations belong to one model whose texts are `width` wide."""
    if unet.cross_attention_dim != width:
        raise ValueError(f"it reads texts {unet.cross_attention_dim} wide, the text encoder's are {width}")
    shifted = next((name for name in ("latents_mean", "latents_std") if latents.get(name) is not None), None)
    if shifted is not None:
        raise ValueError(f"its latents have {shifted}, which this program does not know how to follow")
    channels = latents["latent_channels"]
    if unet.out_channels != channels or not (unet.in_channels == channels or reads_mask(unet.in_channels, channels)):
        raise ValueError(
            f"it maps {unet.in_channels} channels to {unet.out_channels}, the VAE has {channels}: "
            "neither a model for text to image nor one for inpainting"
        )


def known_latents(unet: Any, architecture: Architecture) -> dict[str, Any]:
    """What is known of the latents of a model without a VAE."""
    nothing = dict.fromkeys(("shift_factor", "latents_mean", "latents_std"))
    return {**nothing, "latent_channels": unet.config.out_channels, "scaling_factor": architecture.scaling_factor}


def component_error(part: str, path: Path, error: Exception) -> ModelBroken:
    """The error for a component that cannot be loaded."""
    why = str(error).splitlines()[0] if str(error) else type(error).__name__
    return ModelBroken(
        f"its {part} cannot be used: {why}",
        field="model",
        value=str(path),
        hint="fetch the model again, or choose another with `model` (builtin always works)",
    )

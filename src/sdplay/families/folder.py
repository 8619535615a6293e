"""A diffusers folder, read: one part after the other, and the name of the first that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sdplay.families.base import Placement
from sdplay.families.parts import Parts, check_fit, complete, read_table, unusable
from sdplay.models.inspect import is_half, read_json, weight_files

Reader = Callable[[Path], Any]


def read_folder(folder: Path, placement: Placement) -> Parts:
    """The parts of an SD 1.x, SD 2.x or SDXL diffusers folder; raises `ModelBroken` with the part that is bad."""
    from diffusers import AutoencoderKL, UNet2DConditionModel  # pyright: ignore[reportPrivateImportUsage]
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    two = (folder / "text_encoder_2").is_dir()
    network = {"low_cpu_mem_usage": False, "torch_dtype": placement.dtype}
    text = {"dtype": placement.dtype}
    readers: dict[str, Reader] = {
        "scheduler": lambda path: read_table(path.parent),
        "tokenizer": lambda path: CLIPTokenizer.from_pretrained(path, local_files_only=True),
        "text_encoder": lambda path: _weights(CLIPTextModel, path, **text),
        "unet": lambda path: _weights(UNet2DConditionModel, path, **network),
        "vae": lambda path: _weights(AutoencoderKL, path, **network | {"torch_dtype": placement.decode_dtype}),
    }
    if two:
        readers["tokenizer_2"] = readers["tokenizer"]
        readers["text_encoder_2"] = lambda path: _weights(CLIPTextModelWithProjection, path, **text)
    found: dict[str, Any] = {}
    for part, read in readers.items():
        try:
            with without_bars():
                found[part] = read(folder / part)
        except Exception as error:  # diffusers, transformers and safetensors raise a dozen kinds for a bad file
            raise unusable(part, folder, error) from error
    names = ("", "_2") if two else ("",)
    encoders = tuple(found[f"text_encoder{name}"] for name in names)
    try:
        check_fit(found["unet"].config, found["vae"].config, sum(encoder.config.hidden_size for encoder in encoders))
    except ValueError as error:
        raise unusable("unet", folder, error) from error
    index = folder / "model_index.json"
    return Parts(
        table=found["scheduler"],
        tokenizers=tuple(found[f"tokenizer{name}"] for name in names),
        text_encoders=encoders,
        unet=found["unet"],
        vae=found["vae"],
        zero_when_empty=two and index.is_file() and bool(read_json(index).get("force_zeros_for_empty_prompt", True)),
    )


@contextmanager
def without_bars() -> Iterator[None]:
    """No progress bars of transformers for a while: it draws one on the screen of whoever loads a text encoder."""
    from transformers.utils import logging

    before = logging.set_tqdm_hook(lambda _, given, named: logging.EmptyTqdm(*given, **named))
    try:
        yield
    finally:
        logging.set_tqdm_hook(before)


def _weights(kind: Any, path: Path, **loading: Any) -> Any:
    """A network of class `kind`, whole; in half precision where the folder has only that (`.fp16.`)."""
    half = {"variant": "fp16"} if any(map(is_half, weight_files(path))) else {}
    loading |= {"local_files_only": True, "use_safetensors": True, "output_loading_info": True}
    return complete(kind.from_pretrained(path, **loading, **half))

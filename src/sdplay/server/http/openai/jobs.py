"""What OpenAI's fields mean here: the job of a mode, with the fields of its request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LARGEST_SIDE
from sdplay.core.values import read_size
from sdplay.interop.parsed import lora_entry
from sdplay.library.card import ModelCard
from sdplay.server.http.openai.fields import ImageFields
from sdplay.server.http.openai.sizes import FREE, first_pass
from sdplay.server.service import NotFound, Service

BUILTIN = "builtin"
# Names that clients have in them and nobody can run at home; they stand for the model that comes with the program.
OPENAI_MODELS = re.compile(r"(dall-e|gpt-image|chatgpt-image)(-|$)")
NAMES = {"cfg_scale": "guidance_scale", "loras": "lora"}  # of what is not OpenAI's, where it is not ours either
WEIGHTS = ("weight", "scale", "multiplier", "strength")  # what programs call that of a LoRA
EMPTY_STYLES = ("", "vivid", "natural")
SHARE_OF_STEPS = {"low": 0.5, "high": 1.5, "hd": 1.5, "xhigh": 2.0, "max": 3.0}
FAITHFUL = 0.5  # the strength at which a picture is changed with high fidelity
REDRAWN = 0.3  # the strength at which an enlarged picture is drawn over


class UnknownModel(NotFound):
    """There is no model of this name."""

    @property
    def code(self) -> str:
        return "model-not-found"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageJob:
    """A job that can be submitted: its mode and its fields."""

    mode: str
    fields: dict[str, Any]


def new_pictures(service: Service, asked: ImageFields) -> ImageJob:
    """The job that draws from words; raises `BadRequest` and its kinds."""
    model, card = model_of(service, asked.model)
    if asked.output_format == "gif":
        return film(asked, model, card)
    fields = shared_fields(asked, model, card) | own_fields(asked.more)
    size = wanted_size(asked.size)
    if size is not None and not {"width", "height"} & fields.keys():
        fields |= sized(*size, card, fields)
    return ImageJob(mode="txt2img", fields=fields)


def changed_pictures(service: Service, asked: ImageFields, image: str, mask: str | None) -> ImageJob:
    """The job that changes the upload `image`, where the upload `mask` is white if there is one."""
    model, card = model_of(service, asked.model)
    if asked.output_format == "gif":
        raise BadRequest("a film is made from words alone", field="output_format", value="gif", hint="png, jpeg, webp")
    fields: dict[str, Any] = shared_fields(asked, model, card) | {"image": image}
    if size := wanted_size(asked.size):
        fields |= dict(zip(("width", "height"), size, strict=True))
    if mask is None:
        faithful = {"strength": FAITHFUL} if asked.input_fidelity == "high" else {}
        return ImageJob(mode="img2img", fields=fields | faithful | own_fields(asked.more))
    upload = service.upload(image)
    width, height = size or (upload.width, upload.height)
    only_masked = {"only_masked": True} if not size and width * height > FREE * card.size**2 else {}
    return ImageJob(mode="inpaint", fields=fields | {"mask": mask} | only_masked | own_fields(asked.more))


def film(asked: ImageFields, model: str, card: ModelCard) -> ImageJob:
    """The job of a short film that plays round and round: from the seed's picture to the next seed's, and back."""
    if asked.stream or asked.n > 1:
        field = "stream" if asked.stream else "n"
        raise BadRequest("a gif is one film, told when it is done", field=field, value=getattr(asked, field))
    fields = shared_fields(asked, model, card)
    fields |= {"num": asked.frame_count, "fps": f"1000/{asked.frame_duration_ms}", "loop": True}
    fields["prompts"] = [fields.pop("prompt")]
    size = wanted_size(asked.size)
    if size is not None:
        if size[0] * size[1] > FREE * card.size**2:
            hint = f"auto, or about {card.size}x{card.size}"
            raise BadRequest("this model draws smaller films", field="size", value=asked.size, hint=hint)
        fields |= dict(zip(("width", "height"), size, strict=True))
    return ImageJob(mode="dream", fields=fields | own_fields(asked.more))


def model_of(service: Service, name: str | None) -> tuple[str, ModelCard]:
    """The model that a client means, and what it takes where nothing is asked; raises `UnknownModel`."""
    known = model_name(service, name)
    return known, service.studio.model(known).card


def model_name(service: Service, name: str | None) -> str:
    """The model that a client means; raises `UnknownModel`."""
    if not name:
        return BUILTIN
    known = service.model_names()
    if name in known:
        return name
    if OPENAI_MODELS.match(name):
        return BUILTIN
    raise UnknownModel("there is no such model", field="model", value=name, hint=f"here are: {', '.join(known[:10])}")


def shared_fields(asked: ImageFields, model: str, card: ModelCard) -> dict[str, Any]:
    """The fields that all modes have."""
    fields: dict[str, Any] = {"prompt": asked.prompt, "model": model, "format": asked.output_format}
    if asked.n > 1:
        fields["num"] = asked.n
    if asked.quality in SHARE_OF_STEPS:
        fields["steps"] = max(1, round(card.steps * SHARE_OF_STEPS[asked.quality]))
    if asked.style and asked.style.casefold() not in EMPTY_STYLES:
        fields["style"] = asked.style
    return fields


def sized(width: int, height: int, card: ModelCard, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a size: one that is too large for the model is drawn small first, and again larger; a model whose
    card says how large it draws is asked as everywhere, and its picture enlarged.
    """
    small = first_pass(width, height, card.size) if max(width, height) <= LARGEST_SIDE else None
    if small is None or card.largest or any(name.startswith("hires_") for name in fields):
        return {"width": width, "height": height}
    return {
        "width": small[0],
        "height": small[1],
        "hires_scale": small[2],
        "hires_upscaler": "lanczos",
        "hires_strength": REDRAWN,
    }


def wanted_size(text: str) -> tuple[int, int] | None:
    """(width, height), None for "auto"; raises `BadRequest`."""
    if text.strip().casefold() in {"", "auto"}:
        return None
    size = read_size(text)
    if size is None:
        raise BadRequest("is not a size", field="size", value=text, hint="auto, or WIDTHxHEIGHT as 512x512")
    return size


def own_fields(more: Mapping[str, Any]) -> dict[str, Any]:
    """What is not OpenAI's, by the names of our fields; the `seed` -1 is one by chance, as everywhere."""
    fields = {NAMES.get(name, name): value for name, value in more.items() if value is not None}
    if fields.get("seed") == -1:
        del fields["seed"]
    if isinstance(fields.get("lora"), list):
        fields["lora"] = [lora_text(each) for each in cast("list[Any]", fields["lora"])]
    return fields


def lora_text(lora: Any) -> Any:
    """{"name": "ink", "weight": 0.8} as ink:0.8; texts stay as they are."""
    if not isinstance(lora, dict):
        return lora
    known = cast("dict[str, Any]", lora)
    weight = next((known[each] for each in WEIGHTS if each in known), 1)
    entry = lora_entry(known.get("name"), weight)
    if entry is None:
        raise BadRequest("is not a LoRA", field="loras", value=known, hint='"ink:0.8", or {"name": "ink", "weight": 1}')
    return entry

"""The LoRAs that a request asks for in its own field."""

from __future__ import annotations

from collections.abc import Iterator

from sdplay.library.add_on_kinds import add_on_name, without_weights
from sdplay.prompts.lora_tags import Lora, read_lora
from sdplay.requests.add_ons import entries
from sdplay.requests.base import Request


def asked_loras(request: Request) -> Iterator[Lora]:
    """Each with its name and weights; raises `BadRequest` naming the field for weights that are none."""
    for kind, field, entry in entries(request):
        if kind == "lora":
            place = without_weights(kind, entry)
            read = read_lora(f"-{entry[len(place) :]}", field, entry)
            yield Lora(add_on_name(place), read.text, read.network)

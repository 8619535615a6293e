"""The LoRAs that a request asks for in its own field."""

from __future__ import annotations

from collections.abc import Iterator

from sdplay.core.add_ons import called, entries, without_weights
from sdplay.core.ask import Request
from sdplay.core.prompt.networks import Lora, read_lora


def asked_loras(request: Request) -> Iterator[Lora]:
    """Each with its name and weights; raises `BadRequest` naming the field for weights that are none."""
    for kind, field, entry in entries(request):
        if kind == "lora":
            place = without_weights(kind, entry)
            read = read_lora(f"-{entry[len(place) :]}", field, entry)
            yield Lora(called(place), read.text, read.network)

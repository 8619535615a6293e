"""`/sdapi/v1/options` and what goes with it: the model that is drawn with, and letting go of it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sdplay.server.http.a1111.options import all_settings
from sdplay.server.http.a1111.state import StateHere
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere

router = APIRouter(prefix="/sdapi/v1")


@router.get("/options")
def options(service: ServiceHere, state: StateHere) -> dict[str, Any]:
    return all_settings(service, state.settings)


@router.post("/options")
def change_options(service: ServiceHere, state: StateHere, body: JsonObject) -> None:
    """Keep what has a meaning here. Clients send back all that `options` said: the rest is left as it is."""
    state.settings.update(service, body)


@router.get("/cmd-flags")
def flags() -> dict[str, Any]:
    """How A1111 was started; nothing that is a secret or a place of this computer."""
    return {"api": True, "listen": False, "nowebui": True}


@router.post("/unload-checkpoint")
def unload(service: ServiceHere) -> dict[str, Any]:
    """Let go of the model, unless something is drawn with it."""
    if not service.workshop.running:
        service.executor.let_go(0)
    return {}


@router.post("/reload-checkpoint")
@router.post("/refresh-checkpoints")
@router.post("/refresh-vae")
@router.post("/refresh-loras")
@router.post("/refresh-embeddings")
def refresh() -> dict[str, Any]:
    """Nothing to do: folders are looked at anew each time, and the next picture loads the model."""
    return {}

"""GET /v1/models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sdplay.server.http.native.context import ServiceHere
from sdplay.server.http.openai.jobs import model_name
from sdplay.server.service import Service

router = APIRouter(prefix="/models")


@router.get("")
def list_models(service: ServiceHere) -> dict[str, Any]:
    """The models that are here."""
    return {"object": "list", "data": [model_data(service, name) for name in service.model_names()]}


@router.get("/{name:path}")
def get_model(service: ServiceHere, name: str) -> dict[str, Any]:
    """A model; `root` is the one that a name of OpenAI's stands for."""
    return model_data(service, name) | {"root": model_name(service, name)}


def model_data(service: Service, name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(service.started), "owned_by": "sdplay"}

"""`/controlnet`: what A1111's extension of that name says of its models and preprocessors."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from sdplay.images.canny import HIGH, LOW, STEEPEST, canny
from sdplay.images.read import png, read_image
from sdplay.library.add_ons import known_add_ons
from sdplay.library.digest import known_digest
from sdplay.server.http.a1111.bodies import Base64, parsed
from sdplay.server.http.a1111.bodies import Body as Fields
from sdplay.server.http.a1111.control import MODULES, chosen
from sdplay.server.http.a1111.names import SHORTER
from sdplay.server.http.a1111.pictures import decoded, encoded
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.context import ServiceHere
from sdplay.server.service import Service

router = APIRouter(prefix="/controlnet")
VERSION = 3  # of its API: units are objects
NONE = "None"
Threshold = Annotated[float, Field(le=STEEPEST)]  # below 0: the usual one


class DetectBody(Fields):
    """Of which pictures to show the edges; clients call the list by either name."""

    controlnet_module: str = "none"
    controlnet_images: list[Base64] = Field(default=[])
    controlnet_input_images: list[Base64] = Field(default=[])
    controlnet_threshold_a: Threshold = -1
    controlnet_threshold_b: Threshold = -1


def models(service: Service) -> list[str]:
    known = known_add_ons("controlnet", service.library)
    digests = {name: known_digest(path, service.library.digests) for name, path in known.items()}
    return [f"{name} [{digest[:SHORTER]}]" if digest else name for name, digest in digests.items()]


@router.get("/version")
def version() -> dict[str, int]:
    return {"version": VERSION}


@router.get("/settings")
def settings() -> dict[str, int]:
    return {"control_net_unit_count": 1}


@router.get("/model_list")
def model_list(service: ServiceHere) -> dict[str, list[str]]:
    return {"model_list": models(service)}


@router.get("/module_list")
def module_list() -> dict[str, Any]:
    sliders = [
        {"name": name, "value": value, "min": 0, "max": STEEPEST, "step": 1}
        for name, value in (("Low Threshold", LOW), ("High Threshold", HIGH))
    ]
    detail = {name: {"model_free": False, "sliders": sliders if name == "canny" else []} for name in MODULES}
    return {"module_list": list(MODULES), "module_detail": detail}


@router.get("/control_types")
def control_types(service: ServiceHere) -> dict[str, Any]:
    known = models(service)
    of_edges = [name for name in known if "canny" in name.casefold()]
    types = {"All": (list(MODULES), known, "none"), "Canny": (list(MODULES), of_edges, "canny")}
    return {
        "control_types": {
            name: {
                "module_list": modules,
                "model_list": [NONE, *found],
                "default_option": default,
                "default_model": found[0] if found and name != "All" else NONE,
            }
            for name, (modules, found, default) in types.items()
        }
    }


@router.post("/detect")
def detect(service: ServiceHere, body: JsonObject) -> dict[str, Any]:
    """What a ControlNet would follow of some pictures."""
    asked = parsed(DetectBody, body)
    module = chosen("controlnet_module", asked.controlnet_module, MODULES)
    low, high = asked.controlnet_threshold_a, asked.controlnet_threshold_b
    thresholds = round(low) if low >= 0 else LOW, round(high) if high >= 0 else HIGH
    images: list[str] = []
    for text in asked.controlnet_images or asked.controlnet_input_images:
        content = decoded(text, "controlnet_images")
        pixels = read_image(service.add_upload(content).file, "controlnet_images")
        images.append(encoded(png(canny(pixels, *thresholds)) if module == "canny" else content))
    return {"images": images, "info": "Success"}

"""The bodies of jobs in the OpenAPI description: made of the types of requests themselves, nothing is declared again.

What the owner of the service decides is left out; files are the ids of uploads; null is the same as leaving out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from sdplay.requests.grid import MOST_AXES
from sdplay.requests.modes import MODES, NO_FILES, ROLES, request_type
from sdplay.requests.request import STILLS
from sdplay.server.clients import GRID, NAMES, OWN, formats_of
from sdplay.server.derived import DERIVED
from sdplay.server.films import FILM_MODES
from sdplay.server.grids import LONGEST_AXIS
from sdplay.server.motion import Motion
from sdplay.version import VERSION

REF = "#/components/schemas/"
FORM = "Body_send_file_api_v1_uploads_post"  # what FastAPI calls it
MARKS = ("group", "basic")  # where a field is read, for whoever builds a form
HIDDEN = ("if_absent", "hashed", "flag", "short", "title")
DESCRIPTION = """Pictures from words, on this computer, by programs: jobs in a queue that survives everything.

Send a job to `/api/v1/jobs`: `{"mode": "txt2img", "prompt": "a red apple"}`. Its fields are those of the command line
and of Python, with the same names, defaults and errors. Files are sent to `/api/v1/uploads` first, and named by their
ids. What happens is told at `/api/v1/events`."""
FORMAT = "format"
OPTIONS: dict[str, Any] = {
    "priority": {
        "type": ["integer", "null"],
        "minimum": -1000,
        "maximum": 1000,
        "default": 0,
        "description": "Jobs of a higher one come first.",
    },
    "preview": {
        "type": ["boolean", "null"],
        "default": True,
        "description": "Tell with the steps what is emerging.",
    },
    FORMAT: {"description": "Of the files; of pictures png and webp keep every bit."},
}
OF_FILMS: dict[str, Any] = {
    "frames": {
        "type": ["string", "null"],
        "pattern": r"^\d+-\d+$",
        "default": None,
        "description": 'First and last frame of a part that alone is drawn: "20-30"; a fork of it can go on.',
    },
    "fork": {
        "type": ["string", "null"],
        "default": None,
        "description": "The id of a job whose film comes out the same at its unchanged frames: those are taken over.",
    },
}
AXES: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "maxLength": LONGEST_AXIS},
    "minItems": 1,
    "maxItems": MOST_AXES,
    "description": "One to three axes, across, down and in blocks, as on the command line: a field and its values, "
    '"steps=10,20,30", "seed=1-5", "guidance=1-7 [4]", "prompt=castle|house", "sampler=euler,ddim".',
}
MOVE = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "priority": OPTIONS["priority"] | {"default": None},
        "before": {
            "type": ["string", "null"],
            "description": 'The id of the waiting job that is to come after it, "" for the first place.',
        },
    },
}

SETTINGS_FILE = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "name": {"type": "string", "description": "What messages call the file."},
        "text": {"type": "string", "description": "What is in it."},
    },
}


def json_body(name: str) -> dict[str, Any]:
    """What a route says of its body, the schema `name`."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": REF + name}}}}}


def schema_name(mode: str) -> str:
    """What the schema of the jobs of `mode` is called: Txt2ImgRequest."""
    if mode == GRID:
        return "GridRequest"
    return f"{(DERIVED[mode] if mode in DERIVED else request_type(mode)).__name__}Request"


@cache
def job_schemas() -> dict[str, Any]:
    """The schemas of the jobs of each mode, of any job, and what they refer to, by name."""
    kinds = {mode: request_type(mode) for mode in MODES} | DERIVED
    found, whole = models_json_schema([(kind, "validation") for kind in kinds.values()], ref_template=REF + "{model}")
    parts: dict[str, Any] = {name: part for name, part in whole["$defs"].items() if name != "RunOptions"}
    for mode, kind in kinds.items():
        reference = found[kind, "validation"]["$ref"].removeprefix(REF)
        parts[schema_name(mode)] = job_schema(mode, parts.pop(reference))
    parts[schema_name(GRID)] = grid_schema([parts[schema_name(mode)] for mode in STILLS])
    modes = {mode: REF + schema_name(mode) for mode in (*kinds, GRID)}
    parts["JobRequest"] = {
        "description": "A job. Without `mode` it is a picture from words.",
        "oneOf": [{"$ref": reference} for reference in modes.values()],
        "discriminator": {"propertyName": "mode", "mapping": modes},
    }
    return parts | {"Move": MOVE, "MotionRequest": Motion.model_json_schema(), "SettingsFile": SETTINGS_FILE}


def job_schema(mode: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the jobs of `mode`, from that of its requests."""
    fields = {name: field_schema(name, one) for name, one in schema["properties"].items() if name not in OWN}
    required = [name for name in schema.get("required", ()) if name in fields]
    first = {"mode": {"type": "string", "const": mode, "description": "The kind of job."}}
    if mode == "txt2img":
        first["mode"]["default"] = mode
    else:
        required.insert(0, "mode")
    options = {name: one for name, one in OPTIONS.items() if name == "priority" or mode in MODES}
    options |= OF_FILMS if mode in FILM_MODES else {}
    if FORMAT in options:
        options[FORMAT] = file_formats(mode)
    return {
        "type": "object",
        "title": schema_name(mode),
        "description": schema.get("description", ""),
        "additionalProperties": False,
        "required": required,
        "properties": {**first, **{name: fields[name] for name in fields if name != "mode"}, **options},
    }


def grid_schema(stills: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The schema of the jobs that make grids: any field of the requests `stills`, and the axes."""
    fields: dict[str, Any] = {}
    for still in stills:
        fields |= {name: one for name, one in still["properties"].items() if name not in fields}
    optional = {name: nullable(one) for name, one in fields.items() if name not in {"mode", "prompt", FORMAT}}
    return {
        "type": "object",
        "title": schema_name(GRID),
        "description": "A request for pictures drawn with every combination of some values. With `image` it starts "
        "from that picture, with a `mask` or `extend` it repaints it.",
        "additionalProperties": False,
        "required": ["mode", GRID, "prompt"],
        "properties": {
            "mode": {"type": "string", "const": GRID, "description": "The kind of job."},
            GRID: AXES,
            "prompt": fields["prompt"],
            **optional,
            FORMAT: file_formats(GRID),
        },
    }


def file_formats(mode: str) -> dict[str, Any]:
    """The schema of the option that says what the files of a job of `mode` are."""
    return OPTIONS[FORMAT] | {"enum": [*formats_of(mode), None], "default": formats_of(mode)[0]}


def field_schema_of(mode: str, field: str) -> dict[str, Any]:
    """The schema of `field` in the jobs of `mode`."""
    return job_schemas()[schema_name(mode)]["properties"][field]


def field_schema(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a field; one that has a default may be null."""
    shown = {key: value for key, value in schema.items() if key not in (*MARKS, *HIDDEN)}
    shown |= {f"x-{mark}": schema[mark] for mark in MARKS if mark in schema}
    if name in ROLES:
        words = f", or one of {', '.join(NO_FILES[name])}" if name in NO_FILES else ""
        text = str(schema.get("description", "")).replace(" (or a folder of pictures)", "")
        shown |= {"description": f"{text} The id of an upload{words}.", "x-upload": True}
    elif name in NAMES:
        shown["description"] = f"{schema.get('description', '')} Here a name of the library: no path is taken."
    return nullable(shown) if "default" in shown else shown


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` that takes null as well."""
    if {"type": "null"} in schema.get("anyOf", ()):
        return dict(schema)
    about = ("default", "description", *(key for key in schema if key.startswith("x-")))
    outside = {key: schema[key] for key in about if key in schema}
    inside = {key: value for key, value in schema.items() if key not in outside}
    options = [*inside.pop("anyOf")] if "anyOf" in inside and len(inside) == 1 else [inside]
    return {"anyOf": [*options, {"type": "null"}], **outside}


def defaults(mode: str) -> dict[str, Any]:
    """What is taken in a job of `mode` for the fields that are left out; null for what the model or chance decides."""
    fields = job_schemas()[schema_name(mode)]["properties"]
    return {name: one["default"] for name, one in fields.items() if "default" in one}


def describe(router: APIRouter) -> dict[str, Any]:
    """The OpenAPI description of the native API, whose routes `router` has."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    whole = get_openapi(
        title="Stable Diffusion Playground", version=VERSION, description=DESCRIPTION, routes=app.routes
    )
    schemas = cast("dict[str, Any]", whole["components"]["schemas"])
    schemas |= job_schemas()
    for operation in operations(whole):
        operation["operationId"] = str(operation["operationId"]).partition("_api_v1")[0]
        operation["responses"]["422"] = {
            "description": "What was asked for is invalid: `error` says which field, why, and what to do.",
            "content": {"application/json": {"schema": {"$ref": f"{REF}ErrorAnswer"}}},
        }
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return json.loads(json.dumps(whole).replace(FORM, "UploadForm"))


def operations(whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for path in whole["paths"].values():
        yield from path.values()

"""The tools: their names, what they do, and their arguments, which are fields of the requests themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from mcp_types import Tool as ToolData
from mcp_types import ToolAnnotations

from sdplay.server.http.native.schema import job_schemas, schema_name

SHARED = ("negative_prompt", "seed", "steps", "guidance_scale", "width", "height", "sampler", "model", "lora")
MASKS = ("mask", "mask_blur", "extend", "only_masked", "fill")
PICTURE = "The id of a picture that was drawn, the path of a picture file, or a data: address."
AREA = {
    "type": "array",
    "items": {"type": "integer", "minimum": 0},
    "minItems": 4,
    "maxItems": 4,
    "description": "What is repainted, in pixels of the picture: left, top, right, bottom.",
}
NUMBER = {"type": "integer", "minimum": 1, "description": "The id of a picture."}
ANY_PICTURE = {"type": ["integer", "string"], "description": PICTURE}
PICTURES_GIVEN = ("image", "mask", "control_image")  # arguments that are pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool. One with a `mode` is a job of the queue: its arguments are `fields` of the mode's request, and `own`."""

    name: str
    description: str
    mode: str = ""
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    own: Mapping[str, Any] | None = None
    reads: bool = False

    @property
    def data(self) -> ToolData:
        """The tool as clients are told it."""
        nothing: dict[str, Any] = {}
        known = job_schemas()[schema_name(self.mode)]["properties"] if self.fields else nothing
        fields = {name: PICTURE_SCHEMAS.get(name) or plain(known[name]) for name in self.fields}
        schema = {
            "type": "object",
            "properties": {**fields, **(self.own or {})},
            "required": list(self.required),
            "additionalProperties": False,
        }
        about = ToolAnnotations(read_only_hint=self.reads, destructive_hint=False, open_world_hint=False)
        return ToolData(name=self.name, description=self.description, input_schema=schema, annotations=about)


PICTURE_SCHEMAS = {name: {**ANY_PICTURE} for name in PICTURES_GIVEN}
PICTURE_SCHEMAS["mask"] = {**ANY_PICTURE, "description": f"White is repainted, black stays. {PICTURE}"}


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a field without what only forms need, and without null, which is the same as leaving it out."""
    shown = {key: value for key, value in schema.items() if not key.startswith("x-")}
    options = [each for each in shown.pop("anyOf", []) if each.get("type") != "null"]
    if "enum" in shown:
        shown["enum"] = [each for each in shown["enum"] if each is not None]
    if shown.get("default", 0) is None:
        del shown["default"]
    return {**options[0], **shown} if len(options) == 1 else {**({"anyOf": options} if options else {}), **shown}


@cache
def tools() -> dict[str, Tool]:
    """All tools, by name."""
    found = (
        Tool(
            name="draw",
            description="Draw pictures from words. Picture i of several has the seed + i; the same seed and settings "
            "draw the same picture again.",
            mode="txt2img",
            fields=("prompt", "num", *SHARED, "hires_scale", "control_image"),
            required=("prompt",),
        ),
        Tool(
            name="edit",
            description="Draw over a whole picture, led by words: strength 0 gives it back, 1 ignores it.",
            mode="img2img",
            fields=("image", "prompt", "strength", "num", *SHARED, "control_image"),
            required=("image", "prompt"),
        ),
        Tool(
            name="inpaint",
            description="Repaint a part of a picture: the area or the mask, or what is beyond its edges (extend). "
            "The rest keeps its pixels.",
            mode="inpaint",
            fields=("image", "prompt", *MASKS, "strength", "num", *SHARED),
            required=("image", "prompt"),
            own={"area": AREA},
        ),
        Tool(
            name="film",
            description="Film a walk from picture to picture; with one prompt, between pictures of it. Takes as long "
            "as drawing num pictures.",
            mode="dream",
            fields=("prompts", "num", "fps", "loop", "format", *SHARED),
            required=("prompts",),
        ),
        Tool(name="list_models", description="List the models and LoRAs that can be named.", reads=True),
        Tool(
            name="show",
            description="Show a picture again, and what it was made from.",
            own={"picture": NUMBER},
            required=("picture",),
            reads=True,
        ),
        Tool(
            name="verify",
            description="Draw a picture again from what it says of itself, and compare bit for bit.",
            mode="verify",
            own={"picture": ANY_PICTURE},
            required=("picture",),
            reads=True,
        ),
    )
    return {tool.name: tool for tool in found}

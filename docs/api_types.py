"""Write the types of the native API for the page's script, from its OpenAPI description: `python docs/api_types.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sdplay.server.http.native import description

FILE = Path(__file__).parents[1] / "src/sdplay/server/page/static/js/api-types.d.ts"
HEAD = "// Written by docs/api_types.py from the OpenAPI description: change the types in Python, then run it again.\n"
BASIC = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}
NAME = re.compile(r"^[A-Za-z_]\w*$")


def types() -> str:
    """The whole file."""
    schemas: Mapping[str, Any] = description()["components"]["schemas"]
    return HEAD + "".join(f"\nexport type {name} = {kind(schemas[name])};\n" for name in sorted(schemas))


def kind(schema: Mapping[str, Any]) -> str:
    """What TypeScript calls the values of `schema`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema or "enum" in schema:
        return either([json.dumps(value) for value in schema.get("enum", [schema.get("const")])])
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        return either([kind(part) for part in parts])
    found = schema.get("type")
    if isinstance(found, list):
        return either([kind({**schema, "type": one}) for one in found])
    if found == "array":
        return f"({kind(schema['items']) if schema.get('items') else 'unknown'})[]"
    if found == "object" or "properties" in schema:
        return record(schema)
    return BASIC.get(str(found), "unknown")


def either(kinds: list[str]) -> str:
    return " | ".join(dict.fromkeys(kinds))


def record(schema: Mapping[str, Any]) -> str:
    """An object with its fields, or one of any keys."""
    fields: Mapping[str, Any] = schema.get("properties", {})
    if not fields:
        values = schema.get("additionalProperties")
        return f"Record<string, {kind(values) if isinstance(values, dict) else 'unknown'}>"
    needed = schema.get("required", ())
    rows = [f"  {key(name)}{'' if name in needed else '?'}: {kind(one)};" for name, one in fields.items()]
    return "\n".join(["{", *rows, "}"])


def key(name: str) -> str:
    return name if NAME.match(name) else json.dumps(name)


if __name__ == "__main__":
    FILE.write_text(types(), encoding="utf-8")

"""Write docs/reference/api.md from the OpenAPI description of the native API: `python docs/api.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sdplay.requests.groups import GROUPS
from sdplay.server.http.native import description

PAGE = Path(__file__).parent / "reference" / "api.md"
LIMITS = {"minimum": "≥ ", "maximum": "≤ ", "exclusiveMinimum": "> ", "exclusiveMaximum": "< "}
LENGTHS = {"maxLength": "up to {:,} characters", "maxItems": "up to {:,}"}
SHOWN_LENGTHS = 1000  # longer ones say nothing that anybody needs
LONGEST_DEFAULT = 40
HEAD = """# The native API: `/api/v1`

<!-- Written by docs/api.py from the OpenAPI description. Change the types of the requests, then run it again. -->

`sdplay serve` answers at `http://127.0.0.1:7860`; [the guide](../guides/server.md) shows each of these with `curl`.
The same for programs is at `/api/v1/openapi.json`, and as a page to try things out at `/api/v1/docs`.

A body is JSON; only uploads are forms. `null` is the same as leaving out. Every error looks like
`{"error": {"code", "field", "value", "message", "hint"}}`, with `problems` where there are several."""


def page() -> str:
    """The whole page."""
    api = description()
    return "\n".join([HEAD, *operations(api), *bodies(api), *answers(api)]) + "\n"


def operations(api: Mapping[str, Any]) -> Iterator[str]:
    """A table of the addresses of each group."""
    groups: dict[str, list[str]] = {}
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).extend(operation_rows(path, method, operation))
    for tag, rows in groups.items():
        yield f"\n## {tag.capitalize()}\n\n| Address | What it does |\n|---|---|"
        yield from rows


def operation_rows(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    says = " ".join(operation["description"].split())
    asked = [f"`{one['name']}`" for one in operation.get("parameters", ()) if one["in"] == "query"]
    query = f" Query: {', '.join(asked)}." if asked else ""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    sent = f" Body: [{kind(body['schema'])}](#{kind(body['schema']).lower()})." if body is not None else ""
    yield f"| `{method.upper()} {path}` | {says}{query}{sent} |"


def bodies(api: Mapping[str, Any]) -> Iterator[str]:
    """What may be sent, mode by mode and group by group."""
    schemas = api["components"]["schemas"]
    modes = schemas["JobRequest"]["discriminator"]["mapping"]
    yield "\n## JobRequest\n\nOne of these, by its `mode`; without one it is `txt2img`."
    for mode, reference in modes.items():
        yield from body(schemas, kind({"$ref": reference}), f"`mode: {mode}`. ")
    yield from body(schemas, "Move", "A waiting job's new place. ")
    yield from body(schemas, "Keyframe", "One of the `keyframes` of a dream. ")


def body(schemas: Mapping[str, Any], name: str, says: str) -> Iterator[str]:
    schema = schemas[name]
    yield f"\n### {name}\n\n{says}{first_lines(schema.get('description', ''))}\n"
    yield "| Field | Value | Default | |\n|---|---|---|---|"
    needed = schema.get("required", ())
    fields = [(field, one) for field, one in schema["properties"].items() if field != "mode"]
    for field, one in sorted(fields, key=lambda each: place(each[1])):
        default = "needed" if field in needed else shown_default(one)
        yield f"| `{field}` | {value(one)} | {default} | {cell(one.get('description', ''))} |"


def first_lines(text: str) -> str:
    return text.split("\n\n")[0].replace("\n", " ")


def place(schema: Mapping[str, Any]) -> int:
    """Where a field's group stands; options of the job itself come last."""
    group = schema.get("x-group")
    return list(GROUPS).index(group) if group is not None else len(GROUPS)


def shown_default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ("", []):
        return ""
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{cell(text[:LONGEST_DEFAULT])}`"


def answers(api: Mapping[str, Any]) -> Iterator[str]:
    """What comes back."""
    yield "\n## Answers"
    sent = {"JobRequest", "Move", "Keyframe"}
    for name, schema in sorted(api["components"]["schemas"].items()):
        if name in sent or name.endswith("Request") or name.startswith("Body_") or "properties" not in schema:
            continue
        yield f"\n### {name}\n\n{first_lines(schema.get('description', ''))}\n"
        yield "| Field | Value | |\n|---|---|---|"
        for field, one in schema["properties"].items():
            yield f"| `{field}` | {value(one)} | {cell(one.get('description', ''))} |"


def value(schema: Mapping[str, Any]) -> str:
    """What a field may hold, and its limits."""
    parts = [part for part in schema.get("anyOf", [schema]) if part.get("type") != "null"]
    kinds = list(dict.fromkeys(kind(part) for part in parts))
    limits = [f"{sign}{part[name]:,}" for part in parts for name, sign in LIMITS.items() if name in part]
    lengths = [
        words.format(part[name])
        for part in [*parts, schema]
        for name, words in LENGTHS.items()
        if part.get(name, SHOWN_LENGTHS + 1) <= SHOWN_LENGTHS
    ]
    return cell(", ".join([" or ".join(kinds), *dict.fromkeys(limits + lengths)]))


def kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"] if one is not None)
    if schema.get("type") == "array":
        items = schema.get("items", {})
        parts = [kind(part) for part in items.get("anyOf", [items])] if items else ["anything"]
        return f"list of {' or '.join(parts)}"
    if "anyOf" in schema:
        return " or ".join(kind(part) for part in schema["anyOf"])
    found = schema.get("type", "anything")
    return " or ".join(one for one in found if one != "null") if isinstance(found, list) else found


def cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

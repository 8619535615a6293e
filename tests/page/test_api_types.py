"""The types that the page's script knows are those of the API."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "docs" / "api_types.py"


def test_types_are_those_of_the_description() -> None:
    spec = spec_from_file_location("api_types", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.FILE.read_text(encoding="utf-8") == module.types(), "run `python docs/api_types.py`"
    assert module.kind({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]}) == (
        "(number)[] | null"
    )
    assert (
        module.kind({"type": "object", "properties": {"a-b": {"enum": ["x", None]}}}) == '{\n  "a-b"?: "x" | null;\n}'
    )

"""Headers that say what cannot be, and words in them that cannot be written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import ModelBroken
from sdplay.files.model_files import read_header

DEEP = "[" * 100_000 + "]" * 100_000
ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


def write(path: Path, header: dict[str, Any] | str) -> Path:
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
    return path


def test_half_a_surrogate_pair_in_metadata_is_a_question_mark(tmp_path: Path) -> None:
    metadata = {"modelspec.title": "a \ud83d cat", "\ud83d": "\U0001f408"}
    header = read_header(write(tmp_path / "m.safetensors", {"a": ENTRY, "__metadata__": metadata}))
    assert header.metadata == {"modelspec.title": "a ? cat", "?": "\U0001f408"}
    assert header.tensors.keys() == {"a"}


@pytest.mark.parametrize(
    "header",
    [
        {"\ud83d": ENTRY},
        {"a": {**ENTRY, "shape": [-1]}},
        {"a": {**ENTRY, "shape": [1e400]}},
        {"a": {**ENTRY, "data_offsets": [4, 0]}},
        {"a": {**ENTRY, "data_offsets": [-4, 4]}},
        {"a": None},
        {"a": ENTRY, "__metadata__": None},
        '{"__metadata__": {"x": ' + DEEP + "}}",
        '{"a": ' + DEEP + "}",
    ],
)
def test_a_header_that_says_what_cannot_be_is_damaged(header: dict[str, Any] | str, tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match="its header is damaged"):
        read_header(write(tmp_path / "m.safetensors", header))

"""Textual inversions inside LoRA files (`bundle_emb.NAME.…`, as OneTrainer and A1111 have them)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from sdplay.core.errors import BadRequest, StoreError
from sdplay.core.identity import AddOn, ResolvedAddOn
from sdplay.files.atomic import replace_file
from sdplay.files.model_files import Header, read_header
from sdplay.files.regular import open_regular
from sdplay.library.digest import file_digest
from sdplay.library.library import Library

START = "bundle_emb."
PLAIN = "string_to_param.*"  # what A1111 calls the vectors in a file of one text encoder
MOST = 1000  # names in one file
LARGEST = 2**26  # bytes of one


def bundled_names(header: Header) -> list[str]:
    """The words of the textual inversions inside a LoRA."""
    below = (name.removeprefix(START) for name in header.tensors if name.startswith(START))
    return sorted({_split(name)[0] for name in below})


def _split(name: str) -> tuple[str, str]:
    """(word, tensor): the word may have dots in it."""
    if name.endswith(f".{PLAIN}"):
        return name.removesuffix(f".{PLAIN}"), PLAIN
    word, _, tensor = name.rpartition(".")
    return word or tensor, tensor


def bundled_embeddings(loras: Iterable[ResolvedAddOn], library: Library) -> Iterator[ResolvedAddOn]:
    """The textual inversions inside `loras`, each as a file of its own in the cache of the `library`.

    Raises `BadRequest` for a LoRA with more than a thousand, and `StoreError` where the cache cannot be written.
    """
    for lora in loras:
        header = read_header(lora.path)
        names = bundled_names(header)
        if len(names) > MOST:
            raise BadRequest(f"it holds {len(names):,} textual inversions", field="lora", value=str(lora.origin))
        for name in names:
            path = _written(name, header, library)
            identity = AddOn(kind="embedding", name=name, digest=file_digest(path))
            yield ResolvedAddOn(identity=identity, path=path, origin=lora.origin)


def _written(name: str, header: Header, library: Library) -> Path:
    content = _as_file(name, header)
    path = library.cache / "bundled" / f"{hashlib.sha256(content).hexdigest()}.safetensors"
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, content, durable=False)
        except OSError as error:
            hint = "set XDG_CACHE_HOME (or SDPLAY_HOME) to a folder you may write to"
            raise StoreError(f"cannot write there: {error}", field="cache", value=str(path.parent), hint=hint) from None
    return path


def _as_file(name: str, header: Header) -> bytes:
    """The tensors of one as a `.safetensors` file."""
    entries: dict[str, object] = {}
    data = b""
    with open_regular(header.path) as file:
        for tensor, entry in header.tensors.items():
            word, part = _split(tensor.removeprefix(START))
            if not tensor.startswith(START) or word != name or len(data) > LARGEST:
                continue
            file.seek(entry.start)
            content = file.read(min(entry.end - entry.start, LARGEST))
            called = "emb_params" if part == PLAIN else part
            entries[called] = {
                "dtype": entry.dtype,
                "shape": entry.shape,
                "data_offsets": [len(data), len(data) + len(content)],
            }
            data += content
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + data

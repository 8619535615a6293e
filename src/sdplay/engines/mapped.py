"""Tensors of a `.safetensors` file where they lie: a page of it is in memory from when it is read until let go of."""

from __future__ import annotations

import mmap
import warnings
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from sdplay.files.model_files import TensorEntry, read_header

TORCH_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class MappedFile:
    """The `tensors` of a file by name, only to be read; raises `ModelBroken` for what is no such file."""

    def __init__(self, path: Path) -> None:
        entries = read_header(path).tensors
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given buffer is not writable")  # nor is it written to
            self.tensors = {name: self._tensor(name, entry) for name, entry in entries.items()}

    def release_pages(self) -> None:
        """Give back the memory of what was read; it is read from the file again where it is needed again."""
        if hasattr(self._map, "madvise"):  # all systems but Windows
            self._map.madvise(mmap.MADV_DONTNEED)

    def _tensor(self, name: str, entry: TensorEntry) -> Tensor:
        if entry.dtype not in TORCH_DTYPES:
            raise ValueError(f"{name} is in the number format {entry.dtype}")
        dtype = TORCH_DTYPES[entry.dtype]
        count = prod(entry.shape)
        if entry.end - entry.start != count * dtype.itemsize:
            raise ValueError(f"the bytes of {name} do not make its shape")
        if not count:
            return torch.empty(entry.shape, dtype=dtype)
        return torch.frombuffer(self._map, dtype=dtype, count=count, offset=entry.start).view(entry.shape)

"""A network's weights in one buffer, which can be freed as a whole and loaded again from mapped files.

Weights are loaded one by one, each in the number format and layout the network works with: loading takes the memory of
the buffer and little more, whatever format the files have.
"""

from __future__ import annotations

import mmap
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

from sdplay.engines.device import Placement
from sdplay.files.model_files import TensorEntry, read_header
from sdplay.files.regular import open_regular

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

ALIGNED = 64  # bytes, as torch's own memory is: some kernels round differently where it is less
AT_A_TIME = 64 * 2**20  # bytes read before their pages are given back


class _Unfilled(TorchFunctionMode):
    """Leaves tensors as they are that `torch.nn.init` would fill.

    On the device "meta" there is nothing to fill, and torch would import its compiler for it: 800 modules, a second.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == init.__name__:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


@contextmanager
def without_memory() -> Iterator[None]:
    """Networks that are built meanwhile have shapes and no numbers: `with_weights` gives them theirs."""
    with torch.device("meta"), _Unfilled():
        yield


def with_weights(
    network: Any, weights: Mapping[str, Tensor], files: Sequence[MappedFile], dtype: torch.dtype, placement: Placement
) -> Any:
    """`network`, built `without_memory`, with its weights in a `weight_buffer`; raises as `WeightBuffer` does."""
    network.weight_buffer = WeightBuffer(network, weights, files, dtype, placement.device)
    if not placement.sequential_offload:
        network.weight_buffer.load()
    return network


class WeightBuffer:
    """The weights of `network`, which is built without memory for them, out of `weights` by name.

    `files` hold the weights. It is empty until `load`. Raises `ValueError` if a weight is missing or has another shape.
    """

    def __init__(
        self,
        network: Any,
        weights: Mapping[str, Tensor],
        files: Sequence[MappedFile],
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self._files, self._device = files, device
        wanted: dict[str, Tensor] = dict(network.named_parameters())
        check_complete(wanted, weights)
        self._sources = {name: weights[name] for name in wanted}
        self._lay_out(wanted, dtype)
        network.load_state_dict(self._weights, strict=False, assign=True)
        self._parameters = dict(network.named_parameters())

    def _lay_out(self, shapes: Mapping[str, Tensor], dtype: torch.dtype) -> None:
        """Places for weights of these `shapes`, one behind the other in one piece of memory, which is not taken yet."""
        memory = torch.empty(
            sum(padded_length(weight, dtype) for weight in shapes.values()), dtype=dtype, device=self._device
        )
        self._memory, self._bytes = memory.untyped_storage(), memory.untyped_storage().nbytes()
        self._weights: dict[str, Tensor] = {}
        start = 0
        for name, weight in shapes.items():
            self._weights[name] = memory.as_strided(weight.shape, channels_last_strides(weight), start)
            start += padded_length(weight, dtype)
        self.unload()

    def load(self) -> None:
        """Load the weights unless they are loaded; if this is interrupted (Ctrl-C, no memory), none are."""
        if self._memory.nbytes():
            return
        try:
            for name, parameter in self._parameters.items():
                parameter.data = self._weights[name]
            self._memory.resize_(self._bytes)
            self._read()
        except BaseException:
            self.unload()
            raise

    @torch.no_grad()
    def _read(self) -> None:
        read = 0
        for name, source in self._sources.items():
            self._weights[name].copy_(source)
            read += source.nbytes
            if read >= AT_A_TIME:
                read = self._let_go()
        self._let_go()

    def unload(self) -> None:
        """Free the memory; until the next `load` the network cannot be called."""
        self._memory.resize_(0)

    @contextmanager
    def in_dtype(self, dtype: torch.dtype) -> Iterator[None]:
        """For a while the network works with weights in `dtype`, read from the files again.

        Afterwards, however that ends, it is empty: the next `load` brings the weights back in the format they had.
        """
        self.unload()
        before = self._memory, self._bytes, self._weights
        try:
            self._lay_out(self._parameters, dtype)
            self.load()
            yield
        finally:
            other = self._memory
            self._memory, self._bytes, self._weights = before
            other.resize_(0)

    def _let_go(self) -> int:
        for file in self._files:
            file.release_pages()
        return 0


def check_complete(wanted: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` unless every wanted weight is there in its shape."""
    missing = sorted(wanted.keys() - weights.keys())
    if missing:
        raise ValueError(f"{len(missing)} of its weights are not in the file, {missing[0]} for one")
    for name, weight in wanted.items():
        found, shape = tuple(weights[name].shape), tuple(weight.shape)
        if found != shape:
            raise ValueError(f"its {name} is {found} in the file, and {shape} by its configuration")


def padded_length(weight: Tensor, dtype: torch.dtype) -> int:
    """How many numbers `weight` takes, so that what follows begins aligned."""
    together = ALIGNED // dtype.itemsize
    return -(-weight.numel() // together) * together


def channels_last_strides(weight: Tensor) -> tuple[int, ...]:
    """The strides of `weight` as convolutions like them best."""
    shape = torch.empty(weight.shape, device="meta")
    return (shape.to(memory_format=torch.channels_last) if weight.dim() == 4 else shape).stride()


class SequentialOffload:
    """Keeps the weights of one of the named `parts` at a time in memory; each is some networks with a `weight_buffer`.

    `unloaded` is called with the name of each part that gives its weights back. Bits do not depend on any of it.
    """

    def __init__(self, parts: Mapping[str, Sequence[Any]], unloaded: Callable[[str], None]) -> None:
        self._parts, self._unloaded = parts, unloaded
        self._loaded = ""

    def load(self, name: str) -> None:
        """Bring the weights of the part `name` into memory, in place of the others.

        If this is cut off in the middle (Ctrl-C, no memory), the next call unloads whatever is left.
        """
        if name == self._loaded:
            return
        self._loaded = ""
        for part, networks in self._parts.items():  # `name` too: it is empty, unless a call was cut off
            self._unloaded(part)
            for network in networks:
                network.weight_buffer.unload()
        for network in self._parts[name]:
            network.weight_buffer.load()
        self._loaded = name


class MappedFile:
    """The `tensors` of a file by name, only to be read; raises `ModelBroken` for any other file."""

    def __init__(self, path: Path) -> None:
        entries = read_header(path).tensors
        with open_regular(path) as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The given buffer is not writable")  # nor is it written to
            self.tensors = {name: self._tensor(name, entry) for name, entry in entries.items()}

    def release_pages(self) -> None:
        """Give back the memory of what was read; it is read from the file again when needed."""
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

"""Networks in the files of ncnn (a .param text and a .bin of numbers), run by torch.

Only what networks that enlarge pictures are made of is known: convolutions, PReLU, sums, joins, pixel shuffle and
resizing. The format is that of ncnn's wiki, "param and model file structure".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sdplay.core.errors import ModelBroken
from sdplay.files.regular import read_regular

MAGIC = "7767517"
HALF, WHOLE = 0x01306B47, 0  # how a run of weights is stored: float16, float32
ARRAY = -23300  # parameter k that is a list is written as key ARRAY − k
RESIZING = {1: "nearest", 2: "bilinear", 3: "bicubic"}
Values = dict[int, float | list[float]]
Blobs = dict[str, Tensor]
Run = Callable[[list[Tensor]], Tensor]

LARGEST_WEIGHTS = 2**30  # bytes


@dataclass(frozen=True, slots=True)
class Layer:
    """One line of a .param file: what it is, the blobs it reads and writes, and its numbered settings."""

    kind: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    values: Values

    def number(self, key: int, default: float = 0) -> float:
        value = self.values.get(key, default)
        return default if isinstance(value, list) else value

    def numbers(self, key: int) -> list[float]:
        value = self.values.get(key, [])
        return value if isinstance(value, list) else [value]


@dataclass(slots=True)
class Weights:
    """The numbers of a .bin file, taken one run after the other."""

    data: bytes
    place: int = 0

    def tagged(self, count: int) -> Tensor:
        """`count` weights after the word that says how they are stored."""
        tag = int(self._take(1, np.dtype("<u4"))[0])
        if tag not in (HALF, WHOLE):
            raise ValueError(f"its weights are stored in a way that is not known ({tag:#x})")
        if tag == WHOLE:
            return self.plain(count)
        found = self._take(count, np.dtype("<f2")).astype(np.float32)
        self.place += -self.place % 4
        return torch.from_numpy(found)

    def plain(self, count: int) -> Tensor:
        return torch.from_numpy(self._take(count, np.dtype("<f4")).astype(np.float32))

    def _take(self, count: int, kind: np.dtype[np.generic]) -> NDArray[np.generic]:
        end = self.place + count * kind.itemsize
        if count < 1 or end > len(self.data):
            raise ValueError("its file of weights is too short")
        found = np.frombuffer(self.data, kind, count, self.place)
        self.place = end
        return found


@dataclass(slots=True, eq=False)
class NcnnNetwork:
    """A network from one picture to one: called with [1, 3, h, w] in 0..1 it gives [1, 3, H, W]."""

    layers: list[Layer]
    runs: list[Run] = field(default_factory=list[Run])

    def __call__(self, picture: Tensor) -> Tensor:
        blobs: Blobs = {self.layers[0].writes[0]: picture}
        needed = self._last_uses()
        for number, (layer, run) in enumerate(zip(self.layers[1:], self.runs, strict=True), 1):
            made = run([blobs[name] for name in layer.reads])
            blobs.update(dict.fromkeys(layer.writes, made))
            for name in layer.reads:
                if needed[name] == number:
                    del blobs[name]
        return blobs[self.layers[-1].writes[0]]

    def _last_uses(self) -> dict[str, int]:
        return {name: number for number, layer in enumerate(self.layers) for name in layer.reads}


def read_ncnn(param: Path, weights: Path) -> NcnnNetwork:
    """The network in two files; raises `ModelBroken` for what is damaged or holds layers that are not known."""
    try:
        network = NcnnNetwork(list(layers(read_regular(param).decode("ascii"))))
        rest = Weights(read_regular(weights, LARGEST_WEIGHTS))
        network.runs = [LAYERS[layer.kind](layer, rest) for layer in network.layers[1:]]
        if rest.place != len(rest.data):
            raise ValueError("its file of weights is too long")
    except (OSError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        why = f"layers of the kind {error} are not known" if isinstance(error, KeyError) else str(error)
        raise ModelBroken(f"the network cannot be used: {why}", field="upscaler", value=str(param)) from None
    return network


def layers(text: str) -> Iterator[Layer]:
    """The layers of a .param text, the first of them the input."""
    magic, _, *lines = text.split("\n")
    if magic.strip() != MAGIC:
        raise ValueError("it is not a text of ncnn")
    for number, line in enumerate(line for line in lines if line.strip()):
        kind, _, reads, writes, *rest = line.split()
        names, settings = rest[: int(reads) + int(writes)], rest[int(reads) + int(writes) :]
        if (kind == "Input") != (number == 0):
            raise ValueError("it does not begin with its one input")
        yield Layer(kind, tuple(names[: int(reads)]), tuple(names[int(reads) :]), dict(map(setting, settings)))


def setting(text: str) -> tuple[int, float | list[float]]:
    """`6=1728`, or `-23301=2,0.2,1.0`: a list of two under the key 1."""
    key, _, value = text.partition("=")
    if int(key) <= ARRAY:
        return ARRAY - int(key), [float(each) for each in value.split(",")[1:]]
    return int(key), float(value)


def convolution(layer: Layer, weights: Weights) -> Run:
    """Settings: 0 outputs, 1 kernel, 2 dilation, 3 stride, 4 padding, 5 bias, 6 weights, 9 and 10 activation."""
    outputs, kernel, count = (int(layer.number(key)) for key in (0, 1, 6))
    inputs = count // (outputs * kernel * kernel)
    matrix = weights.tagged(count).reshape(outputs, inputs, kernel, kernel)
    bias = weights.plain(outputs) if layer.number(5) else None
    activation = int(layer.number(9))
    if activation not in (0, 1, 2) or layer.number(2, 1) != 1 or layer.number(3, 1) != 1:
        raise ValueError("it has a convolution of a kind that is not known")
    slope = layer.numbers(10)[0] if activation == 2 else 0.0
    padding = int(layer.number(4))

    def run(given: list[Tensor]) -> Tensor:
        found = F.conv2d(given[0], matrix, bias, padding=padding)
        return F.leaky_relu(found, slope, inplace=True) if activation else found

    return run


def prelu(layer: Layer, weights: Weights) -> Run:
    slopes = weights.plain(int(layer.number(0)))
    return lambda given: F.prelu(given[0], slopes)


def shuffle(layer: Layer, weights: Weights) -> Run:
    factor = int(layer.number(0))
    return lambda given: F.pixel_shuffle(given[0], factor)


def resize(layer: Layer, weights: Weights) -> Run:
    mode, scale = RESIZING[int(layer.number(0))], (layer.number(2), layer.number(1))
    return lambda given: F.interpolate(given[0], scale_factor=scale, mode=mode)


def binary(layer: Layer, weights: Weights) -> Run:
    if layer.number(0) != 0:
        raise ValueError("it has an operation that is not known")
    return lambda given: given[0] + given[1]


def weighed_sum(layer: Layer, weights: Weights) -> Run:
    shares = layer.numbers(1) or [1.0] * len(layer.reads)
    if layer.number(0) != 1 or len(shares) != len(layer.reads):
        raise ValueError("it has a sum that is not known")

    def run(given: list[Tensor]) -> Tensor:
        total = given[0] * shares[0]
        for each, share in zip(given[1:], shares[1:], strict=True):
            total.add_(each, alpha=share)
        return total

    return run


def join(layer: Layer, weights: Weights) -> Run:
    return lambda given: torch.cat(given, dim=1)


def split(layer: Layer, weights: Weights) -> Run:
    return lambda given: given[0]


LAYERS: dict[str, Callable[[Layer, Weights], Run]] = {
    "Convolution": convolution,
    "PReLU": prelu,
    "PixelShuffle": shuffle,
    "Interp": resize,
    "BinaryOp": binary,
    "Eltwise": weighed_sum,
    "Concat": join,
    "Split": split,
}

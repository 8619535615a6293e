"""A process of its own, in which NNCF fits a network to int8: `python -m sdplay.engines.fit_int8 WHOLE ASKED FITTED …`.

WHOLE is the network as OpenVINO reads it, ASKED an .npz of what it is asked, FITTED the file to write; then come
patterns of the names of layers that stay as they are. NNCF shows bars of progress, imports a library for statistics and
keeps gigabytes, all of which go with the process.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Inputs = list[NDArray[np.float32]]


def as_arrays(asked: Sequence[Inputs]) -> dict[str, NDArray[np.float32]]:
    """What an .npz holds of the inputs of some calls."""
    return {f"{call}-{place}": one for call, inputs in enumerate(asked) for place, one in enumerate(inputs)}


def as_inputs(arrays: Mapping[str, NDArray[np.float32]]) -> list[Inputs]:
    """The inverse of `as_arrays`."""
    places = sorted(tuple(map(int, name.split("-"))) for name in arrays)
    calls: list[Inputs] = [[] for _ in range(places[-1][0] + 1)]
    for call, place in places:
        calls[call].append(arrays[f"{call}-{place}"])
    return calls


def quantized(model: Any, asked: Sequence[Inputs], spared: Sequence[str] = ()) -> Any:
    """The OpenVINO `model` in int8 but for layers whose names match `spared`; the ranges are those of `asked`.

    As a transformer: attention itself stays as it is, and the channels of what is multiplied are brought to one scale
    first (SmoothQuant, Xiao et al. 2022, arXiv:2211.10438). No chance is in it.
    """
    nncf: Any = import_module("nncf")  # an extra that the tests do without
    return nncf.quantize(
        model,
        nncf.Dataset(list(asked)),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(asked),
        model_type=nncf.ModelType.TRANSFORMER,
        ignored_scope=nncf.IgnoredScope(patterns=list(spared), validate=False),
    )


def main(whole: str, asked: str, fitted: str, *spared: str) -> None:
    import openvino

    with np.load(asked) as arrays:
        inputs = as_inputs(arrays)
    model = quantized(openvino.Core().read_model(Path(whole)), inputs, spared)
    openvino.save_model(model, Path(fitted), compress_to_fp16=False)


if __name__ == "__main__":
    main(*sys.argv[1:])

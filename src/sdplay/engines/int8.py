"""A network in 8 bits: fitted by NNCF to what it is asked while it draws, and refused where it answers too differently.

Weights and what they are multiplied with are both in int8, in convolutions and matrices (post-training quantization
with SmoothQuant). Weights alone in int8 would take a quarter of the memory and no less time.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import BadRequest, RenderFailed, shorten
from sdplay.engines import fit_int8
from sdplay.engines.arguments import Call, Calls, flattened
from sdplay.engines.fit_int8 import Inputs, as_arrays
from sdplay.engines.openvino import OpenVinoEngine, OpenVinoNetwork, making, numbers, put, the_core

# Relative L2 of the answers, above which int8 is refused. The built-in model at 0.030 draws 31 dB from its exact
# pictures (as its drafts are, ADR 15); at 0.044, with its attention in int8 too, 22 dB, and things lose their shape.
GATE = 0.035
ATTENTION = r".*attentions.*"
LADDER: tuple[tuple[str, ...], ...] = ((), (ATTENTION,))  # what stays in float32, until the answers are near enough
HELD_BACK = 4  # every so many of the last calls are not fitted to
MASK = "encoder_attention_mask"
SILENT = {"NNCF_CI": "1"}  # without it NNCF asks OpenVINO's telemetry


class Int8Engine(OpenVinoEngine):
    """Runs convolutions and matrices of a network in int8, and the rest in `precision`."""

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]:
        return Int8Network(component, self, calls)


class Int8Network(OpenVinoNetwork):
    """As `OpenVinoNetwork`; the fitted network and what it was found to differ by are kept beside the converted one.

    Raises `BadRequest` when it is first called, if it differs too much or if it was not fitted to such arguments.
    """

    def __init__(self, component: torch.nn.Module, engine: OpenVinoEngine, calls: Calls) -> None:
        super().__init__(component, engine)
        self._calls = calls

    def _converted(self, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Path:
        whole = super()._converted(args, kwargs, tensors)
        file = whole.with_name(f"{whole.stem}-int8.xml")
        found = file.with_suffix(".json")
        differs = json.loads(found.read_text(encoding="utf-8"))["relative_l2"] if found.exists() else None
        if differs is None or (differs <= GATE and not file.exists()):
            differs = self._fit(whole, file, tensors)
            found.write_text(json.dumps({"relative_l2": differs}), encoding="utf-8")
        check(differs)
        return file

    def _fit(self, whole: Path, file: Path, wanted: Mapping[str, Tensor]) -> float:
        """Make `file` of the network in the file `whole`; how much it differs on calls that it was not fitted to."""
        check_installed()
        told().warning("int8: the network is fitted to a few pictures, once for these weights; that takes minutes")
        calls = self._calls()
        asked = [arguments(call, wanted) for call in calls]
        first_held_back = len(calls) - len(calls) // HELD_BACK
        answers = [numbers([call.answer])[0] for call in calls[first_held_back:]]
        with making(file) as made:
            differs = float("inf")
            for spared in LADDER:
                fit(whole, asked[:first_held_back], made, spared)
                network = the_core().compile_model(the_core().read_model(made), "CPU", self._settings())
                differs = difference(network, asked[first_held_back:], answers)
                del network  # it reads the file that is written next
                if differs <= GATE:
                    put(made, file)
                    break
        return differs


def told() -> logging.Logger:
    return logging.getLogger("sdplay")


def check_installed() -> None:
    """Raise `BadRequest` where NNCF is missing; networks that were fitted before can do without."""
    if find_spec("nncf") is None:
        reason, hint = "needs NNCF, which is not installed here", "`pip install sdplay[int8]`"
        raise BadRequest(reason, field="precision", value="int8", hint=hint)


def check(differs: float) -> None:
    """Say how much the answers in int8 differ; raise `BadRequest` if that is too much."""
    said = f"its answers in int8 differ by {differs:.1%} (relative L2) from those in float32"
    if not differs <= GATE:
        raise BadRequest(
            f"this network does not bear it: {said}, and at most {GATE:.1%} is taken",
            field="precision",
            value="int8",
            hint="leave `precision` out",
        )
    told().warning("int8: %s; up to %.1f%% is taken", said, 100 * GATE)


def arguments(call: Call, wanted: Mapping[str, Tensor]) -> Inputs:
    """The numbers of `call` in the places of `wanted`; where that has a mask of texts, one that hides nothing."""
    given = flattened((call.args, call.kwargs))
    for place in wanted.keys() - given.keys():
        if not place.endswith(MASK):
            raise BadRequest(
                "int8 is not fitted to networks that are steered by pictures (ControlNet)",
                field="precision",
                value="int8",
                hint="leave `precision` out",
            )
        given[place] = torch.ones(given[place.replace(MASK, "encoder_hidden_states")].shape[:2])
    return numbers(given[place] for place in wanted)


def fit(whole: Path, asked: Sequence[Inputs], fitted: Path, spared: Sequence[str] = ()) -> None:
    """Make the file `fitted` of the network in the file `whole`, in a process of its own; raises `RenderFailed`."""
    inputs = fitted.with_suffix(".npz")
    np.savez(inputs, **as_arrays(asked))  # pyright: ignore[reportArgumentType] - its stubs take the arrays for a flag
    command = [sys.executable, "-m", fit_int8.__name__, str(whole), str(inputs), str(fitted), *spared]
    done = subprocess.run(command, env=os.environ | SILENT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "it ended without a word").splitlines()[-1]
        raise RenderFailed(f"the network could not be fitted to int8: {shorten(last)}", hint="leave `precision` out")


def difference(network: Any, asked: Sequence[Inputs], answers: Sequence[NDArray[np.float32]]) -> float:
    """The relative L2 between what the compiled `network` answers and `answers`, over all of them."""
    apart = size = 0.0
    for inputs, answer in zip(asked, answers, strict=True):
        found = network(inputs)[0]
        apart += float(np.square(found - answer).sum())
        size += float(np.square(answer).sum())
    return (apart / size) ** 0.5

"""OpenVINO as the engine of a network on a CPU: converted once, compiled once a shape, both kept on the disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sdplay.engines.arguments import Calls, Signature, filled, flattened, signature_of, structure

HINTS = {"float32": "f32", "bfloat16": "bf16"}
FORMAT = 2  # of the files in the cache


@dataclass(frozen=True, slots=True)
class OpenVinoEngine:
    """Runs a network in `precision` (float32 or bfloat16) with so many `threads`, and keeps what it made in `cache`.

    The network itself stays in float32 in torch. Nothing is sent anywhere: the converter that OpenVINO's telemetry
    belongs to is not called.
    """

    precision: str
    threads: int
    cache: Path

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]:
        return OpenVinoNetwork(component, self)


@cache
def the_core() -> Any:
    """OpenVINO itself, one for the whole process and never let go of: each that begins takes the stack for signals over
    and gives back, when it ends, the one that it found, which another may have freed. The next Ctrl-C then crashed.
    """
    import openvino

    return openvino.Core()


class OpenVinoNetwork:
    """A torch module as OpenVINO runs it: takes the module's arguments, gives what it gives, one tensor.

    For other weights (LoRAs) another one is made; for arguments of other shapes this one compiles again.
    """

    def __init__(self, component: torch.nn.Module, engine: OpenVinoEngine) -> None:
        self._component, self._engine = component, engine
        self._weights = weights_digest(component)
        self._ready: dict[Signature, Any] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        tensors, signature = flattened((args, kwargs)), signature_of((args, kwargs))
        if signature not in self._ready:
            self._ready[signature] = self._compiled(args, kwargs, tensors)
        drawn = self._ready[signature].infer(numbers(tensors.values()), share_inputs=True)[0]
        return torch.from_numpy(drawn.copy())  # the next inference overwrites what it gave

    def _compiled(self, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Any:
        model = the_core().read_model(self._converted(args, kwargs, tensors))
        model.reshape({port: list(tensor.shape) for port, tensor in zip(model.inputs, tensors.values(), strict=True)})
        # OpenVINO takes what it compiled in float32 for bfloat16 too, and then answers with noise
        cached = {"CACHE_DIR": str(self._engine.cache / f"compiled-{self._engine.precision}-{self._engine.threads}")}
        return the_core().compile_model(model, "CPU", self._settings() | cached).create_infer_request()

    def _settings(self) -> dict[str, Any]:
        return {
            "INFERENCE_NUM_THREADS": self._engine.threads,
            "INFERENCE_PRECISION_HINT": HINTS[self._engine.precision],
            "NUM_STREAMS": 1,
        }

    def _converted(self, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Path:
        """The file of the network as OpenVINO reads it, for arguments of this structure and any shape."""
        import openvino

        made_of = repr((FORMAT, openvino.__version__, self._weights, [*tensors], structure((args, kwargs))))
        file = self._engine.cache / f"{hashlib.sha256(made_of.encode()).hexdigest()[:32]}.xml"
        if not file.exists():
            save(convert(self._component, args, kwargs, tensors), file)
        return file


def save(model: Any, file: Path) -> None:
    """Write an OpenVINO `model` to `file`, whole or not at all."""
    import openvino

    with making(file) as made:
        openvino.save_model(model, made, compress_to_fp16=False)
        put(made, file)


@contextmanager
def making(file: Path) -> Generator[Path]:
    """A place beside `file` to make it in, which is gone afterwards."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="making-") as folder:
        yield Path(folder) / file.name


def put(made: Path, file: Path) -> None:
    """Move what was made into its place: the numbers first."""
    os.replace(made.with_suffix(".bin"), file.with_suffix(".bin"))
    os.replace(made, file)


def numbers(tensors: Iterable[Tensor]) -> list[NDArray[np.float32]]:
    """`tensors` as OpenVINO takes them."""
    return [tensor.detach().to("cpu", torch.float32).contiguous().numpy() for tensor in tensors]


class Flat(torch.nn.Module):
    """A module that takes the tensors among its arguments one after the other."""

    def __init__(self, module: torch.nn.Module, args: Any, kwargs: Any) -> None:
        super().__init__()
        self.module, self._arguments = module, (args, kwargs)

    def forward(self, *tensors: Tensor) -> Tensor:
        args, kwargs = filled(self._arguments, list(tensors))
        return self.module(*args, **kwargs)


def convert(module: torch.nn.Module, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Any:
    """The OpenVINO model of `module` called with these arguments, whose shapes may then change."""
    import warnings

    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    with torch.inference_mode(False), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the tracer: which branches of Python it cannot follow
        examples = tuple(tensor.detach().clone() for tensor in tensors.values())  # inference tensors cannot be traced
        decoder = TorchScriptPythonDecoder(Flat(module, args, kwargs), example_input=examples)
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))


def weights_digest(module: torch.nn.Module) -> str:
    """sha256 of all weights of `module`, of those that LoRAs changed as well."""
    digest = hashlib.sha256()
    for name, weight in module.state_dict().items():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype} ".encode())
        digest.update(weight.detach().to("cpu").reshape(-1).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()

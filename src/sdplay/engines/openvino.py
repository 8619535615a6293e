"""OpenVINO as the engine of a network on a CPU: converted once, compiled once a shape, both kept on the disk."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

Signature = tuple[str, tuple[tuple[int, ...], ...]]  # arguments without their numbers, and the shape of each input
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

    def compile(self, component: Any) -> Callable[..., Any]:
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
        tensors = flattened((args, kwargs))
        signature = repr(structure((args, kwargs))), tuple(tuple(tensor.shape) for tensor in tensors.values())
        if signature not in self._ready:
            self._ready[signature] = self._compiled(args, kwargs, tensors)
        numbers = [tensor.detach().to("cpu", torch.float32).contiguous().numpy() for tensor in tensors.values()]
        drawn = self._ready[signature].infer(numbers, share_inputs=True)[0]
        return torch.from_numpy(drawn.copy())  # the next inference overwrites what it gave

    def _compiled(self, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Any:

        core = the_core()
        model = core.read_model(self._converted(args, kwargs, tensors))
        model.reshape({port: list(tensor.shape) for port, tensor in zip(model.inputs, tensors.values(), strict=True)})
        settings = {
            "INFERENCE_NUM_THREADS": self._engine.threads,
            "INFERENCE_PRECISION_HINT": HINTS[self._engine.precision],
            "NUM_STREAMS": 1,
            "CACHE_DIR": str(self._engine.cache / "compiled"),
        }
        return core.compile_model(model, "CPU", settings).create_infer_request()

    def _converted(self, args: Any, kwargs: Any, tensors: Mapping[str, Tensor]) -> Path:
        """The file of the network as OpenVINO reads it, for arguments of this structure and any shape."""
        import openvino

        made_of = repr((FORMAT, openvino.__version__, self._weights, [*tensors], structure((args, kwargs))))
        file = self._engine.cache / f"{hashlib.sha256(made_of.encode()).hexdigest()[:32]}.xml"
        if not file.exists():
            self._engine.cache.mkdir(parents=True, exist_ok=True)
            model = convert(self._component, args, kwargs, tensors)
            with tempfile.TemporaryDirectory(dir=self._engine.cache, prefix="making-") as folder:
                made = Path(folder) / file.name
                openvino.save_model(model, made, compress_to_fp16=False)
                os.replace(made.with_suffix(".bin"), file.with_suffix(".bin"))  # the numbers first
                os.replace(made, file)
        return file


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


def flattened(value: Any, place: str = "") -> dict[str, Tensor]:
    """The tensors in arguments by their place: arguments are tuples, lists and dictionaries of tensors and others."""
    if isinstance(value, Tensor):
        return {place: value}
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if is_listing(value) else ()
    return {name: tensor for key, one in inner for name, tensor in flattened(one, f"{place}.{key}").items()}


def filled(value: Any, tensors: list[Tensor]) -> Any:
    """`value` with `tensors` in place of those in it, in the order of `flattened`; they are taken out of the list."""
    if isinstance(value, Tensor):
        return tensors.pop(0)
    if isinstance(value, Mapping):
        return {key: filled(one, tensors) for key, one in value.items()}
    return type(value)(filled(one, tensors) for one in value) if is_listing(value) else value


def structure(value: Any) -> Any:
    """What is left of arguments without the numbers in their tensors."""
    if isinstance(value, Tensor):
        return value.dim()
    if isinstance(value, Mapping):
        return {key: structure(one) for key, one in value.items()}
    return [structure(one) for one in value] if is_listing(value) else value


def is_listing(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)

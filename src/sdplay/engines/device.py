"""The machine: which device, which number format, how many threads; and where and by what a model's parts are run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from sdplay.core.errors import BadRequest, DeviceUnavailable
from sdplay.core.fields import Precision
from sdplay.core.machine import Machine

if TYPE_CHECKING:
    from sdplay.engines.arguments import Calls


def detect_machine(device: str = "auto", precision: Precision = "auto") -> Machine:
    """The machine for a request's `device` and `precision`; raises `DeviceUnavailable` or `BadRequest`.

    Automatic precision is bfloat16 on CPUs that are faster in it, float32 on others, float16 on a GPU (bfloat16 if it
    has it). float16 on a CPU is refused: it is 30 to 300 times slower than float32 there. int8 is for CPUs alone.
    """
    chosen = _device(device.strip().casefold())
    if precision == "int8" and not chosen.startswith("cpu"):
        raise BadRequest("is for CPUs alone", field="precision", value=precision, hint="leave `precision` out")
    if chosen.startswith("cpu"):
        if precision == "float16":
            raise BadRequest(
                "float16 on a CPU is 30 to 300 times slower than float32",
                field="precision",
                value=precision,
                hint="leave `precision` out, or take float32 or bfloat16",
            )
        best = "bfloat16" if bfloat16_pays() else "float32"
        dtype = best if precision == "auto" else precision
        threads = physical_cores()
        return Machine(device="cpu", dtype=dtype, threads=threads, engines=cpu_engines(), beside_int8=best)
    if chosen.startswith("mps"):
        return Machine(device=chosen, dtype="float16" if precision == "auto" else precision, threads=0)
    best = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
    dtype = best if precision == "auto" else precision
    return Machine(device=chosen, dtype=dtype, threads=0, engines=("torch", "cuda"))


def _device(asked: str) -> str:
    if asked == "cpu":
        return "cpu"
    has_cuda, has_mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if asked == "auto":
        return "cuda" if has_cuda else "mps" if has_mps else "cpu"
    if asked == "gpu" and (has_cuda or has_mps):
        return "cuda" if has_cuda else "mps"
    if asked.startswith("cuda") and has_cuda:
        number = asked.partition(":")[2] or "0"
        if number.isdecimal() and int(number) < torch.cuda.device_count():
            return asked
    if asked == "mps" and has_mps:
        return "mps"
    if asked not in {"gpu", "mps"} and not asked.startswith("cuda"):
        raise BadRequest("is not a device", field="device", value=asked, hint="auto, cpu, gpu, cuda, cuda:1 or mps")
    raise DeviceUnavailable(
        "this machine has no such GPU that PyTorch can use",
        field="device",
        value=asked,
        hint="use `device=cpu`; for an NVIDIA GPU, set up with `make demo TORCH_INDEX=<the PyTorch CUDA wheel index>`",
    )


def cpu_engines() -> tuple[str, ...]:
    """What runs networks on the CPU; OpenVINO is an extra."""
    return ("torch", "openvino") if find_spec("openvino") is not None else ("torch",)


def bfloat16_pays() -> bool:
    """Whether the CPU multiplies bfloat16 faster than float32: by AMX, or by AVX-512 BF16 unless it is Intel's.

    Matrices of 2048 in GFLOP/s of one core, bfloat16 and float32: an Intel Xeon of the fifth generation 1063 and 158,
    AMD Zen 4 215 and 97, an Intel Xeon whose AMX is hidden from a virtual machine 79 and 144. Emulated it is slower
    still.
    """
    capabilities = torch.cpu.get_capabilities()
    is_intel = str(capabilities.get("cpu_name", "")).startswith("Intel")
    return has_amx(capabilities) or bool(capabilities.get("avx512_bf16") and not is_intel)


def has_amx(capabilities: Mapping[str, Any]) -> bool:
    """Whether the processor has AMX and this process may use it: its registers are lent by the operating system, which
    sandboxes forbid and old kernels cannot. torch and OpenVINO then calculate without it, and say nothing.
    """
    return bool(capabilities.get("amx_bf16")) and torch.cpu._init_amx()  # pyright: ignore[reportPrivateUsage]


def physical_cores() -> int:
    """Threads for the networks: one a physical core that this process may use, or what OMP_NUM_THREADS says."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(torch.cpu.get_capabilities().get("num_physical_cores", allowed), allowed)


def make_placement(
    device: str, dtype: str, decode_dtype: str, decode_tile: int = 0, attention_slice: bool = False
) -> Placement:
    formats = (getattr(torch, name) for name in (dtype, decode_dtype))
    return Placement(torch.device(device), *formats, decode_tile=decode_tile, attention_slicing=attention_slice)


def free_memory(device: str) -> int | None:
    """Bytes that may still be taken on the GPU `device`, None if unknown."""
    return torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else None


class Engine(Protocol):
    """What runs a network: `compile` makes of a module on its device, with its LoRAs applied, what is called instead.

    It takes the module's arguments and gives its outputs. When weights change, it is compiled again. `calls` are some
    of the module's own, for an engine that fits itself to them: made when they are asked for, always the same.
    """

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]: ...


class TorchEngine:
    """PyTorch itself, layer by layer: nothing is compiled."""

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]:
        return component


TORCH = TorchEngine()


def make_engine(name: str, dtype: str, threads: int, cache: Path) -> Engine:
    """The engine of that name; what it makes once is kept in `cache`. Raises `BadRequest` if it is not installed."""
    if name == "torch":
        return TORCH
    if name == "cuda":
        from sdplay.engines.cuda import CudaEngine

        return CudaEngine()
    if find_spec("openvino") is None:
        raise BadRequest("is not installed here", field="engine", value=name, hint="`pip install sdplay[openvino]`")
    if dtype == "int8":
        from sdplay.engines.int8 import Int8Engine

        rest = "bfloat16" if bfloat16_pays() else "float32"
        return Int8Engine(rest, threads, cache / "openvino")
    from sdplay.engines.openvino import OpenVinoEngine

    return OpenVinoEngine(dtype, threads, cache / "openvino")


class CompiledComponent:
    """A component and the engine that runs it; `with_loras` is what to call while those LoRAs are on."""

    def __init__(self, component: Any, engine: Engine) -> None:
        self._component, self._engine = component, engine
        self._compiled: tuple[object, Callable[..., Any]] | None = None

    def with_loras(self, loras: object, calls: Calls) -> Callable[..., Any]:
        """It is compiled when it is first asked for, and again for other LoRAs; `calls` are made with them."""
        if self._compiled is None or self._compiled[0] != loras:
            self._compiled = loras, self._engine.compile(self._component, calls)
        return self._compiled[1]


@dataclass(frozen=True, slots=True)
class Placement:
    """The device and the number formats of a model's parts, the `engine` that runs its U-Net, and what spares memory:
    `decode_tile` (the side in pixels of the tiles that the VAE decodes, 0 for whole pictures), `attention_slicing` (one
    head at a time), and `sequential_offload` (one part in memory at a time).
    """

    device: torch.device
    dtype: torch.dtype
    decode_dtype: torch.dtype
    decode_tile: int = 0
    attention_slicing: bool = False
    sequential_offload: bool = False
    engine: Engine = TORCH

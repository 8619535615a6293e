"""A network is recorded once a signature and replayed; what a CUDA graph does is pretended, on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.machine import Machine
from sdplay.engines.arguments import Call
from sdplay.engines.cuda import CudaEngine
from sdplay.engines.device import make_engine
from sdplay.requests.resolve import engine_for
from sdplay.requests.run_options import RunOptions

GPU = Machine(device="cuda:0", dtype="bfloat16", threads=0, engines=("torch", "cuda"))


class Pretended:
    """As a CUDA graph: what is replayed reads and writes the same memory as what was recorded, and runs no Python."""

    def __init__(self) -> None:
        self.recorded = 0

    def __call__(self, call: Callable[[], Tensor], device: torch.device) -> tuple[Callable[[], None], Tensor]:
        self.recorded += 1
        answer = call().clone()

        def replay() -> None:
            answer.copy_(call())

        return replay, answer


class Network(torch.nn.Module):
    def forward(self, x: Tensor, added: dict[str, Tensor], scale: float = 1.0) -> Tensor:
        return x * scale + added["more"]


def no_calls() -> list[Call]:
    raise AssertionError("it is not fitted to anything")


def test_it_gives_what_the_network_gives_and_records_once_a_signature() -> None:
    graphs, module = Pretended(), Network()
    network = CudaEngine(graphs).compile(module, no_calls)
    for rows, scale in ((2, 1.0), (2, 1.0), (3, 1.0), (2, 2.0), (3, 1.0)):
        x, more = torch.randn(rows, 4), torch.randn(rows, 4)
        assert torch.equal(network(x, {"more": more}, scale=scale), module(x, {"more": more}, scale=scale))
    assert graphs.recorded == 3


def test_what_it_gave_and_what_it_was_given_stay_when_it_is_asked_again() -> None:
    network = CudaEngine(Pretended()).compile(Network(), no_calls)
    x, zeros = torch.ones(1, 3), {"more": torch.zeros(1, 3)}
    first = network(x, zeros)
    network(torch.full((1, 3), 9.0), zeros)
    assert torch.equal(first, torch.ones(1, 3))
    assert torch.equal(x, torch.ones(1, 3))


def test_engines_are_the_same_one_so_that_a_model_is_not_loaded_again(tmp_path: Path) -> None:
    assert make_engine("cuda", "bfloat16", 0, tmp_path) == make_engine("cuda", "bfloat16", 0, tmp_path)


def chosen(machine: Machine, **run: Any) -> str:
    return engine_for(RunOptions(**run), None, machine)  # type: ignore[arg-type]


def test_it_is_had_on_a_gpu_by_name() -> None:
    assert chosen(GPU, engine="cuda") == "cuda"
    assert chosen(GPU) == "torch"


@pytest.mark.parametrize(
    ("machine", "run", "why"),
    [
        (Machine(device="cpu", dtype="float32", threads=1), {}, "for NVIDIA GPUs, and this is drawn on cpu"),
        (Machine(device="mps", dtype="float16", threads=0), {}, "for NVIDIA GPUs, and this is drawn on mps"),
        (GPU, {"low_memory": True}, "in place"),
        (GPU, {"max_memory": "4GiB"}, "in place"),
    ],
)
def test_where_it_cannot_be_had_that_is_said(machine: Machine, run: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as caught:
        chosen(machine, engine="cuda", **run)
    assert (caught.value.field, bool(caught.value.hint)) == ("engine", True)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA GPU")
def test_a_graph_gives_the_bits_of_torch() -> None:
    module = torch.nn.Sequential(torch.nn.Conv2d(4, 8, 3), torch.nn.SiLU(), torch.nn.Conv2d(8, 4, 3)).cuda().half()
    network = CudaEngine().compile(module, no_calls)
    with torch.inference_mode():
        for _ in range(3):
            x = torch.randn(2, 4, 16, 16, device="cuda", dtype=torch.float16)
            assert torch.equal(network(x), module(x))

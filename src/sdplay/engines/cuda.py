"""An NVIDIA GPU as the engine of a network: its kernels are recorded once a shape as a CUDA graph, and replayed.

A U-Net of this family starts some 1,500 kernels a step, and Python takes longer to start them than a large GPU to run
them. Which kernels run, and so what they calculate, stays as it is: attention is `scaled_dot_product_attention`,
weights and latents are in channels_last, numbers in bfloat16 or float16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from sdplay.engines.arguments import Calls, Signature, filled, flattened, signature_of

WARM_UP = 3  # calls before it is recorded: libraries choose their kernels and take their memory in the first ones


class Recording(NamedTuple):
    """What was recorded: `replay` calculates `answer` anew from the numbers that are then in `inputs`."""

    inputs: list[Tensor]
    answer: Tensor
    replay: Callable[[], None]


Record = Callable[[Callable[[], Tensor], torch.device], tuple[Callable[[], None], Tensor]]


def record(call: Callable[[], Tensor], device: torch.device) -> tuple[Callable[[], None], Tensor]:
    """`call` on `device` as a CUDA graph, with the tensor that it writes its answer to; called a few times before."""
    with torch.cuda.device(device):
        stream: Any = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                call()
        torch.cuda.current_stream().wait_stream(stream)
        graph: Any = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            answer = call()
    return graph.replay, answer


@dataclass(frozen=True, slots=True)
class CudaEngine:
    """Replays networks; `record` is how one call is recorded."""

    record: Record = record

    def compile(self, component: Any, calls: Calls) -> Callable[..., Any]:
        return ReplayedNetwork(component, self.record)


class ReplayedNetwork:
    """A torch module that is recorded when it is first called with arguments of a signature, and replayed then.

    Takes the module's arguments and gives what it gives, one tensor. The weights must stay where they are in memory.
    """

    def __init__(self, component: Any, record: Record) -> None:
        self._component, self._record = component, record
        self._recordings: dict[Signature, Recording] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        signature = signature_of((args, kwargs))
        if signature not in self._recordings:
            self._recordings[signature] = self._recorded(args, kwargs)
        recording = self._recordings[signature]
        for place, given in zip(recording.inputs, flattened((args, kwargs)).values(), strict=True):
            place.copy_(given)
        recording.replay()
        return recording.answer.clone()  # the next replay overwrites it

    def _recorded(self, args: Any, kwargs: Any) -> Recording:
        inputs = [tensor.clone() for tensor in flattened((args, kwargs)).values()]
        args, kwargs = filled((args, kwargs), list(inputs))
        replay, answer = self._record(lambda: self._component(*args, **kwargs), inputs[0].device)
        return Recording(inputs, answer, replay)

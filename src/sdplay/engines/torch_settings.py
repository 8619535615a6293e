"""What a host program set in torch must not change a picture: our calculations run with settings of their own.

torch keeps these settings for the whole process, so one calculation runs at a time, and each step of it puts back what
the host had set. The same lock keeps two threads from importing the same library at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch

from sdplay.core.errors import RenderFailed

AUTOCAST = ("cpu", "cuda", "mps")
EXACT = "ieee"  # float32 is calculated as float32


class _Process:
    """Whether this process has calculated, or is the fork of one that had: torch's threads do not survive a fork."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calculated = self.is_fork_of_calculation = False
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._in_child)

    def _in_child(self) -> None:
        self.lock = threading.RLock()
        self.is_fork_of_calculation = self.calculated

    def begin(self) -> None:
        if self.is_fork_of_calculation:
            raise RenderFailed(
                "this process was forked from one that had drawn already, and torch cannot calculate in such a process",
                hint='start processes with multiprocessing.get_context("spawn"), or draw only in the forked ones',
            )
        self.calculated = True


_process = _Process()


@contextmanager
def own_torch_settings() -> Iterator[None]:
    """Calculate with torch as it is when nobody has changed anything, and one thread at a time.

    Raises `RenderFailed` in a process that was forked after a calculation.
    """
    with _process.lock, ExitStack() as stack:
        _process.begin()
        if torch.get_default_device().type != "cpu":
            stack.enter_context(torch.device("cpu"))
        for device in AUTOCAST:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        stack.enter_context(_default_dtype())
        stack.enter_context(_with_mkldnn())
        stack.enter_context(_exact_float32())
        stack.enter_context(_any_attention())
        yield


@contextmanager
def _default_dtype() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def _with_mkldnn() -> Iterator[None]:
    set_flags: Any = torch.backends.mkldnn.set_flags  # `flags` also sets TF32, and warns where there is none
    before = set_flags(True, _fp32_precision=None)
    try:
        yield
    finally:
        set_flags(before[0], _fp32_precision=None)


@contextmanager
def _exact_float32() -> Iterator[None]:
    backends: list[Any] = [getattr(torch.backends.mkldnn, name) for name in ("matmul", "conv")]
    before = [backend.fp32_precision for backend in backends]
    for backend in backends:
        backend.fp32_precision = EXACT
    try:
        yield
    finally:
        for backend, precision in zip(backends, before, strict=True):
            backend.fp32_precision = precision


@contextmanager
def _any_attention() -> Iterator[None]:
    """Let torch choose among all its ways to calculate attention (their switches also hold on a CPU)."""
    cuda = torch.backends.cuda
    switches = (
        (cuda.flash_sdp_enabled, cuda.enable_flash_sdp),
        (cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp),
        (cuda.math_sdp_enabled, cuda.enable_math_sdp),
        (cuda.cudnn_sdp_enabled, cuda.enable_cudnn_sdp),
    )
    before = [is_enabled() for is_enabled, _ in switches]
    for _, enable in switches:
        enable(True)
    try:
        yield
    finally:
        for (_, enable), enabled in zip(switches, before, strict=True):
            enable(enabled)

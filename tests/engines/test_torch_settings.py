"""A host program draws from threads, forks, and sets what it likes in torch: each in a process of its own."""

from __future__ import annotations

import json
import os

import pytest

from tests.support import child

DRAW = """
import sdplay
def digest():
    return sdplay.draw("a red apple", seed=3, steps=2, width=64, height=64)[0].digest
"""
HOST = """
import json, torch
from contextlib import nullcontext
from torch.nn.attention import SDPBackend, sdpa_kernel

def default_dtype():
    torch.set_default_dtype(torch.float64)
def default_device():
    torch.set_default_device("meta")
def precision():
    torch.set_float32_matmul_precision("medium")
def no_mkldnn():
    torch.backends.mkldnn.set_flags(False)
def nothing():
    pass
changes = {
    "nothing": (nothing, nullcontext()),
    "autocast": (nothing, torch.autocast("cpu", torch.bfloat16)),
    "attention": (nothing, sdpa_kernel(SDPBackend.MATH)),
    "inference": (nothing, torch.inference_mode()),
    "device of a block": (nothing, torch.device("meta")),
    "dtype": (default_dtype, nullcontext()),
    "precision": (precision, nullcontext()),
    "mkldnn": (no_mkldnn, nullcontext()),
    "default device": (default_device, nullcontext()),
}
found = {}
for name, (change, block) in changes.items():
    with block:
        change()
        found[name] = digest()
state = [str(torch.get_default_dtype()), str(torch.get_default_device()), torch.get_float32_matmul_precision()]
print(json.dumps([found, state, torch.backends.mkldnn.enabled]))
"""
THREADS = """
import threading
found = []
threads = [threading.Thread(target=lambda: found.append(digest())) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(found), len(set(found)))
"""
FORK = """
import os
digest()
pid = os.fork()
if pid == 0:
    try:
        digest()
    except sdplay.SdplayError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""
FORK_FIRST = """
import os
pid = os.fork()
if pid == 0:
    print(digest(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(digest())
"""


def test_what_a_host_sets_in_torch_changes_no_bit_and_stays_set() -> None:
    found, state, mkldnn = json.loads(child.run(DRAW + HOST).splitlines()[-1])
    assert set(found.values()) == {found["nothing"]}
    assert len(found) == 9
    assert state == ["torch.float64", "meta", "medium"]
    assert mkldnn is False


def test_the_first_pictures_may_come_from_several_threads_at_once() -> None:
    assert child.run(DRAW + THREADS).split() == ["4", "1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_after_a_drawing_says_that_it_cannot_draw() -> None:
    assert "forked from one that had drawn" in child.run(DRAW + FORK)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_before_the_first_drawing_draws() -> None:
    first, second = child.run(DRAW + FORK_FIRST).split()
    assert first == second

"""What a request runs on, for any machine: availability of devices is pretended."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sdplay.core.errors import BadRequest, DeviceUnavailable
from sdplay.engines import device
from sdplay.engines.device import bfloat16_pays, detect_machine, make_placement, physical_cores


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine with a CPU that computes in bfloat16, and nothing else; a test adds what it needs."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(device, "bfloat16_pays", lambda: True)
    return monkeypatch


def add_cuda(machine: pytest.MonkeyPatch, count: int = 2, bfloat16: bool = True) -> None:
    machine.setattr(torch.cuda, "is_available", lambda: True)
    machine.setattr(torch.cuda, "device_count", lambda: count)
    machine.setattr(torch.cuda, "is_bf16_supported", lambda: bfloat16)


@pytest.mark.parametrize("asked", ["auto", "cpu", " CPU "])
def test_a_plain_machine_draws_on_its_cpu(asked: str, machine: pytest.MonkeyPatch) -> None:
    found = detect_machine(asked)
    assert (found.device, found.dtype, found.threads) == ("cpu", "bfloat16", physical_cores())


def test_a_cpu_without_bfloat16_draws_in_float32(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(device, "bfloat16_pays", lambda: False)
    assert detect_machine().dtype == "float32"
    assert detect_machine(precision="bfloat16").dtype == "bfloat16"  # asked for by name it is had, slow or not


AMX = {"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}


@pytest.mark.parametrize(
    ("capabilities", "lent", "pays"),
    [
        (AMX, True, True),
        (AMX, False, False),  # the operating system does not lend its registers
        (AMX | {"cpu_name": "AMD EPYC", "amx_bf16": False}, False, True),
        (AMX | {"amx_bf16": False}, True, False),
        ({"cpu_name": "AMD EPYC"}, True, False),
        ({}, True, False),
    ],
)
def test_bfloat16_is_taken_where_the_processor_is_faster_in_it(
    capabilities: dict[str, Any], lent: bool, pays: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    monkeypatch.setattr(torch.cpu, "_init_amx", lambda: lent)
    assert bfloat16_pays() is pays


def test_precision_asked_for_is_precision_had(machine: pytest.MonkeyPatch) -> None:
    assert detect_machine(precision="float32").dtype == "float32"
    add_cuda(machine)
    assert detect_machine("cuda", "float16").dtype == "float16"
    assert detect_machine("cuda", "float32").dtype == "float32"


def test_float16_on_a_cpu_is_refused(machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match=r"precision = 'float16': .*slower"):
        detect_machine("cpu", "float16")


@pytest.mark.parametrize("asked", ["gpu", "cuda", "cuda:0", "CUDA:1", "mps"])
def test_a_gpu_that_is_not_there_is_said_so(asked: str, machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceUnavailable, match="no such GPU") as caught:
        detect_machine(asked)
    assert "`device=cpu`" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("asked", ["", "tpu", "cpu:1", "0", "gpu0"])
def test_what_is_no_device_is_said_so(asked: str, machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadRequest, match="is not a device") as caught:
        detect_machine(asked)
    assert not isinstance(caught.value, DeviceUnavailable)


@pytest.mark.parametrize(("asked", "had"), [("auto", "cuda"), ("gpu", "cuda"), ("cuda", "cuda"), ("cuda:1", "cuda:1")])
def test_an_nvidia_machine_draws_on_its_gpu(asked: str, had: str, machine: pytest.MonkeyPatch) -> None:
    add_cuda(machine)
    assert (detect_machine(asked).device, detect_machine(asked).dtype, detect_machine(asked).threads) == (
        had,
        "bfloat16",
        0,
    )
    add_cuda(machine, bfloat16=False)
    assert detect_machine(asked).dtype == "float16"
    assert detect_machine("cpu").device == "cpu"


@pytest.mark.parametrize("asked", ["cuda:2", "cuda:-1", "cuda:x", "cuda:²", "cuda:1:1"])
def test_a_gpu_with_a_number_that_does_not_exist_is_refused(asked: str, machine: pytest.MonkeyPatch) -> None:
    add_cuda(machine)
    with pytest.raises(DeviceUnavailable):
        detect_machine(asked)


@pytest.mark.parametrize("asked", ["auto", "gpu", "mps"])
def test_a_mac_draws_on_its_gpu(asked: str, machine: pytest.MonkeyPatch) -> None:
    machine.setattr(torch.backends.mps, "is_available", lambda: True)
    assert (detect_machine(asked).device, detect_machine(asked).dtype) == ("mps", "float16")


@pytest.mark.parametrize(("asked", "threads"), [("1", 1), ("3", 3), ("64", 64)])
def test_omp_num_threads_is_obeyed(asked: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert physical_cores() == threads


@pytest.mark.parametrize("asked", ["", "0", "-1", "4,2", "many", "²"])
def test_omp_num_threads_that_is_no_number_is_passed_over(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")
    own = physical_cores()
    assert own >= 1
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert physical_cores() == own


def test_a_placement_is_in_torch_terms() -> None:
    place = make_placement("cpu", "bfloat16", "float32")
    assert (place.device, place.dtype, place.decode_dtype) == (torch.device("cpu"), torch.bfloat16, torch.float32)

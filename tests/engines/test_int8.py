"""A network in int8 is the same each time, close to that in float32, and refused where it is not."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino.opset13 as ops
import pytest
import torch

from sdplay.core.errors import BadRequest, RenderFailed
from sdplay.core.machine import Machine
from sdplay.engines import device, int8
from sdplay.engines.arguments import Call
from sdplay.engines.device import detect_machine, make_engine, make_placement
from sdplay.engines.fit_int8 import Inputs, as_arrays, as_inputs
from sdplay.engines.int8 import Int8Engine, arguments, check, difference
from sdplay.engines.openvino import the_core
from sdplay.families.base import load_family
from sdplay.families.common import calibration
from sdplay.families.sd.model import StableDiffusion
from sdplay.images.picture import Picture
from sdplay.requests.base import make_request
from sdplay.requests.resolve import engine_for
from sdplay.requests.run_options import RunOptions
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio

CPU = Machine(device="cpu", dtype="int8", threads=1, engines=("torch", "openvino"))
FIELDS: dict[str, Any] = {"steps": 2, "seed": 5, "size": 64, "device": "cpu"}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "home"))


def drawn(model: Path, precision: str, **fields: Any) -> Picture:
    with Studio() as studio:
        request = make_request(Txt2Img, prompt="a cat", model=model, precision=precision, **(FIELDS | fields))
        return next(iter(studio.draw(request)))


def matrix(seed: int = 0) -> tuple[torch.nn.Module, list[Call]]:
    """A network of two matrices, and calls of it."""
    torch.manual_seed(seed)
    module = torch.nn.Sequential(torch.nn.Linear(32, 64), torch.nn.ReLU(), torch.nn.Linear(64, 32)).eval()
    with torch.no_grad():
        asked = [torch.randn(2, 64, 32) for _ in range(8)]
        return module, [Call((x,), {}, module(x)) for x in asked]


def rounded(whole: Path, asked: Sequence[Inputs], fitted: Path, spared: Sequence[str]) -> None:
    """Stands in for NNCF: the same network with weights of 8 bits."""
    model = the_core().read_model(whole)
    for operation in model.get_ops():
        if operation.get_type_name() == "Constant" and operation.data.ndim == 2 and operation.data.size > 4:
            step = np.abs(operation.data).max() / 127
            weights = ops.constant((operation.data / step).round() * step, np.float32)
            operation.output(0).replace(weights.output(0))
    openvino.save_model(model, fitted, compress_to_fp16=False)


@pytest.fixture(params=["rounded", "NNCF"])
def _fit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "rounded":
        monkeypatch.setattr(int8, "fit", rounded)
        monkeypatch.setattr(int8, "find_spec", lambda _: True)
    elif find_spec("nncf") is None:
        pytest.skip("NNCF is not installed")


@pytest.mark.usefixtures("_fit")
def test_it_answers_nearly_as_torch_does_says_how_nearly_and_is_found_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    module, calls = matrix()
    engine = Int8Engine("float32", 1, tmp_path)
    with torch.inference_mode():
        x = torch.randn(2, 64, 32)
        answer, exact = engine.compile(module, lambda: calls)(x), module(x)
    assert 1e-4 < (answer - exact).norm() / exact.norm() < int8.GATE  # it is in int8, and close
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert "takes minutes" in said[0]
    assert "differ by" in said[1]
    assert said[1].endswith("up to 3.5% is taken")

    def refuse() -> list[Call]:
        raise AssertionError("it is fitted again")

    assert torch.equal(engine.compile(module, refuse)(x), answer)
    assert not list(tmp_path.glob("making-*"))


@pytest.mark.skipif(find_spec("nncf") is None, reason="NNCF is not installed")
def test_the_same_weights_are_fitted_to_the_same_bits(tmp_path: Path) -> None:
    module, calls = matrix()
    one, two = (
        Int8Engine("float32", 1, tmp_path / name).compile(module, lambda: calls)(torch.ones(2, 64, 32))
        for name in ("one", "two")
    )
    assert torch.equal(one, two)


@pytest.mark.parametrize(("pays", "rest"), [(True, "bfloat16"), (False, "float32")])
def test_what_is_not_in_int8_is_in_what_the_processor_is_fastest_in(
    pays: bool, rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "bfloat16_pays", lambda: pays)
    assert detect_machine("cpu", "int8").beside_int8 == rest
    engine = make_engine("openvino", "int8", 1, tmp_path)
    assert isinstance(engine, Int8Engine)
    assert engine.precision == rest


def test_a_network_that_differs_too_much_is_refused_and_not_fitted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "fit", rounded)
    monkeypatch.setattr(int8, "find_spec", lambda _: True)
    module, calls = matrix()
    wrong = [replace(call, answer=call.answer + 0.5 * call.answer.abs()) for call in calls]
    engine = Int8Engine("float32", 1, tmp_path)
    with pytest.raises(BadRequest, match=r"differ by \d\d\.\d% \(relative L2\).*at most 3.5% is taken") as caught:
        engine.compile(module, lambda: wrong)(torch.ones(2, 64, 32))
    assert (caught.value.field, caught.value.hint) == ("precision", "leave `precision` out")
    assert not list(tmp_path.glob("*-int8.xml"))
    monkeypatch.setattr(int8, "fit", lambda *_: pytest.fail("it is fitted again"))
    with pytest.raises(BadRequest, match="does not bear it"):
        engine.compile(module, lambda: wrong)(torch.ones(2, 64, 32))


def test_attention_is_spared_where_the_whole_in_int8_differs_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[tuple[str, ...]] = []

    def worse_with_attention(whole: Path, asked: Sequence[Inputs], fitted: Path, spared: Sequence[str]) -> None:
        tried.append(tuple(spared))
        rounded(whole, asked, fitted, spared)

    apart = iter([0.2, 0.01])
    monkeypatch.setattr(int8, "fit", worse_with_attention)
    monkeypatch.setattr(int8, "find_spec", lambda _: True)
    monkeypatch.setattr(int8, "difference", lambda *_: next(apart))
    module, calls = matrix()
    Int8Engine("float32", 1, tmp_path).compile(module, lambda: calls)(torch.ones(2, 64, 32))
    assert tried == [(), (int8.ATTENTION,)]


def test_what_goes_wrong_in_its_process_is_said(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="could not be fitted to int8"):
        int8.fit(tmp_path / "missing.xml", [[np.ones(1, np.float32)]], tmp_path / "fitted.xml")


def test_what_it_is_asked_goes_to_its_process_and_back() -> None:
    asked = [[np.full((call + 1, 2), call + place, np.float32) for place in range(12)] for call in range(11)]
    back = as_inputs(as_arrays(asked))
    assert all(
        np.array_equal(a, b) for one, two in zip(asked, back, strict=True) for a, b in zip(one, two, strict=True)
    )


def test_not_a_number_is_refused() -> None:
    with pytest.raises(BadRequest, match="does not bear it"):
        check(float("nan"))


def test_where_nncf_is_missing_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, calls = matrix()
    monkeypatch.setattr(int8, "find_spec", lambda _: None)
    with pytest.raises(BadRequest, match="needs NNCF") as caught:
        Int8Engine("float32", 1, tmp_path).compile(module, lambda: calls)(torch.ones(2, 64, 32))
    assert "sdplay[int8]" in caught.value.hint


def test_the_difference_is_relative() -> None:
    ones = np.ones(4, np.float32)
    assert difference(lambda inputs: [inputs[0] * 1.1], [[ones], [ones]], [ones, ones]) == pytest.approx(0.1, rel=1e-5)


def test_texts_of_several_lengths_have_a_mask_that_hides_nothing() -> None:
    call = Call((torch.ones(2, 4),), {"encoder_hidden_states": torch.ones(2, 7, 3)}, None)
    wanted = {
        ".0.0": torch.ones(1),
        ".1.encoder_hidden_states": torch.ones(1),
        ".1.encoder_attention_mask": torch.ones(1),
    }
    assert [numbers.shape for numbers in arguments(call, wanted)] == [(2, 4), (2, 7, 3), (2, 7)]
    with pytest.raises(BadRequest, match="steered by pictures"):
        arguments(call, {".1.down_block_additional_residuals.0": torch.ones(1)})


def test_a_picture_in_int8_says_so_and_is_its_own_to_the_bit(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8, "fit", rounded)
    monkeypatch.setattr(int8, "GATE", 1.0)  # its weights are noise
    monkeypatch.setattr(int8, "find_spec", lambda _: True)
    monkeypatch.setattr(device, "bfloat16_pays", lambda: False)
    monkeypatch.setattr(calibration, "PROMPTS", calibration.PROMPTS[:2])
    monkeypatch.setattr(calibration, "STEPS", 2)
    exact, first, again = (drawn(tiny, precision) for precision in ("float32", "int8", "int8"))
    numerics = first.recipe.numerics
    assert (numerics.engine, numerics.dtype, numerics.decode_dtype) == (
        "openvino",
        "int8",
        exact.recipe.numerics.decode_dtype,
    )
    assert first.digest == again.digest != exact.digest


def test_what_it_is_fitted_to_does_not_depend_on_what_is_drawn(tiny: Path) -> None:
    family = load_family("sd", tiny, make_placement("cpu", "float32", "float32"))
    assert isinstance(family, StableDiffusion)
    one, two = family.recorded_calls(), family.recorded_calls()
    assert len(one) == calibration.STEPS * len(calibration.PROMPTS)
    assert all(torch.equal(first.answer, second.answer) for first, second in zip(one, two, strict=True))
    assert all(torch.equal(first.args[0], second.args[0]) for first, second in zip(one, two, strict=True))
    with torch.inference_mode():
        answer = family.unet(*one[-1].args, **one[-1].kwargs)
    assert torch.equal(answer, one[-1].answer)


@pytest.mark.parametrize(
    ("machine", "run", "why"),
    [
        (replace(CPU, engines=("torch",)), {}, "not installed here"),
        (CPU, {"low_memory": True}, "in memory twice"),
        (CPU, {"engine": "torch"}, "by OpenVINO alone"),
    ],
)
def test_where_it_cannot_be_had_that_is_said(machine: Machine, run: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as caught:
        engine_for(RunOptions(precision="int8", **run), None, machine)  # type: ignore[arg-type]
    assert caught.value.hint


def test_it_is_openvino_for_networks_of_any_size() -> None:
    assert engine_for(RunOptions(precision="int8"), None, CPU) == "openvino"  # type: ignore[arg-type]


def test_on_a_gpu_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(BadRequest, match="for CPUs alone"):
        detect_machine("cuda", "int8")

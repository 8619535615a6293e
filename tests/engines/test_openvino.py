"""OpenVINO gives what torch gives, the same bits each time, and sends nothing to anybody."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sdplay.core.errors import BadRequest
from sdplay.core.machine import Machine
from sdplay.engines import device
from sdplay.engines.arguments import Call
from sdplay.engines.device import make_engine
from sdplay.engines.openvino import OpenVinoEngine, weights_digest
from sdplay.images.picture import Picture
from sdplay.requests.base import make_request
from sdplay.requests.resolve import LARGE, engine_for
from sdplay.requests.run_options import RunOptions
from sdplay.requests.txt2img import Txt2Img
from sdplay.requests.warnings import request_warnings
from sdplay.studio import Studio
from tests.support import child

CPU = Machine(device="cpu", dtype="float32", threads=1, engines=("torch", "openvino"))
FIELDS: dict[str, Any] = {"steps": 3, "seed": 5, "size": 64, "device": "cpu", "precision": "float32"}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "home"))


def drawn(model: Path, engine: str, **fields: Any) -> list[Picture]:
    with Studio() as studio:
        return list(studio.draw(make_request(Txt2Img, prompt="a cat", model=model, engine=engine, **(FIELDS | fields))))


def no_calls() -> list[Call]:
    raise AssertionError("it is not fitted to anything")


class Sum(torch.nn.Module):
    """A network of one matrix, which takes arguments as those of the U-Net are."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(3, 3, bias=False)

    def forward(self, x: torch.Tensor, added: dict[str, torch.Tensor], scale: float = 1.0) -> torch.Tensor:
        return self.layer(x) * scale + added["more"]


def test_any_arguments_in_any_sizes(tmp_path: Path) -> None:
    module = Sum()
    network = OpenVinoEngine("float32", 1, tmp_path).compile(module, no_calls)
    for rows, scale in ((2, 1.0), (5, 1.0), (2, 3.0)):
        x, more = torch.randn(rows, 3), torch.randn(rows, 3)
        with torch.inference_mode():
            expected = module(x, {"more": more}, scale=scale)
            found = network(x, {"more": more}, scale=scale)
        assert torch.allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_what_it_gave_stays_when_it_is_asked_again(tmp_path: Path) -> None:
    network = OpenVinoEngine("float32", 1, tmp_path).compile(Sum(), no_calls)
    zeros = {"more": torch.zeros(1, 3)}
    first = network(torch.ones(1, 3), zeros)
    kept = first.clone()
    network(torch.full((1, 3), 9.0), zeros)
    assert torch.equal(first, kept)


def test_what_was_converted_is_found_again_and_other_weights_are_not_taken_for_it(tmp_path: Path) -> None:
    module, arguments = Sum(), (torch.ones(1, 3), {"more": torch.zeros(1, 3)})
    engine = OpenVinoEngine("float32", 1, tmp_path)
    before = engine.compile(module, no_calls)(*arguments)
    files = sorted(path.name for path in tmp_path.glob("*.xml"))
    assert len(files) == 1
    assert torch.equal(engine.compile(module, no_calls)(*arguments), before)
    assert sorted(path.name for path in tmp_path.glob("*.xml")) == files
    with torch.no_grad():
        module.layer.weight += 1
    assert not torch.equal(engine.compile(module, no_calls)(*arguments), before)
    assert len(list(tmp_path.glob("*.xml"))) == 2
    assert not list(tmp_path.glob("making-*"))


def test_weights_are_told_apart_by_name_shape_and_number() -> None:
    module = Sum()
    one = weights_digest(module)
    with torch.no_grad():
        module.layer.weight[0, 0] += 1e-6
    assert weights_digest(module) != one
    assert weights_digest(module.to(memory_format=torch.preserve_format)) == weights_digest(module)


@pytest.mark.parametrize("kind", ["tiny", "tiny_v"])
def test_a_picture_is_that_of_torch_up_to_rounding_and_its_own_to_the_bit(
    kind: str, request: pytest.FixtureRequest
) -> None:
    model = request.getfixturevalue(kind)
    (torchs,), (first,), (again,) = (drawn(model, engine) for engine in ("torch", "openvino", "openvino"))
    assert first.recipe.numerics.engine == "openvino"
    difference = np.abs(torchs.pixels.astype(int) - first.pixels.astype(int))
    assert difference.max() <= 1
    assert again.digest == first.digest


def test_every_place_in_a_batch_draws_the_same(tiny: Path) -> None:
    four = drawn(tiny, "openvino", num=4, batch_size=4)
    (third,) = drawn(tiny, "openvino", num=1, seed=7, batch_size=4)
    assert third.digest == four[2].digest


def test_verify_draws_it_by_the_engine_it_was_drawn_by(tiny: Path, tmp_path: Path) -> None:
    (picture,) = drawn(tiny, "openvino")
    picture.save(tmp_path / "drawn.png")
    with Studio() as studio:
        assert studio.verify(tmp_path / "drawn.png", str(tiny)).digest == picture.digest


def test_a_signal_after_many_networks_is_handled() -> None:
    code = """
import signal, tempfile
from pathlib import Path
import torch
from sdplay.engines.openvino import OpenVinoEngine
engine = OpenVinoEngine("float32", 1, Path(tempfile.mkdtemp()))
networks = [engine.compile(torch.nn.Linear(3, 3), list) for _ in range(3)]
for network in networks:
    network(torch.ones(1, 3))
for number in range(3):
    del networks[0], network
    network = None
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("handled")
"""
    assert child.run(code).strip() == "handled"


def test_nobody_is_called(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise AssertionError("a connection is opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    assert drawn(tiny, "openvino")


def test_what_was_compiled_for_other_numbers_is_not_taken(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (alone,) = drawn(tiny, "openvino", precision="bfloat16")
    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "another"))
    drawn(tiny, "openvino", precision="float32")
    (second,) = drawn(tiny, "openvino", precision="bfloat16")
    assert np.array_equal(second.pixels, alone.pixels)


def chosen(machine: Machine = CPU, weights: int = LARGE, **run: Any) -> str:
    from sdplay.requests import resolve as choosing

    class Size:
        class unet:  # noqa: N801
            pass

    Size.unet.weights = weights  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choosing, "model_size", lambda _: Size)
        return engine_for(RunOptions(**run), None, machine)  # type: ignore[arg-type]


def test_by_itself_it_is_taken_for_large_networks_where_it_is_and_memory_is_not_short() -> None:
    assert chosen() == "openvino"
    assert chosen(weights=LARGE - 1) == "torch"
    assert chosen(replace(CPU, engines=("torch",))) == "torch"
    assert chosen(low_memory=True) == chosen(max_memory="4GiB") == "torch"
    assert chosen(engine="torch") == "torch"
    assert chosen(weights=1, engine="openvino") == "openvino"


@pytest.mark.parametrize(
    ("machine", "run", "why"),
    [
        (replace(CPU, engines=("torch",)), {}, r"not installed here"),
        (replace(CPU, device="cuda:0"), {}, "on the CPU, and this is drawn on cuda:0"),
        (CPU, {"low_memory": True}, "in memory twice"),
    ],
)
def test_where_it_cannot_be_had_that_is_said(machine: Machine, run: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=why) as caught:
        chosen(machine, engine="openvino", **run)
    assert caught.value.field == "engine"
    assert caught.value.hint


def test_a_picture_drawn_by_it_cannot_be_drawn_where_it_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "find_spec", lambda _: None)
    with pytest.raises(BadRequest, match="not installed"):
        make_engine("openvino", "float32", 1, tmp_path)


def test_that_it_was_chosen_is_said_once_and_why(tiny: Path) -> None:
    with Studio() as studio:
        resolved = studio.resolve(make_request(Txt2Img, prompt="a cat", model=tiny, **FIELDS | {"precision": "auto"}))
    taken = replace(resolved.recipe, numerics=replace(resolved.recipe.numerics, engine="openvino", dtype="float32"))
    (said,) = (one for one in request_warnings(taken, resolved.model) if one.code == "engine")
    assert "faster" in said.message
    assert "`engine=torch`" in said.message
    assert "float32 (this processor is no faster in bfloat16)" in said.message
    in_bfloat16 = replace(taken, numerics=replace(taken.numerics, dtype="bfloat16"))
    (said,) = (one for one in request_warnings(in_bfloat16, resolved.model) if one.code == "engine")
    assert "bfloat16 (this processor is fastest in it)" in said.message
    assert not [one for one in request_warnings(resolved.recipe, resolved.model) if one.code == "engine"]


def test_numbers_that_the_model_or_the_user_chose_are_not_laid_to_the_processor(tiny: Path) -> None:
    with Studio() as studio:
        resolved = studio.resolve(make_request(Txt2Img, prompt="a cat", model=tiny, **FIELDS | {"precision": "auto"}))
    taken = replace(resolved.recipe, numerics=replace(resolved.recipe.numerics, engine="openvino", dtype="float32"))
    asked = replace(taken, request=taken.request.with_run_options(precision="float32"))
    of_the_model = replace(resolved.model, card=replace(resolved.model.card, precision="float32"))
    for recipe, model in ((asked, resolved.model), (taken, of_the_model)):
        (said,) = (one for one in request_warnings(recipe, model) if one.code == "engine")
        assert "in float32;" in said.message

"""Pickles: opened only when asked, in a process of their own, for their weights and nothing else."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from sdplay.core.errors import DiskFull, ModelBroken, StoreError
from sdplay.families.common.unpickle import weights_of
from sdplay.library import pickled as room
from sdplay.library.library import Library
from sdplay.library.pickled import Limits, as_safetensors
from sdplay.library.resolve import resolve
from tests.support.headers import SD15, write_header
from tests.support.pickles import Calls, bomb, hostile, lightning, small

DIGEST = "ab" * 32


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def weights() -> dict[str, torch.Tensor]:
    return {"a.weight": torch.arange(6.0).reshape(2, 3), "half": torch.ones(4).half(), "count": torch.tensor(7)}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# --- honest ones -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("zipped", "nested"), [(True, True), (False, False)], ids=["zip", "legacy"])
def test_the_weights_come_through_bit_for_bit(zipped: bool, nested: bool, tmp_path: Path, cache: Path) -> None:
    content = {"state_dict": weights(), "epoch": 3, "lr": [0.1]} if nested else weights()
    torch.save(content, tmp_path / "m.ckpt", _use_new_zipfile_serialization=zipped)
    found = as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)
    assert found == cache / f"{DIGEST}.safetensors"
    assert same(load_file(found), weights())
    assert list(cache.iterdir()) == [found]


def test_what_training_left_is_passed_over(tmp_path: Path, cache: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    state = {"w": whole, "view": whole[1:], "turned": whole.T, "tied": whole, "model_ema.w": whole}
    with lightning() as kind:
        beside = {"callbacks": {kind: {"best": np.float64(0.5)}}, "checkpoint": kind(), "optimizer": {"lr": 1e-4}}
        torch.save({"state_dict": state, **beside}, tmp_path / "m.ckpt")
    found = load_file(as_safetensors(tmp_path / "m.ckpt", DIGEST, cache))
    assert same(found, {"w": whole, "view": whole[1:], "turned": whole.T.contiguous(), "tied": whole})


def test_the_vectors_in_torchs_containers_come_through(tmp_path: Path, cache: Path) -> None:
    """A1111 saves textual inversions so."""
    vectors = torch.nn.ParameterDict({"*": torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))})
    torch.save({"string_to_token": {"*": 265}, "string_to_param": vectors, "name": "rust"}, tmp_path / "e.pt")
    found = load_file(as_safetensors(tmp_path / "e.pt", DIGEST, cache))
    assert same(found, {"*": torch.arange(6.0).reshape(2, 3)})


@pytest.mark.parametrize("around", ["state_dict", "model", "module"])
def test_weights_within_several_dictionaries_come_through(around: str, tmp_path: Path) -> None:
    content = {around: {"state_dict": weights(), "step": torch.tensor(1)}, "beside": torch.ones(3)}
    torch.save(content, tmp_path / "m.ckpt")
    assert same(weights_of(str(tmp_path / "m.ckpt")), weights())


def test_mean_weights_are_kept_where_there_are_no_others(tmp_path: Path) -> None:
    means = {"model_ema.diffusion_modelout2bias": torch.ones(4)}
    torch.save({"state_dict": means}, tmp_path / "m.ckpt")
    assert same(weights_of(str(tmp_path / "m.ckpt")), means)
    torch.save({"state_dict": means | {"model.diffusion_model.out.2.bias": torch.zeros(4)}}, tmp_path / "m.ckpt")
    assert weights_of(str(tmp_path / "m.ckpt")).keys() == {"model.diffusion_model.out.2.bias"}


def test_what_was_converted_is_not_opened_again(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save(weights(), tmp_path / "m.ckpt")
    first = as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)
    before = first.read_bytes()
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it was opened again"))
    assert as_safetensors(tmp_path / "m.ckpt", DIGEST, cache) == first
    monkeypatch.undo()
    first.write_bytes(before[:-1])  # a cache that was damaged is made again
    assert as_safetensors(tmp_path / "m.ckpt", DIGEST, cache).read_bytes() == before


# --- harmful ones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["zip", "legacy", "2", "4"])
def test_nothing_in_a_pickle_runs(form: str, tmp_path: Path, cache: Path) -> None:
    trace = tmp_path / "it ran"
    path = hostile(tmp_path / "m.ckpt", trace, form)
    with pytest.raises(ModelBroken) as caught:
        as_safetensors(path, DIGEST, cache)
    assert not trace.exists()
    assert not any(cache.iterdir())
    assert (caught.value.field, caught.value.value) == ("model", str(path))
    if form != "4":  # a form that torch's reader does not even know
        assert f"wants to call {os.system.__module__}.system" in caught.value.reason
        assert "delete it" in caught.value.hint
    else:
        assert "not one that torch writes for weights (Unsupported operand 149)" in caught.value.reason
    assert "PyTorch 2.6" not in str(caught.value)  # where torch would say how to open it all the same
    if form == "2":  # proof that this pickle does run where it is let
        pickle.loads(path.read_bytes())
        assert trace.exists()


@pytest.mark.parametrize("form", ["zip", "legacy", "2"])
def test_a_pickle_that_is_a_program_is_refused_without_starting_anything(
    form: str, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = hostile(tmp_path / "m.ckpt", tmp_path / "it ran", form)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    with pytest.raises(ModelBroken, match=f"wants to call {os.system.__module__}.system"):
        as_safetensors(path, DIGEST, cache)
    assert not (tmp_path / "it ran").exists()


@pytest.mark.parametrize("function", [eval, exec, open, __import__, getattr, subprocess.Popen, torch.load, os.remove])
def test_no_function_is_called_by_a_pickle(function: object, tmp_path: Path) -> None:
    torch.save({"state_dict": {"w": Calls(function, "x")}}, tmp_path / "m.ckpt")
    with pytest.raises(pickle.UnpicklingError, match="GLOBAL"):
        weights_of(str(tmp_path / "m.ckpt"))
    torch.save({"state_dict": {"w": torch.ones(1)}}, tmp_path / "m.ckpt")
    assert weights_of(str(tmp_path / "m.ckpt")).keys() == {"w"}


def test_a_zip_bomb_is_not_opened(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bomb(tmp_path / "m.ckpt")
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(ModelBroken, match=r"it would unpack to 50,000,\d+ bytes"):
        as_safetensors(path, DIGEST, cache)


def test_a_checkpoint_of_no_weights_is_told(tmp_path: Path, cache: Path) -> None:
    torch.save({"state_dict": {"step": 7, 3: torch.ones(1)}}, tmp_path / "m.ckpt")
    with pytest.raises(ModelBroken, match="it holds no weights by name, so it is not a model"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no limits on a process")
def test_memory_has_an_end(tmp_path: Path, cache: Path) -> None:
    torch.save({"state_dict": {"w": torch.zeros(2)}, "more": Calls(bytearray, 2**40)}, tmp_path / "m.ckpt")
    with pytest.raises(ModelBroken, match="its weights take more memory than a file of this size should"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)
    spread = torch.zeros(1).expand(2**20, 2**20)  # one number, said to be four tebibytes
    torch.save({"state_dict": {"w": spread}}, tmp_path / "m.ckpt")
    with pytest.raises(ModelBroken, match="more memory than a file of this size should"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)


def test_time_has_an_end(tmp_path: Path, cache: Path) -> None:
    torch.save(weights(), tmp_path / "m.ckpt")
    with pytest.raises(ModelBroken, match="not read in 0 seconds"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache, Limits(memory=2**32, written=2**20, seconds=0))
    assert not any(cache.iterdir())


def test_the_process_gets_no_secrets(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note, spy = tmp_path / "seen.json", tmp_path / "spy.py"
    spy.write_text(f"import json, os\nopen({str(note)!r}, 'w').write(json.dumps(dict(os.environ)))\nos._exit(9)\n")
    monkeypatch.setattr(room, "CONVERTER", spy)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret too")
    torch.save(weights(), tmp_path / "m.ckpt")
    with pytest.raises(ModelBroken, match="ended with the code 9"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)
    assert "secret" not in note.read_text()
    assert "PATH" in json.loads(note.read_text())


# --- files that are none ---------------------------------------------------------------------------------------------


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


@pytest.mark.parametrize(("zipped", "share"), [(True, 0.05), (True, 0.5), (True, 0.95), (False, 0.5)])
def test_a_pickle_that_was_cut_off_says_so(zipped: bool, share: float, tmp_path: Path, cache: Path) -> None:
    torch.save({"w": torch.rand(100, 100)}, tmp_path / "m.ckpt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelBroken, match="the file was cut off or damaged"):
        as_safetensors(cut(tmp_path / "m.ckpt", share), DIGEST, cache)
    assert not cache.exists() or not any(cache.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page"),
        (b"PK\x05\x06" + bytes(18), "this is not a .safetensors file"),
        (b"PK\x03\x04" + bytes(40), "the file was cut off or damaged"),
        (pickle.dumps({"state_dict": {"a": 1}}, protocol=2), r"not one that torch writes for weights \(Invalid magic"),
    ],
    ids=["empty", "html", "empty zip", "torn zip", "a plain pickle"],
)
def test_what_is_no_checkpoint_is_told(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "m.ckpt").write_bytes(content)
    library = Library(home=tmp_path / "home", cache=tmp_path / "cache")
    with pytest.raises(ModelBroken, match=said) as caught:
        resolve(str(tmp_path / "m.ckpt"), library, allow_pickle=True)
    assert caught.value.hint


def test_a_zip_of_other_things_is_told(tmp_path: Path, cache: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "m.ckpt", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ModelBroken, match=r"it holds no data\.pkl"):
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no limits on a process")
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    torch.save({"w": torch.rand(100, 100)}, tmp_path / "m.ckpt")
    with pytest.raises(DiskFull, match="the safetensors form of a pickle cannot be written there") as caught:
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache, Limits(memory=2**33, written=1000, seconds=100))
    assert caught.value.exit_code == 4
    assert not any(cache.iterdir())


def test_a_cache_that_cannot_be_made_is_told(tmp_path: Path, cache: Path) -> None:
    torch.save(weights(), tmp_path / "m.ckpt")
    cache.write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot be written there") as caught:
        as_safetensors(tmp_path / "m.ckpt", DIGEST, cache)
    assert "XDG_CACHE_HOME" in caught.value.hint


# --- from a name to a model ------------------------------------------------------------------------------------------


def test_a_pickle_is_a_model_only_where_it_may_be(tmp_path: Path) -> None:
    safe = write_header(tmp_path / "safe.safetensors", SD15)
    path = small(tmp_path / "dreamy.ckpt")
    library = Library(home=tmp_path / "home", cache=tmp_path / "cache")
    for ask in (lambda: resolve(str(path), library), lambda: resolve(str(path), library, allow_pickle=False)):
        with pytest.raises(ModelBroken, match="this is a pickle") as caught:
            ask()
        assert "`allow_pickle`" in caught.value.hint
    assert not library.cache.exists()
    found = resolve(str(path), library, allow_pickle=True)
    assert found.path == library.converted / f"{found.identity.digest}.safetensors"
    assert found.identity.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.identity.name, found.identity.family, found.origin) == ("dreamy", "sd", path)
    assert "a pickle" in found.card.title
    agreeing = Library(home=library.home, cache=library.cache, allow_pickle=True)
    assert resolve(str(path), agreeing) == found
    assert resolve(str(safe), agreeing).path == safe

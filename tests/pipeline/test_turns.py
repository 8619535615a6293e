"""Parts of a model that take turns in memory draw the bits of a model that is whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sdplay.engines.weight_buffer import MappedFile, SequentialOffload, WeightBuffer
from sdplay.events import ImageDone
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.given import photo

SMALL = {"steps": 3, "seed": 4, "width": 64, "height": 64, "device": "cpu", "sampler": "euler_a", "guidance_scale": 3.0}


def digests(studio: Studio, request: Any) -> list[str]:
    return [event.picture.digest for event in studio.stream(request) if isinstance(event, ImageDone)]


def resident(studio: Studio) -> dict[str, bool]:
    """Which networks of the studio's model have their weights now."""
    family: Any = studio.resolver.executor._models._loaded.family  # type: ignore[attr-defined]
    networks = {"text": family.text_encoder, "network": family.unet, "vae": family.vae}
    return {name: next(net.parameters()).untyped_storage().nbytes() > 0 for name, net in networks.items()}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_batch_in_turns_has_the_same_bits(builtin: Path, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"prompt": "a red apple", "num": 3, "precision": precision, **SMALL}
    with Studio() as studio:
        whole = digests(studio, make_request(Txt2Img, **asked))
        assert all(resident(studio).values())
        monkeypatch.setattr("sdplay.requests.memory.PROGRAM", 0)
        in_turn = digests(studio, make_request(Txt2Img, **asked, max_memory=least(builtin, precision)))
        assert resident(studio) == {"text": False, "network": False, "vae": True}
    assert in_turn == whole
    assert len(set(whole)) == 3


def least(folder: Path, precision: str) -> int:
    """Bytes into which the parts of the model do not fit at once, but one by one."""
    from sdplay.families import ARCHITECTURES
    from sdplay.families.common.memory import read_model_size

    size, wide = read_model_size(folder, ARCHITECTURES), 4 if precision == "float32" else 2
    return (size.unet.weights + size.vae.weights) * wide + 8 * 2**20


def test_a_lora_is_put_on_again_whenever_the_network_comes_back(builtin: Path) -> None:
    asked = {"prompt": "a red apple <lora:blueprint>", "num": 2, "precision": "float32", **SMALL}
    with Studio() as studio:
        whole = digests(studio, make_request(Txt2Img, **asked))
        in_turn = digests(studio, make_request(Txt2Img, **asked, low_memory=True))
        assert not resident(studio)["network"]
        plain = digests(studio, make_request(Txt2Img, **{**asked, "prompt": "a red apple"}, low_memory=True))
    assert in_turn == whole
    assert plain != whole


def test_what_starts_from_a_picture_has_the_same_bits_in_turns(builtin: Path, tmp_path: Path) -> None:
    given = {"prompt": "a cat", "image": str(photo(tmp_path / "photo.png", (64, 64))), "num": 2, **SMALL}
    with Studio() as studio:
        whole = digests(studio, make_request(Img2Img, **given, precision="float32"))
        assert digests(studio, make_request(Img2Img, **given, precision="float32", low_memory=True)) == whole


@pytest.mark.parametrize("part", ["text", "network", "vae"])
def test_after_a_fill_that_was_interrupted_the_same_bits_are_drawn(
    builtin: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = make_request(Txt2Img, prompt="a red apple", precision="float32", low_memory=True, **SMALL)
    with Studio() as studio:
        whole = digests(studio, asked)
    interrupt_fill(["text", "network", "vae"].index(part), monkeypatch)
    with Studio() as studio:
        with pytest.raises(KeyboardInterrupt):
            digests(studio, asked)
        assert not any(resident(studio).values())
        assert digests(studio, asked) == whole


def interrupt_fill(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle of the `number`-th time that a network which is empty is filled."""
    monkeypatch.setattr("sdplay.engines.weight_buffer.AT_A_TIME", 1)
    fill, let_go = WeightBuffer.load, MappedFile.release_pages
    filled: list[WeightBuffer] = []
    interrupted: list[WeightBuffer] = []

    def filling(block: WeightBuffer) -> None:
        if next(iter(block._parameters.values())).untyped_storage().nbytes() == 0:
            filled.append(block)
        fill(block)

    def reading(file: MappedFile) -> None:
        let_go(file)
        if len(filled) == number + 1 and not interrupted:
            interrupted.append(filled[-1])
            raise KeyboardInterrupt

    monkeypatch.setattr(WeightBuffer, "load", filling)
    monkeypatch.setattr(MappedFile, "release_pages", reading)


class Patched:
    """A network whose weights are plain when they are filled, and can be `changed` until they are dropped."""

    def __init__(self) -> None:
        self.weight_buffer, self.full, self.changed, self.cut = self, False, False, ""

    def load(self) -> None:
        self.full = True

    def unload(self) -> None:
        self._cut("before")
        self.full = self.changed = False
        self._cut("after")

    def _cut(self, when: str) -> None:
        if self.cut == when:
            self.cut = ""
            raise KeyboardInterrupt


@pytest.mark.parametrize("when", ["before", "after"])
def test_where_a_turn_is_cut_off_nothing_counts_as_worn_that_is_not(when: str) -> None:
    network, codec, worn = Patched(), Patched(), {"network"}
    turns = SequentialOffload({"network": [network], "vae": [codec]}, worn.discard)
    turns.load("network")
    worn.add("network")
    network.changed, network.cut = True, when
    with pytest.raises(KeyboardInterrupt):
        turns.load("vae")
    turns.load("network")
    assert (network.full, codec.full) == (True, False)
    assert network.changed == ("network" in worn)

"""Textual inversions inside LoRA files are words of the prompts that the LoRA is used with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sdplay.core.errors import NotReproduced
from sdplay.core.identity import ResolvedAddOn
from sdplay.files.model_files import read_header
from sdplay.jobs.resolve import same_add_ons
from sdplay.library.bundled import bundled_embeddings, bundled_names
from sdplay.library.library import Library
from sdplay.requests.add_ons import find_add_ons
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from tests.support.recipes import recipe

VECTORS = torch.arange(16.0).reshape(2, 8)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(home=tmp_path / "home", cache=tmp_path / "cache")


@pytest.fixture
def lora(tmp_path: Path) -> Path:
    """A LoRA with the words "rusty", for one text encoder, and "my.word", for two."""
    layer = "lora_unet_down_blocks_0_attentions_0_proj_in"
    tensors = {f"{layer}.lora_down.weight": torch.ones(2, 4), f"{layer}.lora_up.weight": torch.ones(4, 2)}
    tensors |= {"bundle_emb.rusty.string_to_param.*": VECTORS}
    tensors |= {"bundle_emb.my.word.clip_l": VECTORS + 1, "bundle_emb.my.word.clip_g": VECTORS + 2}
    save_file(tensors, tmp_path / "metal.safetensors")
    return tmp_path / "metal.safetensors"


def asked(prompt: str, lora: Path, library: Library) -> tuple[ResolvedAddOn, ...]:
    request = make_request(Txt2Img, prompt=prompt, lora=(str(lora),), prompt_syntax="a1111")
    return find_add_ons(request, {}, library)


def test_each_becomes_a_file_of_its_own(lora: Path, library: Library) -> None:
    assert bundled_names(read_header(lora)) == ["my.word", "rusty"]
    (found,) = asked("a cat", lora, library)
    two, one = bundled_embeddings([found], library)
    assert (two.identity.name, one.identity.name) == ("my.word", "rusty")
    assert torch.equal(load_file(one.path)["emb_params"], VECTORS)
    assert {name: tensor[0, 0].item() for name, tensor in load_file(two.path).items()} == {"clip_l": 1, "clip_g": 2}


@pytest.mark.parametrize(("prompt", "words"), [("a Rusty cat", ["rusty"]), ("a cat", []), ("a rustyish cat", [])])
def test_those_that_stand_in_the_prompt_are_used(prompt: str, words: list[str], lora: Path, library: Library) -> None:
    found = asked(prompt, lora, library)
    assert [one.identity.name for one in found] == [*words, "metal"]


def test_a_file_of_that_name_comes_first(lora: Path, library: Library, tmp_path: Path) -> None:
    own = tmp_path / "home" / "models" / "embeddings" / "rusty.safetensors"
    own.parent.mkdir(parents=True)
    save_file({"emb_params": VECTORS}, own)
    embedding, _ = asked("a rusty cat", lora, library)
    assert embedding.path == own


def test_a_recipe_finds_them_again(lora: Path, library: Library) -> None:
    found = asked("a rusty cat", lora, library)
    drawn = recipe("a rusty cat", lora=(str(lora),), prompt_syntax="a1111")
    drawn = replace(drawn, add_ons=tuple(one.identity for one in found))
    assert same_add_ons(drawn, library) == found
    weights = load_file(lora)
    save_file(weights | {"bundle_emb.rusty.string_to_param.*": VECTORS + 9}, lora)
    with pytest.raises(NotReproduced, match="'metal' is not the one it was drawn with"):
        same_add_ons(drawn, library)

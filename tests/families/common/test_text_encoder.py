"""Textual inversions: a file's name is a word, with the states that diffusers gets from the same file."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.core.identity import ResolvedAddOn
from sdplay.engines.device import make_placement
from sdplay.families.base import load_family
from sdplay.families.common.tokenizer import FIRST_EMBEDDING_TOKEN, split_into_chunks
from sdplay.library.add_ons import resolve_add_on
from sdplay.library.library import Library
from sdplay.prompts.attention import weighted
from sdplay.prompts.lora_tags import ActiveEmbeddings
from tests.support.kinds import WIDTH

TOLERANCE = 1e-5  # relative L2


def vectors(count: int, seed: int = 0, width: int = WIDTH) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def found(path: Path, tmp_path: Path, *, allow_pickle: bool = False) -> ResolvedAddOn:
    library = Library(home=tmp_path / "home", cache=tmp_path / "cache")
    return resolve_add_on("embedding", str(path), library, allow_pickle=allow_pickle)


def loaded(folder: Path, base: str = "sd15") -> Any:
    return load_family("sdxl" if base == "sdxl" else "sd", folder, make_placement("cpu", "float32", "float32"))


def knowing(family: Any, *add_ons: ResolvedAddOn) -> Any:
    family.load_add_ons(add_ons)
    words: ActiveEmbeddings = tuple((one.identity.name, one.identity.digest) for one in add_ons)
    return family.with_add_ons(embeddings=words)


def distance(one: Tensor, other: Tensor) -> float:
    return float((one - other).norm() / other.norm())


def forms(path: Path, values: Tensor) -> dict[str, Path]:
    """The same vectors as the programs of the field write them."""
    save_file({"emb_params": values}, path / "from-a1111.safetensors")
    save_file({"<any-name>": values}, path / "from-diffusers.safetensors")
    save_file({"clip_l": values}, path / "half-of-xl.safetensors")
    if len(values) > 1:  # once is enough: another process is started to read it
        older = {"string_to_token": {"*": 265}, "string_to_param": {"*": values}, "name": "x", "step": 1}
        torch.save(older, path / "pickled.pt")
    return {each.stem: each for each in path.iterdir() if each.is_file()}


@pytest.mark.parametrize("count", [1, 3])
def test_a_word_has_the_states_that_diffusers_gives_it(count: int, kinds: dict[str, Path], tmp_path: Path) -> None:
    from diffusers import StableDiffusionPipeline

    folder = tmp_path / "files"
    folder.mkdir()
    values = vectors(count)
    paths = forms(folder, values)
    theirs = StableDiffusionPipeline.from_pretrained(kinds["sd15"], safety_checker=None, local_files_only=True)
    theirs.load_textual_inversion(paths["from-a1111"], token="zzword")
    with torch.inference_mode():
        wanted = theirs.encode_prompt("a zzword on a table, zzword", "cpu", 1, False)[0][0]
    family = loaded(kinds["sd15"])
    for name, path in paths.items():
        ours = knowing(family, found(path, tmp_path, allow_pickle=path.suffix != ".safetensors"))
        assert distance(ours.encode_weighted_text(weighted(f"a {name} on a table, {name}")).embeds, wanted) <= TOLERANCE


def test_sdxl_reads_a_vector_with_each_of_its_encoders(kinds: dict[str, Path], tmp_path: Path) -> None:
    from diffusers import StableDiffusionXLPipeline

    parts = {"clip_l": vectors(2, 1), "clip_g": vectors(2, 2)}
    save_file(parts, tmp_path / "style.safetensors")
    theirs = StableDiffusionXLPipeline.from_pretrained(kinds["sdxl"], local_files_only=True)
    for name, number in (("clip_l", ""), ("clip_g", "_2")):
        encoder, tokenizer = (getattr(theirs, f"{part}{number}") for part in ("text_encoder", "tokenizer"))
        theirs.load_textual_inversion(parts[name], token="zzword", text_encoder=encoder, tokenizer=tokenizer)
    with torch.inference_mode():
        text, _, pooled, _ = theirs.encode_prompt("a zzword on a table", device="cpu")
    ours = knowing(loaded(kinds["sdxl"], "sdxl"), found(tmp_path / "style.safetensors", tmp_path))
    said = ours.encode_weighted_text(weighted("a style on a table"))
    assert distance(said.embeds, text[0]) <= TOLERANCE
    assert distance(said.pooled, pooled[0]) <= TOLERANCE


def test_only_the_whole_word_counts_in_any_case_and_weight(kinds: dict[str, Path], tmp_path: Path) -> None:
    save_file({"emb_params": vectors(2)}, tmp_path / "bad-Hands 5.safetensors")
    plain = loaded(kinds["sd15"])
    ours = knowing(plain, found(tmp_path / "bad-Hands 5.safetensors", tmp_path))

    def read(text: str) -> Tensor:
        return ours.encode_weighted_text(weighted(text)).embeds

    for text in ("a bad-hands 55", "abad-hands 5", "bad hands 5", "a cat"):
        assert torch.equal(read(text), plain.encode_weighted_text(weighted(text)).embeds)
    assert torch.equal(read("a cat, BAD-HANDS 5,"), read("a cat, bad-Hands 5,"))
    assert not torch.equal(read("a bad-hands 5"), plain.encode_weighted_text(weighted("a bad-hands 5")).embeds)
    assert not torch.equal(read("a (bad-hands 5:1.4)"), read("a bad-hands 5"))


def test_vectors_of_a_word_stay_in_one_chunk(kinds: dict[str, Path], tmp_path: Path) -> None:
    save_file({"emb_params": vectors(4)}, tmp_path / "long.safetensors")
    ours = knowing(loaded(kinds["sd15"]), found(tmp_path / "long.safetensors", tmp_path))
    spell = ours.textual_inversions.tokenizer_with(lambda text: [7] * len(text.split()), ours.embeddings)
    one, two = split_into_chunks(weighted("x " * 8 + "long y long"), lambda t: [0] if t == "," else spell(t), 10)
    assert (len(one.tokens), len(two.tokens)) == (8, 9)
    assert [token >= FIRST_EMBEDDING_TOKEN for token in two.tokens] == [True] * 4 + [False] + [True] * 4


@pytest.mark.parametrize(
    ("base", "tensors", "told"),
    [
        ("sd15", {"emb_params": vectors(1, width=96)}, "its vectors are 96 wide, those of this model's texts 64"),
        ("sd15", {"emb_params": vectors(76)}, "it holds 76 vectors, and 1 to 75 make a word"),
        ("sd15", {"clip_l": vectors(1), "clip_g": vectors(1)}, "it has no vectors for one of the 1 text encoders"),
        ("sdxl", {"emb_params": vectors(1)}, "it has no vectors for one of the 2 text encoders"),
        ("sdxl", {"clip_l": vectors(1), "clip_g": vectors(2)}, "it holds 1 and 2 vectors"),
    ],
)
def test_one_for_another_model_is_refused_in_words(
    base: str, tensors: dict[str, Tensor], told: str, kinds: dict[str, Path], tmp_path: Path
) -> None:
    save_file(tensors, tmp_path / "x.safetensors")
    with pytest.raises(BadRequest) as caught:
        knowing(loaded(kinds[base], base), found(tmp_path / "x.safetensors", tmp_path))
    assert caught.value.reason.startswith(told)
    assert caught.value.field == "embedding"


def test_a_pickle_that_is_more_than_vectors_is_never_opened(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return print, ("opened",)

    (tmp_path / "x.pt").write_bytes(pickle.dumps({"string_to_param": {"*": Evil()}}, protocol=2))
    with pytest.raises(Exception, match="pickle"):
        found(tmp_path / "x.pt", tmp_path, allow_pickle=True)

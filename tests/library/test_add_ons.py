"""LoRAs, embeddings, ControlNets and VAEs: found by name or path, known by their tensors."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.core.errors import BadRequest, ModelBroken, UnknownName
from sdplay.core.identity import AddOnKind, add_on_name, without_weights
from sdplay.library.add_ons import known_add_ons, resolve_add_on
from sdplay.library.digest import file_digest
from sdplay.library.library import Library
from tests.support.headers import SD15, Shape, write_header

LORA: dict[str, Shape] = {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 320)}
FILES: dict[AddOnKind, dict[str, Shape]] = {
    "lora": LORA,
    "embedding": {"emb_params": (2, 768)},
    "controlnet": {"controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3), "conv_in.weight": (320, 4, 3, 3)},
    "vae": {"decoder.conv_in.weight": (512, 4, 3, 3), "encoder.conv_in.weight": (128, 3, 3, 3)},
}
PLACES: dict[AddOnKind, tuple[str, ...]] = {
    "lora": ("webui/models/Lora", "comfy/models/loras", "home/models/loras", "webui/models/Lora/people"),
    "embedding": ("webui/embeddings", "comfy/models/embeddings"),
    "controlnet": ("webui/models/ControlNet", "comfy/models/controlnet"),
    "vae": ("webui/models/VAE", "comfy/models/vae"),
}


def put(path: Path, shapes: dict[str, Shape], **metadata: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_header(path, shapes, metadata={"title": str(path), **metadata})


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(home=tmp_path / "home", roots=(tmp_path / "webui", tmp_path / "comfy"), cache=tmp_path / "cache")


@pytest.mark.parametrize(("kind", "place"), [(kind, place) for kind, places in PLACES.items() for place in places])
def test_one_is_found_by_its_name_in_the_folders_of_other_programs(
    kind: AddOnKind, place: str, library: Library, tmp_path: Path
) -> None:
    path = put(tmp_path / place / "Some-thing.v1.safetensors", FILES[kind])
    for name in ("Some-thing.v1", "Some-thing.v1.safetensors", "some-thing.V1"):
        found = resolve_add_on(kind, name, library, by_path=False)
        assert (found.path, found.identity.name) == (path, "Some-thing.v1")
        assert found.identity.digest == file_digest(path)
    assert "Some-thing.v1" in known_add_ons(kind, library)


def test_a_path_is_taken_as_it_is_and_never_from_a_prompt(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "mine" / "x.safetensors", LORA)
    assert resolve_add_on("lora", str(path), library).path == path
    with pytest.raises(BadRequest, match="no LoRA is at this path"):
        resolve_add_on("lora", str(path), library, by_path=False)


@pytest.mark.parametrize(
    ("kind", "file"),
    [("lora", "pytorch_lora_weights"), ("lora", "x.v1"), ("embedding", "learned_embeds")],
)
def test_a_folder_stands_for_the_one_file_in_it(kind: AddOnKind, file: str, library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "mine" / "ann" / f"{file}.safetensors", FILES[kind])
    path.with_suffix(".bin").write_bytes(b"\x80\x02}q\x00.")
    path.with_name("README.md").write_text("about it")
    found = resolve_add_on(kind, f"{path.parent}/", library)
    assert (found.path, found.origin, found.identity.name) == (path, path.parent, "ann")
    assert found.identity.digest == file_digest(path)


@pytest.mark.parametrize("kind", ["lora", "embedding"])
@pytest.mark.parametrize(
    ("names", "told", "hint"),
    [
        ([], "there is no file of a", "the path of the file itself"),
        (["a", "b"], "there are 2 files in this folder (a.safetensors, b.safetensors)", "the path of one of them"),
    ],
)
def test_a_folder_of_none_or_several_is_refused_in_words(
    kind: AddOnKind, names: list[str], told: str, hint: str, library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in names:
        put(folder / f"{name}.safetensors", FILES[kind])
    with pytest.raises(BadRequest) as caught:
        resolve_add_on(kind, str(folder), library)
    assert told in caught.value.reason
    assert hint in caught.value.hint
    assert (caught.value.field, caught.value.value) == (kind, str(folder))


def test_a_folder_with_the_pickle_of_one_alone_says_so(library: Library, tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "learned_embeds.bin").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(ModelBroken, match="this is a pickle") as caught:
        resolve_add_on("embedding", str(tmp_path / "ann"), library)
    assert "`allow_pickle`" in caught.value.hint


def test_a_file_that_moved_is_found_by_its_name(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "webui/models/Lora/x.safetensors", LORA)
    assert resolve_add_on("lora", "/gone/x.safetensors", library).path == path


def test_what_is_not_there_is_told_with_what_is(library: Library, tmp_path: Path) -> None:
    put(tmp_path / "webui/models/Lora/ghibli.safetensors", LORA)
    with pytest.raises(UnknownName, match="no such LoRA") as caught:
        resolve_add_on("lora", "gibli", library)
    assert "did you mean 'ghibli'?" in caught.value.hint


def test_a_lora_is_found_by_the_name_its_maker_gave_it(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "webui/models/Lora/downloaded_v3.safetensors", LORA, ss_output_name="ghibli")
    assert resolve_add_on("lora", "ghibli", library).path == path


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("other", [*FILES, "model", "nothing"])
def test_a_file_of_another_kind_is_told_for_what_it_is(
    kind: AddOnKind, other: str, library: Library, tmp_path: Path
) -> None:
    if kind == other:
        return
    shapes = {**FILES, "model": SD15, "nothing": {"a.b.c": (3, 3, 3)}}[other]
    path = put(tmp_path / "x.safetensors", shapes)
    with pytest.raises(ModelBroken) as caught:
        resolve_add_on(kind, str(path), library)
    said = {"lora": "a LoRA", "embedding": "a textual inversion", "controlnet": "a ControlNet", "vae": "a VAE"}
    said |= {"model": "a whole model", "nothing": "has such tensors"}
    assert caught.match(said[other])
    assert caught.value.field == kind


@pytest.mark.parametrize("shape", [(0, 768), (3, 0), (), (1, 2, 3)])
def test_a_textual_inversion_without_vectors_is_refused(shape: Shape, library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "e.safetensors", {"emb_params": shape})
    with pytest.raises(ModelBroken, match="and not one vector or some"):
        resolve_add_on("embedding", str(path), library)


def test_a_lora_of_too_many_tensors_is_refused(library: Library, tmp_path: Path) -> None:
    path = put(tmp_path / "l.safetensors", {f"lora_unet_{number}.alpha": () for number in range(50_001)})
    with pytest.raises(ModelBroken, match="50,001 tensors, and 50,000 are the most"):
        resolve_add_on("lora", str(path), library)


def test_a_pickle_is_refused_with_what_to_do(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "webui/embeddings/bad.pt"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(ModelBroken, match="this is a pickle") as caught:
        resolve_add_on("embedding", "bad", library)
    assert "`allow_pickle`" in caught.value.hint


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("x", "x"),
        ("x.y.safetensors", "x.y"),
        ("a/b/x.pt", "x"),
        (r"C:\a\x.safetensors", "x"),
        ("people/ann/pytorch_lora_weights.safetensors", "ann"),
        ("people/ann", "ann"),
    ],
)
def test_a_file_is_called_by_its_last_name(where: str, name: str) -> None:
    assert add_on_name(where) == name


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        ("x", "x"),
        ("x:0.8", "x"),
        ("a/x.safetensors:0.5:-1", "a/x.safetensors"),
        (r"C:\a\x.safetensors", r"C:\a\x.safetensors"),
        (r"C:\a\x.safetensors:0.8", r"C:\a\x.safetensors"),
        ("x:te=0.5:unet=0.8", "x"),
    ],
)
def test_the_numbers_after_a_place_are_no_part_of_it(entry: str, place: str) -> None:
    assert without_weights("lora", entry) == place
    assert without_weights("vae", entry) == entry

"""Folders of A1111 and ComfyUI, their list of more folders, and their flags."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sdplay.core.errors import BadRequest
from sdplay.library.library import (
    FOLDER_TYPES,
    Library,
    cache_of,
    library_from_env,
    read_extra_model_paths,
    webui_folders,
)
from sdplay.library.resolve import resolve
from tests.support.headers import SD15, write_header

COMFY = """
#comment
a111:
    base_path: {base}
    checkpoints: models/Stable-diffusion
    configs: models/Stable-diffusion
    vae: models/VAE
    loras: |
        models/Lora

        models/LyCORIS
    embeddings: embeddings
    controlnet: models/ControlNet
comfyui:
    is_default: true
    checkpoints: {elsewhere}
    unet: models/unet
other_program: 3
"""


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_header(path, SD15)


def test_a_list_of_more_folders_is_read(tmp_path: Path) -> None:
    path = tmp_path / "extra_model_paths.yaml"
    path.write_text(COMFY.format(base="webui", elsewhere=tmp_path / "there"))
    webui = tmp_path / "webui"  # a relative base is relative to the file
    assert read_extra_model_paths(path) == {
        "checkpoints": [webui / "models/Stable-diffusion", tmp_path / "there"],
        "loras": [webui / "models/Lora", webui / "models/LyCORIS"],
        "vae": [webui / "models/VAE"],
        "embeddings": [webui / "embeddings"],
        "controlnet": [webui / "models/ControlNet"],
        "vae_approx": [],
    }


def test_a_base_may_be_a_home_or_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DISK", str(tmp_path / "disk"))
    path = tmp_path / "my.yaml"
    path.write_text("a: {base_path: ~/ai, loras: one}\nb: {base_path: $DISK/ai, loras: two}\n")
    assert read_extra_model_paths(path)["loras"] == [tmp_path / "home/ai/one", tmp_path / "disk/ai/two"]


@pytest.mark.parametrize("content", ["", "# nothing\n", "a: null\n", "a: {base_path: }\n"])
def test_a_list_of_nothing_lists_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(content)
    assert read_extra_model_paths(tmp_path / "a.yaml") == {sort: [] for sort in FOLDER_TYPES}


@pytest.mark.parametrize(
    "content",
    ["a: [", "- one\n- two\n", "just words", "a: {loras: [one, two]}", "a: !!python/object/apply:os.getcwd []", "\0"],
)
def test_a_damaged_list_is_told_and_never_run(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(content)
    with pytest.raises(BadRequest, match="it cannot be read") as caught:
        read_extra_model_paths(path)
    assert (caught.value.field, caught.value.value) == ("SDPLAY_MODELS", str(path))


@pytest.mark.parametrize("by", ["the file", "its folder"])
def test_models_are_found_through_the_list(by: str, tmp_path: Path) -> None:
    comfy = tmp_path / "ComfyUI"
    one = put(tmp_path / "webui/models/Stable-diffusion/people/one.safetensors")
    own = put(comfy / "models/checkpoints/own.safetensors")
    lora = put(tmp_path / "webui/models/LyCORIS/ink.safetensors")
    (comfy / "extra_model_paths.yaml").write_text(COMFY.format(base=tmp_path / "webui", elsewhere="nowhere"))
    root = comfy / "extra_model_paths.yaml" if by == "the file" else comfy
    library = Library(home=tmp_path / "home", roots=(root,))
    assert dict(library.models()) == {"one": one} | ({} if by == "the file" else {"own": own})
    assert dict(library.files("loras")) == {"ink": lora}
    assert resolve("one", library).path == one


def test_a_damaged_list_stops_no_model_that_does_not_need_it(tmp_path: Path, builtin: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [")
    library = Library(home=tmp_path / "home", roots=(tmp_path / "a.yaml",))
    assert resolve("builtin", library).path == builtin
    assert resolve(str(put(tmp_path / "m.safetensors")), library)
    with pytest.raises(BadRequest, match="it cannot be read"):
        resolve("dreamy", library)


@pytest.mark.parametrize(
    ("sort", "place"),
    [
        ("loras", "models/Lora"),
        ("loras", "models/loras/ink"),
        ("vae", "models/VAE"),
        ("vae", "models/vae"),
        ("embeddings", "embeddings"),
        ("embeddings", "models/embeddings"),
        ("controlnet", "models/ControlNet"),
        ("controlnet", "controlnet"),
    ],
)
def test_what_goes_with_models_has_its_own_shelves(sort: str, place: str, tmp_path: Path) -> None:
    path = put(tmp_path / "webui" / place / "thing.safetensors")
    library = Library(home=tmp_path / "home", roots=(tmp_path / "webui",))
    assert {known: dict(library.files(known)) for known in FOLDER_TYPES} == {
        known: {"thing": path} if known == sort else {} for known in FOLDER_TYPES
    }


def test_a_folder_of_checkpoints_alone_is_searched_below(tmp_path: Path) -> None:
    path = put(tmp_path / "models" / "people" / "old" / "m.safetensors")
    assert dict(Library(home=tmp_path, roots=(tmp_path / "models",)).models()) == {"m": path}
    (tmp_path / "models" / "checkpoints").mkdir()  # now it is a folder of models, whose other folders hold other things
    assert dict(Library(home=tmp_path / "home", roots=(tmp_path / "models",)).models()) == {}


def test_one_file_by_two_paths_is_one_model(tmp_path: Path) -> None:
    put(tmp_path / "webui/models/Stable-diffusion/m.safetensors")
    (tmp_path / "comfy/models").mkdir(parents=True)
    (tmp_path / "comfy/models/checkpoints").symlink_to(tmp_path / "webui/models/Stable-diffusion")
    library = Library(home=tmp_path / "home", roots=(tmp_path / "webui", tmp_path / "comfy"))
    assert [name for name, _ in library.models()] == ["m"]
    assert resolve("m", library)


def test_the_flags_of_a1111_are_heeded(tmp_path: Path) -> None:
    path = put(tmp_path / "my models" / "m.safetensors")
    flags = f"--xformers --ckpt-dir '{path.parent}' --lora-dir=/l --vae-dir --medvram --embeddings-dir"
    found = webui_folders({"COMMANDLINE_ARGS": flags})
    assert found == {"checkpoints": (path.parent,), "loras": (Path("/l"),)}
    environment = {"COMMANDLINE_ARGS": flags, "SDPLAY_HOME": str(tmp_path / "home")}
    assert dict(library_from_env(environment).models()) == {"m": path}
    assert webui_folders({}) == webui_folders({"COMMANDLINE_ARGS": "--ckpt-dir 'open"}) == {}


@pytest.mark.parametrize(
    ("platform", "environment", "cache"),
    [
        ("linux", {"XDG_CACHE_HOME": "/cache"}, Path("/cache/sdplay")),
        ("linux", {}, Path.home() / ".cache/sdplay"),
        ("linux", {"SDPLAY_HOME": "/home"}, Path("/home/cache")),
        ("darwin", {}, Path.home() / "Library/Caches/sdplay"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/sdplay/cache")),
    ],
)
def test_the_cache_is_where_programs_of_the_platform_have_it(
    platform: str, environment: dict[str, str], cache: Path
) -> None:
    assert cache_of(environment, platform) == cache


def test_a_folder_that_may_not_be_read_is_empty(tmp_path: Path) -> None:
    missing = Library(home=tmp_path / "home", roots=(tmp_path / "gone", Path(os.devnull)))
    assert [list(missing.files(sort)) for sort in FOLDER_TYPES] == [[]] * len(FOLDER_TYPES)

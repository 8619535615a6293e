"""Names of models in the folders of other programs, models of the hub, and digests that are remembered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.library import digest
from sdplay.library.digest import file_digest
from sdplay.library.fetch import HUB_ID, fetch
from sdplay.library.library import Library, home_of, library_from_env
from sdplay.library.resolve import resolve
from tests.support.headers import SD15, write_header


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_header(path, SD15, metadata={"title": str(path)})


def no_network(name: str) -> Path:
    raise AssertionError(f"{name} was asked of the hub")


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(home=tmp_path / "home", roots=(tmp_path / "webui", tmp_path / "comfy"), fetch=no_network)


@pytest.mark.parametrize(
    "place",
    [
        "webui/models/Stable-diffusion",
        "webui/models/Stable-diffusion/people/old",
        "comfy/models/checkpoints",
        "webui",
        "comfy/checkpoints",
        "home/models",
    ],
)
@pytest.mark.parametrize("name", ["dreamy", "dreamy.safetensors"])
def test_a_checkpoint_of_another_program_is_found_by_its_name(
    place: str, name: str, library: Library, tmp_path: Path
) -> None:
    path = put(tmp_path / place / "dreamy.safetensors")
    put(tmp_path / place / "dreamy2.safetensors")
    found = resolve(name, library)
    assert (found.path, found.identity.name) == (path, "dreamy")
    assert str(path.parent) in found.rule


def test_two_of_one_name_are_told_apart_by_the_user(library: Library, tmp_path: Path) -> None:
    one = put(tmp_path / "webui/models/Stable-diffusion/a.safetensors")
    two = put(tmp_path / "comfy/models/checkpoints/a.safetensors")
    with pytest.raises(ModelNotFound, match="2 models have this name") as caught:
        resolve("a", library)
    assert str(one) in caught.value.hint
    assert str(two) in caught.value.hint
    assert resolve(str(two), library).path == two


def test_the_safe_form_is_taken_and_a_pickle_alone_is_refused(library: Library, tmp_path: Path) -> None:
    pickled = tmp_path / "webui/models/Stable-diffusion/a.ckpt"
    pickled.parent.mkdir(parents=True)
    pickled.write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(ModelBroken, match="this is a pickle"):
        resolve("a", library)
    safe = put(pickled.with_suffix(".safetensors"))
    assert resolve("a", library).path == safe


def test_a_diffusers_folder_on_a_shelf_is_one_model_and_not_its_parts(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "models" / "whole"
    put(folder / "unet" / "diffusion_pytorch_model.safetensors")
    (folder / "model_index.json").write_text("{}")
    assert list(library.models()) == [("whole", folder)]


def test_shelves_come_from_the_environment(tmp_path: Path) -> None:
    found = library_from_env({"SDPLAY_MODELS": f"/a{os.pathsep}{os.pathsep}/b", "SDPLAY_HOME": str(tmp_path)})
    assert found.roots == (Path("/a"), Path("/b"))
    assert (found.home, found.digests) == (tmp_path, tmp_path / "digests")
    assert library_from_env({"SDPLAY_HOME": str(tmp_path)}).roots == ()
    assert list(found.models()) == []


@pytest.mark.parametrize(
    ("platform", "environment", "home"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, Path("/data/sdplay")),
        ("linux", {}, Path.home() / ".local/share/sdplay"),
        ("darwin", {}, Path.home() / "Library/Application Support/sdplay"),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/sdplay")),
    ],
)
def test_home_is_where_programs_of_the_platform_have_it(platform: str, environment: dict[str, str], home: Path) -> None:
    assert home_of(environment, platform) == home


# --- the hub ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["CompVis/stable-diffusion-v1-4", "org/name.with_all-3"])
def test_what_an_id_of_the_hub_looks_like(name: str) -> None:
    assert HUB_ID.fullmatch(name)


@pytest.mark.parametrize("name", ["builtin", "/a/b", "./a", "~/a", "a/b/c", "a/", "https://x/y", "../a", "a b/c"])
def test_what_it_does_not_look_like(name: str) -> None:
    assert not HUB_ID.fullmatch(name)


class Hub:
    """Stands in for the hub's client: a folder that is there, after what it was asked for."""

    def __init__(self, folder: Path, *, halves: bool = False, error: Exception | None = None) -> None:
        self.folder, self.halves, self.error = folder, halves, error
        self.asked: list[dict[str, Any]] = []

    def __call__(self, name: str, **asked: Any) -> str:
        self.asked.append({"name": name, **asked})
        if self.error is not None:
            raise self.error
        if self.halves and "unet/*.fp16*.safetensors" in asked["allow_patterns"]:
            put(self.folder / "unet" / "diffusion_pytorch_model.fp16.safetensors")
        return str(self.folder)


def test_a_model_of_the_hub_is_downloaded_without_what_is_not_needed(tmp_path: Path) -> None:
    put(tmp_path / "unet" / "diffusion_pytorch_model.safetensors")
    hub = Hub(tmp_path)
    assert fetch("org/model", hub) == tmp_path
    (asked,) = hub.asked
    assert asked["name"] == "org/model"
    assert {"model_index.json", "unet/*.safetensors", "tokenizer/*.txt"} <= set(asked["allow_patterns"])
    assert not any(pattern.endswith((".bin", ".ckpt", ".py")) for pattern in asked["allow_patterns"])
    assert "*.fp16*.safetensors" in asked["ignore_patterns"]


def test_half_precision_is_taken_where_there_is_nothing_else(tmp_path: Path) -> None:
    hub = Hub(tmp_path, halves=True)
    assert fetch("org/model", hub) == tmp_path
    assert len(hub.asked) == 2


def test_a_model_of_pickles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"no unet/\*.safetensors"):
        fetch("org/model", Hub(tmp_path))


def hub_errors() -> dict[str, tuple[Exception, str]]:
    from huggingface_hub import errors

    gated = errors.GatedRepoError.__new__(errors.GatedRepoError)
    unknown = errors.RepositoryNotFoundError.__new__(errors.RepositoryNotFoundError)
    return {
        "gated": (gated, "accepted its licence"),
        "unknown": (unknown, "no public model"),
        "offline": (errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE forbids"),
        "no network": (ConnectionError("no route"), "the hub cannot be reached"),
        "disk": (OSError("No space left on device"), "No space left on device"),
    }


@pytest.mark.parametrize("case", ["gated", "unknown", "offline", "no network", "disk"])
def test_every_failure_says_how_to_go_on_offline(case: str, tmp_path: Path, library: Library) -> None:
    error, said = hub_errors()[case]
    hub = Hub(tmp_path, error=error)
    asking = Library(home=library.home, fetch=lambda name: fetch(name, hub))
    with pytest.raises(ModelNotFound, match=said) as caught:
        resolve("org/model", asking)
    assert "`model=builtin`" in caught.value.hint
    assert caught.value.value == "org/model"


def test_the_hubs_own_client_finds_nothing_offline() -> None:
    with pytest.raises(ModelNotFound, match="it was never downloaded") as caught:
        resolve("sdplay-tests/no-such-model")
    assert "`model=builtin`" in caught.value.hint


def test_a_folder_of_this_path_comes_before_the_hub(
    tiny: Path, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "org").mkdir()
    (tmp_path / "org" / "model").symlink_to(tiny)
    monkeypatch.chdir(tmp_path)
    assert resolve("org/model", library).rule == "a folder of this path"


def test_a_model_of_the_hub_keeps_its_name(tiny: Path, tmp_path: Path) -> None:
    found = resolve("org/model", Library(home=tmp_path, fetch=lambda name: tiny))
    assert (found.identity.name, found.path) == ("org/model", tiny)
    assert found.identity.digest == resolve(str(tiny)).identity.digest


# --- digests ---------------------------------------------------------------------------------------------------------


def test_a_large_file_is_hashed_once_while_it_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, memory = tmp_path / "model", tmp_path / "memory"
    path.write_bytes(b"a" * 1000)
    first = file_digest(path, memory, large=1000)
    monkeypatch.setattr(digest, "_hashed", lambda path: "f" * 64)
    assert file_digest(path, memory, large=1000) == first
    assert file_digest(path, None) == file_digest(path, memory, large=1001) == "f" * 64
    os.utime(path, ns=(1, 1))
    assert file_digest(path, memory, large=1000) == "f" * 64


def test_a_home_that_cannot_be_written_or_read_costs_only_time(tmp_path: Path) -> None:
    path, memory = tmp_path / "model", tmp_path / "memory"
    path.write_bytes(b"a" * 1000)
    memory.write_text("a file where a folder should be")
    expected = file_digest(path)
    assert file_digest(path, memory, large=1) == expected
    memory.unlink()
    assert file_digest(path, memory, large=1) == expected
    (note,) = memory.iterdir()
    note.write_text("cut o")
    assert file_digest(path, memory, large=1) == expected

"""Names that the user gave."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.core.errors import BadRequest, ModelNotFound, StoreError, UnknownName
from sdplay.library.card import add_alias, model_aliases, remove_alias
from sdplay.library.library import Library
from sdplay.library.resolve import resolve
from tests.support.headers import SD15, write_header


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_name_stands_for_a_model_until_it_is_removed(home: Path) -> None:
    assert model_aliases(home) == {}
    add_alias(home, "one", "/models/a.safetensors")
    add_alias(home, "two", "org/model@v1")
    add_alias(home, "one", "/models/a.safetensors")  # said again
    assert model_aliases(home) == {"one": "/models/a.safetensors", "two": "org/model@v1"}
    assert remove_alias(home, "one") == "/models/a.safetensors"
    assert model_aliases(home) == {"two": "org/model@v1"}
    with pytest.raises(UnknownName, match="no such added model"):
        remove_alias(home, "one")


@pytest.mark.parametrize("path", ["/a b/ü.ckpt", '/with "quotes" and \\', "/no utf-8 \udcff", "/line\nbreak"])
def test_every_path_comes_back(path: str, home: Path) -> None:
    add_alias(home, "m", path)
    assert model_aliases(home) == {"m": path}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../a", "-x", "a b", "a" * 65, "a\0", "a.", "org/model@1"])
def test_what_is_no_name(name: str, home: Path) -> None:
    with pytest.raises(BadRequest, match="is not a valid name"):
        add_alias(home, name, "/m")
    assert not home.exists()


@pytest.mark.parametrize("name", ["builtin", "sdxl"])
def test_names_of_the_program_are_its_own(name: str, home: Path) -> None:
    with pytest.raises(BadRequest, match="the program itself has this name"):
        add_alias(home, name, "/m")


@pytest.mark.parametrize("again", ["Dreamy", "dreamy"])
def test_a_name_that_is_taken_says_by_what(again: str, home: Path) -> None:
    add_alias(home, "Dreamy", "/one")
    with pytest.raises(BadRequest, match="this name stands for /one already") as caught:
        add_alias(home, again, "/two")
    assert "models remove Dreamy" in caught.value.hint
    assert model_aliases(home) == {"Dreamy": "/one"}


def test_a_damaged_entry_is_no_name(home: Path) -> None:
    add_alias(home, "good", "/m")
    for name, content in {"torn": b'{"mod', "list": b"[]", "empty": b"", "bytes": b"\xff"}.items():
        (home / "added" / f"{name}.json").write_bytes(content)
    assert model_aliases(home) == {"good": "/m"}


def test_a_home_that_cannot_be_written_is_told(home: Path) -> None:
    home.write_text("a file where a folder should be")
    with pytest.raises(StoreError, match="cannot write there") as caught:
        add_alias(home, "m", "/m")
    assert "SDPLAY_HOME" in caught.value.hint


def test_a_name_goes_before_paths_and_shelves(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (write_header(tmp_path / f"{name}.safetensors", SD15) for name in ("one", "two"))
    library = Library(home=home, roots=(tmp_path,))
    add_alias(home, "one", str(two))
    monkeypatch.chdir(tmp_path)
    found = resolve("one", library)
    assert (found.path, found.identity.name, found.card.name) == (two, "one", "one")
    assert found.rule == f"a name that was added, for {two}"
    assert resolve("one.safetensors", library).path == one
    two.unlink()
    with pytest.raises(ModelNotFound, match=r"two.safetensors, which is not there any more") as caught:
        resolve("one", library)
    assert caught.value.value == "one"
    assert "models remove one" in caught.value.hint


def test_a_name_for_a_model_of_the_hub(home: Path, tiny: Path) -> None:
    asked: list[str] = []

    def fetch(name: str) -> Path:
        asked.append(name)
        return tiny

    add_alias(home, "mine", "org/model@v1")
    assert resolve("mine", Library(home=home, fetch=fetch)).identity.name == "mine"
    assert asked == ["org/model@v1"]

"""Models of the hub: revisions, tokens, and downloads held against what the hub promised."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.library.fetch import HUB_ID, fetch
from sdplay.library.library import Library, library_from_env
from sdplay.library.resolve import resolve
from tests.support.headers import write_header

WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


class Hub:
    """Stands in for the hub's client, with its cache: files are links to blobs that are named after their sha256."""

    def __init__(self, root: Path, damage: bytes = b"") -> None:
        self.root, self.damage, self.asked = root, damage, list[dict[str, Any]]()
        self.downloads = 0

    def __call__(self, name: str, **asked: Any) -> str:
        self.asked.append({"name": name, **asked})
        folder = self.root / "snapshots" / "c0ffee"
        path = folder / WEIGHTS
        if not path.exists():
            self.downloads += 1
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = write_header(self.root / "whole", {"conv_in.weight": (320, 4, 3, 3)}).read_bytes()
            blob = self.root / "blobs" / hashlib.sha256(whole).hexdigest()
            blob.parent.mkdir(exist_ok=True)
            blob.write_bytes(whole[: len(whole) - len(self.damage)] + self.damage)
            path.symlink_to(blob)
        return str(folder)


@pytest.mark.parametrize("name", ["org/model@main", "org/model@v1.0", "org/model@refs/pr/3", f"org/model@{'9' * 40}"])
def test_a_revision_is_asked_for_by_name(name: str, tmp_path: Path) -> None:
    assert HUB_ID.fullmatch(name)
    hub = Hub(tmp_path)
    fetch(name, hub, token="hf_x")
    (asked,) = hub.asked
    assert (asked["name"], asked["revision"], asked["token"]) == (*name.split("@"), "hf_x")


@pytest.mark.parametrize("name", ["org/model@", "org/model@-x", "org@v/model", "org/model@a b", "@v"])
def test_what_is_no_revision(name: str) -> None:
    assert not HUB_ID.fullmatch(name)


def test_without_one_the_hub_chooses_and_the_token_is_that_of_the_environment(tmp_path: Path) -> None:
    hub = Hub(tmp_path)
    fetch("org/model", hub)
    assert (hub.asked[0]["revision"], hub.asked[0]["token"]) == (None, None)


def test_a_typed_token_is_that_of_the_shelves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub(tmp_path)
    monkeypatch.setattr("sdplay.library.fetch._client", lambda: hub)
    library = library_from_env({"SDPLAY_HOME": str(tmp_path / "home")}, token="hf_typed")
    library.fetch("org/model")
    assert hub.asked[0]["token"] == "hf_typed"


def test_a_damaged_download_is_taken_away_and_alone_made_again(tmp_path: Path) -> None:
    hub = Hub(tmp_path, damage=b"x")
    with pytest.raises(ModelBroken, match=f"the download was damaged, on its way or on this disk: {WEIGHTS}") as caught:
        fetch("org/model", hub)
    assert "run the same command again" in caught.value.hint
    assert not any((tmp_path / "blobs").iterdir())
    hub.damage = b""
    assert (fetch("org/model", hub) / WEIGHTS).is_file()
    assert fetch("org/model", hub, memory=tmp_path / "digests")
    assert hub.downloads == 2


def hub_error(name: str) -> Exception:
    from huggingface_hub import errors

    kind = getattr(errors, name)
    return kind.__new__(kind)


@pytest.mark.parametrize(
    ("error", "said", "what_to_do"),
    [
        ("GatedRepoError", "accepted its licence", "HF_TOKEN to a token of https://huggingface.co/settings/tokens"),
        ("RepositoryNotFoundError", "no public model", "needs a token (https://huggingface.co/settings/tokens)"),
        ("RevisionNotFoundError", "no revision 'v9' of it", "https://huggingface.co/org/model/commits/main"),
        ("IncompleteSnapshotError", "never downloaded", "to go on offline: `model=builtin`"),
    ],
)
def test_what_the_hub_refuses_is_told_with_what_to_do(error: str, said: str, what_to_do: str, tmp_path: Path) -> None:
    def download(name: str, **asked: Any) -> str:
        raise hub_error(error)

    library = Library(home=tmp_path, fetch=partial(fetch, download=download))
    with pytest.raises(ModelNotFound, match=said) as caught:
        resolve("org/model@v9", library)
    assert what_to_do in caught.value.hint
    assert "to go on offline" in caught.value.hint
    assert "model@v9" not in caught.value.hint  # no page of the hub is called so


def test_a_network_that_breaks_off_is_told_and_a_mistake_of_ours_is_not_hidden(tmp_path: Path) -> None:
    class ReadTimeout(Exception):
        __module__ = "httpx"

    def breaks(name: str, **asked: Any) -> str:
        raise error

    error: Exception = ReadTimeout("timed out")
    with pytest.raises(ModelNotFound, match="it cannot be downloaded: timed out") as caught:
        fetch("org/model", breaks)
    assert "the download resumes" in caught.value.hint
    error = TypeError("a mistake")
    with pytest.raises(TypeError, match="a mistake"):
        fetch("org/model", breaks)


def test_the_hubs_own_client_takes_what_it_is_given() -> None:
    import inspect

    from huggingface_hub import snapshot_download

    known = inspect.signature(snapshot_download).parameters
    assert {"revision", "token", "allow_patterns", "ignore_patterns", "library_name", "etag_timeout"} <= known.keys()

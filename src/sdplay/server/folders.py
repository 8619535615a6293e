"""The folders whose pictures the gallery shows: the service's own, and those that its owner lets it watch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.server.records import TRASH, StoredPicture

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif")  # what every browser shows
TRASH_FOLDER = ".trash"  # in each of these folders, so that nothing moves to another disk
NAMED = re.compile(r"(?P<job>[0-9a-z]{18})-(?P<index>\d{4,})-\d+\.(png|jpg|webp|avif)")  # by the service
SHEET = re.compile(r"(?P<job>[0-9a-z]{18})-grid\.(png|webp)")  # of a grid
JOB_NAME = re.compile(r"[0-9a-z]{18}")
FILM = "job.json"  # in a folder that holds a film, whose frames are no pictures of the gallery


@dataclass(frozen=True, slots=True)
class PictureFolders:
    """`own` is relative to the service's folder, which its process works in; `watched` are absolute."""

    own: Path
    watched: tuple[Path, ...] = ()

    @property
    def all(self) -> tuple[Path, ...]:
        return (self.own, *self.watched)

    def root_of(self, file: str) -> Path:
        """The folder below which a picture's trash is."""
        path = Path(file)
        return next((root for root in self.all if path.is_relative_to(root)), Path(path.parts[0]))

    def file_of(self, picture: StoredPicture) -> Path:
        """Where the file of a picture is now."""
        return self.in_trash(picture) if picture.place == TRASH else Path(picture.file)

    def in_trash(self, picture: StoredPicture) -> Path:
        return self.root_of(picture.file) / TRASH_FOLDER / f"{picture.id}-{Path(picture.file).name}"

    def holds(self, path: Path) -> bool:
        """Whether `path`, links followed, is in the service's folder or in one that is watched."""
        return any(path.is_relative_to(root.resolve()) for root in (Path(), *self.watched))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a folder holds: its pictures by their paths, with (bytes, nanoseconds of the last change), and the folders
    below it. `changed` is when the folder itself was last changed.
    """

    files: dict[str, tuple[int, int]]
    folders: tuple[Path, ...]
    changed: int


def listing_of(folder: Path) -> Listing:
    """The listing of `folder`, without hidden things, links and folders of films; raises `OSError`."""
    changed = folder.stat().st_mtime_ns  # before it is read: what comes meanwhile is seen the next time
    files, folders, start = dict[str, tuple[int, int]](), list[Path](), folder.as_posix()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders += [Path(entry.path)] if not Path(entry.path, FILM).exists() else []
            elif entry.name.lower().endswith(SUFFIXES) and entry.is_file(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                files[f"{start}/{entry.name}"] = (state.st_size, state.st_mtime_ns)
    return Listing(files=files, folders=tuple(folders), changed=changed)


def job_of(path: Path) -> tuple[str, int | None]:
    """(the job that a file is named after or whose folder it is in, "" for none; its index, None if no name says)."""
    if match := NAMED.fullmatch(path.name):
        return match["job"], int(match["index"])
    if match := SHEET.fullmatch(path.name):
        return match["job"], None
    return (path.parent.name, None) if JOB_NAME.fullmatch(path.parent.name) else ("", None)


def checked_folders(folders: Sequence[Path], home: Path) -> tuple[Path, ...]:
    """Absolute forms of the folders to watch; raises `BadRequest` for one that is none, or meets the service's own."""
    return tuple(dict.fromkeys(_checked(folders, home.resolve())))


def _checked(folders: Sequence[Path], home: Path) -> Iterator[Path]:
    for folder in folders:
        path = folder.expanduser().resolve()
        if not path.is_dir():
            raise BadRequest("is no folder", field="pictures", value=str(folder), hint="make it first")
        if path.is_relative_to(home) or home.is_relative_to(path):
            reason = "meets the service's own folder, whose pictures are shown anyway"
            raise BadRequest(reason, field="pictures", value=str(folder), hint="choose another folder")
        yield path

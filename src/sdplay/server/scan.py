"""The folder is the truth: what was put into the folders of pictures, moved, changed or taken away, the gallery knows.

A look at the times of the folders costs next to nothing, and is done every few seconds; only a folder that changed is
read again, and only a file that changed is opened.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdplay.core.errors import SdplayError
from sdplay.images.open import UNREADABLE
from sdplay.server.folders import Listing, PictureFolders, listing_of
from sdplay.server.found import described, state_of
from sdplay.server.index import KnownFile, PictureIndex

INTERVAL = 3.0  # seconds between two looks
SETTLED = 10 * 10**9  # nanoseconds without a change after which a folder's time can be trusted
BATCH = 50  # pictures that are read before they are told
log = logging.getLogger("sdplay.server")


@dataclass(slots=True)
class Scanned:
    """What a look at the folders found: numbers of pictures."""

    found: int = 0
    changed: int = 0
    gone: int = 0


@dataclass(slots=True)
class Differences:
    """How folders differ from the list: new files, and listed ones that changed, came back, or are gone."""

    new: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    changed: list[KnownFile] = field(default_factory=list[KnownFile])
    back: list[KnownFile] = field(default_factory=list[KnownFile])
    gone: list[KnownFile] = field(default_factory=list[KnownFile])


class FolderScan:
    """Compares the folders of pictures with the list of pictures, and corrects the list; one look at a time."""

    def __init__(self, index: PictureIndex, folders: PictureFolders) -> None:
        self._index, self._folders = index, folders
        self._seen: dict[Path, int] = {}  # folder -> when it had last been changed, once that is settled
        self._below: dict[Path, tuple[Path, ...]] = {}
        self._unreadable: dict[str, tuple[int, int]] = {}
        self._looking = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._watch, name="folders", daemon=True).start()

    def stop(self) -> None:
        """End after the picture that is being read."""
        self._stopping.set()
        with self._looking:
            pass

    def _watch(self) -> None:
        whole = True
        while not self._stopping.is_set():
            try:
                self.look(whole=whole)
                whole = False
            except SdplayError as error:  # a full disk, say
                log.error("the folders of pictures cannot be compared with the list: %s", error)
            self._stopping.wait(INTERVAL)

    def look(self, *, whole: bool = False) -> Scanned:
        """Correct the list; with `whole` every folder is read, and not only those that changed."""
        with self._looking:
            if whole:
                self._seen.clear()
                self._below.clear()
                self._index.reconcile(self._folders)
            listed = self._index.folders() if whole else set[str]()  # first, for the same reason as in `_walk`
            differences = Differences()
            for root in self._folders.all:
                self._walk(root, differences)
            if self._stopping.is_set():
                return Scanned()
            for folder in listed - {folder.as_posix() for folder in self._below}:
                differences.gone += self._index.files_in(Path(folder)).values()
            return self._corrected(differences)

    def _walk(self, folder: Path, differences: Differences) -> None:
        """Collect what differs in `folder` and below it."""
        if self._stopping.is_set():
            return
        try:
            if self._seen.get(folder) == folder.stat().st_mtime_ns:
                for each in self._below[folder]:
                    self._walk(each, differences)
                return
            known = self._index.files_in(folder)  # first: a file that is listed while we look is then on the disk
            listing = listing_of(folder)
        except OSError:  # it was taken away, or its disk was
            self._forget(folder, differences)
            return
        compare(listing, known, differences)
        for lost in set(self._below.get(folder, ())) - set(listing.folders):
            self._forget(lost, differences)
        self._below[folder] = listing.folders
        newest = max([listing.changed, *(changed for _, changed in listing.files.values())])
        if time.time_ns() - newest > SETTLED:
            self._seen[folder] = listing.changed
        else:
            self._seen.pop(folder, None)
        for each in listing.folders:
            self._walk(each, differences)

    def _forget(self, folder: Path, differences: Differences) -> None:
        """`folder` is gone, with all that was in it."""
        self._seen.pop(folder, None)
        self._below.pop(folder, None)
        differences.gone += self._index.files_below(folder)

    def _corrected(self, differences: Differences) -> Scanned:
        result = Scanned(gone=self._index.set_gone(differences.gone))
        result.found += self._index.set_back(differences.back)
        moved, new = self._index.moved(differences.new)
        result.found += self._index.set_moved(moved)
        for batch in self._read(new):
            result.found += self._index.add(batch)
        changed = {one.file: one for one in differences.changed}
        for batch in self._read({file: (one.bytes, one.changed) for file, one in changed.items()}):
            result.changed += self._index.refresh([(changed[file], facts) for file, facts in batch])
        return result

    def _read(self, files: dict[str, tuple[int, int]]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
        """What the files say, in batches; the newest first, damaged ones once and not again until they change."""
        batch: list[tuple[str, dict[str, Any]]] = []
        for file in sorted(files, key=lambda file: files[file][1], reverse=True):
            if self._stopping.is_set():
                break
            with suppress(OSError):
                now = state_of(Path(file))
                state = (now["bytes"], now["changed"])
                if self._unreadable.get(file) == state:
                    continue
                try:
                    batch.append((file, described(Path(file))))
                except (*UNREADABLE, SdplayError):
                    self._unreadable[file] = state
            if len(batch) >= BATCH:
                yield batch
                batch = []
        yield batch


def compare(listing: Listing, known: dict[str, KnownFile], differences: Differences) -> None:
    """Put what differs between a folder and what is known of it into `differences`."""
    for file, state in listing.files.items():
        one = known.get(file)
        if one is None:
            differences.new[file] = state
            continue
        differences.back += [one] if not one.here else []
        differences.changed += [one] if (one.bytes, one.changed) != state else []
    differences.gone += [one for file, one in known.items() if one.here and file not in listing.files]

"""A job is a folder: what was asked for, what is finished, and a lock, so that it can go on after any crash.

job.json       the description, written when the job is made
lock           held by the process that works on the job
journal.jsonl  a line for each finished segment
frames/ keys/  its pictures, 000000000.png and on; depth/ for those who want to see it
progress.json  latest.jpg  preview.mp4  video.mp4
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, cast

from sdplay.core.errors import BadRequest, StoreError, shorten
from sdplay.files.atomic import HIDDEN, prepare_folder, replace_file, store_error, sync_folder, write_new, writing
from sdplay.files.lock import locked
from sdplay.files.regular import read_regular
from sdplay.film.job.frame_file import encode_latest
from sdplay.film.job.journal import SegmentRecord, check_journal, read_journal
from sdplay.film.job.segments import Chain, SegmentStore
from sdplay.images.read import Pixels

FORMAT = 1
DESCRIPTION = "job.json"
MOST_LISTED = 5  # jobs that a message names
ABSENT = "nothing"
LONGEST_REASON = 100  # characters of why a file is damaged
LONGEST_SHOWN = 60  # characters of a value that is shown whole
CONTEXT = 20  # characters before the first that differs


def damaged_job(file: str, error: Exception, path: Path | None = None) -> StoreError:
    """That the `file` which describes a job, in the folder `path`, cannot be understood because of `error`."""
    why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)[:LONGEST_REASON]
    value = None if path is None else str(path)
    hint = "put the file back from a copy of the job's folder, or begin the job anew in another folder"
    return StoreError(f"its {file} is damaged: {why}", field="job", value=value, hint=hint)


class JobFolder:
    """The job in the folder `path`; make one with `create` or `open`.

    `description` is all that decides the job's pixels and files, as JSON can hold it; `digest` names the part of it
    that may not change. Use: `with job.lock(): segments, _ = job.recover()`,
    then `segments.finish` one by one.
    """

    file = DESCRIPTION  # what the description is called

    def __init__(self, path: Path, description: Mapping[str, Any], digest: str) -> None:
        self.path, self.description, self.digest = path, description, digest
        self.preview, self.video = path / "preview.mp4", path / "video.mp4"

    @classmethod
    def create(cls, path: Path, description: Mapping[str, Any], free: Collection[str] = ()) -> JobFolder:
        """Make a job in `path`, or open the one there if it differs in nothing but the settings named in `free`.

        An opened job keeps the description it has; `update` takes over the new one. Raises `BadRequest` for a folder
        that holds another job or other files, `DiskFull` or `StoreError` if it cannot be written.
        """
        wanted = _plain(description)
        if (path / cls.file).exists():
            return cls._same(path, wanted, free)
        _check_empty(path)
        digest = _digest(wanted, free)
        prepare_folder(path)
        write_new(_content(wanted, digest), [path / cls.file])
        try:
            sync_folder(path)
            sync_folder(path.parent)
        except OSError as error:
            raise store_error(error, path) from error
        return cls(path, wanted, digest)

    @classmethod
    def _same(cls, path: Path, wanted: Mapping[str, Any], free: Collection[str]) -> JobFolder:
        job = cls.open(path)
        if changed := differences(job.description, wanted, free):
            raise BadRequest(
                f"belongs to another job: {'; '.join(changed)}",
                field="out",
                value=str(path),
                hint="choose another folder; or `fork=NEW` begins a new job there with the changed settings",
            )
        job._check(free)
        return job

    @classmethod
    def open(cls, path: Path, free: Collection[str] | None = None) -> JobFolder:
        """The job in `path`; raises `BadRequest` if there is none, `StoreError` if it cannot be read.

        With `free` also for a job.json in which anything but the settings named there was changed.
        """
        try:
            fields = cast("dict[str, Any]", json.loads(read_regular(path / cls.file)))
            if fields["format"] != FORMAT:
                raise StoreError(
                    "was made by another version of this program", field="job", value=str(path), hint="use that version"
                )
            job = cls(path, dict(fields["description"]), str(fields["digest"]))
        except (FileNotFoundError, NotADirectoryError):
            raise BadRequest("there is no job", field="job", value=str(path), hint=_nearest_jobs(path)) from None
        except OSError as error:
            reason = f"its {cls.file} cannot be read: {error.strerror}"
            hint = "put the file back that was there"
            raise StoreError(reason, field="job", value=str(path), hint=hint) from error
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise damaged_job(cls.file, error, path) from error
        if free is not None:
            job._check(free)
        return job

    def _check(self, free: Collection[str]) -> None:
        """Raise `StoreError` if the settings that may not change were changed in job.json."""
        if _digest(self.description, free) != self.digest:
            reason = f"its {self.file} was changed since the job was begun"
            hint = f"put the old {self.file} back, or begin a new job in another folder"
            raise StoreError(reason, field="job", value=str(self.path), hint=hint)

    def update(self, description: Mapping[str, Any]) -> None:
        """Write `description` in the place of the old one; the digest stays. Only with the lock held."""
        wanted = _plain(description)
        with writing(self.path):
            replace_file(self.path / self.file, _content(wanted, self.digest))
            sync_folder(self.path)
        self.description = wanted

    @contextmanager
    def lock(self) -> Generator[None]:
        """Be the one process that works on the job; raises `BadRequest` "already running (pid N)" if there is one.

        The lock of a process that died, however it died, does not hinder.
        """
        with ExitStack() as stack:
            with writing(self.path):
                stack.enter_context(locked(self.path / "lock"))
            yield

    def recover(self, chain: Chain | None = None, *, mend: bool = False) -> tuple[SegmentStore, frozenset[int]]:
        """The finished segments, after clearing away what a crash left behind, and the segments that were lost.

        A torn journal is cut, files of unfinished segments are deleted, and segments are forgotten whose pictures are
        not as the journal says: missing, damaged, swapped, changed. Those whose file is not known by its own sha256 are
        decoded for that. If segments depend on one another, `chain` is the chain of a segment, and those after a lost
        one are forgotten with it, or with `mend` kept if the lost one comes out with the same bits again.
        Only with the lock held.
        """
        segments = SegmentStore(self.path, self.digest)
        return segments, segments.recover(chain, mend=mend)

    def records(self) -> Iterator[SegmentRecord]:
        """What the journal says is finished; any process may look, also while another one draws."""
        journal = self.path / "journal.jsonl"
        check_journal(journal)
        return read_journal(journal) if journal.exists() else iter(())

    def progress(self, state: Mapping[str, Any]) -> None:
        """Let `progress.json` say `state`, in one step, without waiting for the disk."""
        with writing(self.path):
            replace_file(self.path / "progress.json", json.dumps(dict(state)).encode() + b"\n", durable=False)

    def latest(self, pixels: Pixels) -> None:
        """Let `latest.jpg` show `pixels`, at most 512 a side, in one step, without waiting for the disk."""
        content = encode_latest(pixels)
        with writing(self.path):
            replace_file(self.path / "latest.jpg", content, durable=False)


def differences(old: Mapping[str, Any], new: Mapping[str, Any], ignoring: Collection[str] = ()) -> list[str]:
    """A line for each setting that is not the same in both: "steps: 20 then, 30 now".

    Settings inside others are named "output.crf"; `ignoring` holds such names, and one of a group stands for all in it.
    """
    then, now = (_settings(_plain(description), ignoring) for description in (old, new))
    lines: list[str] = []
    for name in sorted(then.keys() | now.keys()):
        if name not in then or name not in now:
            before, after = (shorten(settings[name]) if name in settings else ABSENT for settings in (then, now))
        elif _text(then[name]) != _text(now[name]):
            before, after = _parts_that_differ(then[name], now[name])
        else:
            continue
        lines.append(f"{name}: {before} then, {after} now")
    return lines


def _settings(description: Mapping[str, Any], ignoring: Collection[str], group: str = "") -> dict[str, Any]:
    """Every setting of `description` under its full name, without those ignored; an empty group is a setting."""
    settings: dict[str, Any] = {}
    for name, value in description.items():
        if group + name not in ignoring:
            inside = _settings(cast("dict[str, Any]", value), ignoring, f"{group}{name}.") if _is_group(value) else None
            settings |= inside if inside is not None else {group + name: value}
    return settings


def _is_group(value: object) -> bool:
    return isinstance(value, dict) and bool(cast("dict[str, Any]", value))


def _parts_that_differ(then: Any, now: Any) -> tuple[str, str]:
    """Both values as they are shown: of long ones, the part around the first character that differs."""
    old, new = (value if isinstance(value, str) else _text(value) for value in (then, now))
    if max(len(old), len(new)) <= LONGEST_SHOWN:
        return shorten(then), shorten(now)
    shorter = min(len(old), len(new))
    begin = max(next((at for at in range(shorter) if old[at] != new[at]), shorter) - CONTEXT, 0)
    return _part(old, begin), _part(new, begin)


def _part(text: str, begin: int) -> str:
    """`text` from `begin` on, as far as it is shown."""
    end = begin + 3 * CONTEXT
    return f"{'… ' if begin else ''}{text[begin:end]!r}{' …' if end < len(text) else ''}"


def _digest(description: Mapping[str, Any], free: Collection[str]) -> str:
    return hashlib.sha256(_text(_settings(description, free)).encode()).hexdigest()[:16]


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _content(description: Mapping[str, Any], digest: str) -> bytes:
    fields = {"format": FORMAT, "digest": digest, "description": description}
    return json.dumps(fields, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _plain(description: Mapping[str, Any]) -> dict[str, Any]:
    """`description` as it will be when it is read back: tuples are lists, names are texts."""
    return cast("dict[str, Any]", json.loads(json.dumps(dict(description), allow_nan=False)))


def _check_empty(path: Path) -> None:
    try:
        others = [child.name for child in path.iterdir() if not HIDDEN.fullmatch(child.name)]
    except FileNotFoundError:
        return
    except NotADirectoryError:
        raise BadRequest("is a file", field="out", value=str(path), hint="give a folder") from None
    except OSError as error:
        raise store_error(error, path) from error
    if others:
        raise BadRequest(
            f"holds files already and no job ({shorten(sorted(others)[0])})",
            field="out",
            value=str(path),
            hint="choose a folder that is empty or not there yet",
        )


def _nearest_jobs(path: Path) -> str:
    """What to give instead of `path`: the job that it is a file of, or those in it."""
    around = next((folder for folder in path.parents[:2] if (folder / DESCRIPTION).is_file()), None)
    if around is not None:
        return f"it belongs to the job {around}: give that folder"
    below = sorted(str(found.parent) for found in islice(path.glob(f"*/{DESCRIPTION}"), MOST_LISTED))
    return f"jobs in it: {', '.join(below)}" if below else f"give the folder that holds its {DESCRIPTION}"

"""Pictures on disk: numbered on, never over another, whole even when the disk is full or the program is killed."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from sdplay.core.errors import UnknownName
from sdplay.images.formats import SUFFIXES
from sdplay.images.own import read_own
from sdplay.images.writer import ImageWriter
from sdplay.studio import Studio
from tests.support import child
from tests.support.noisy import NoisyExecutor
from tests.support.patience import PATIENCE
from tests.support.recipes import picture, recipe


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pictures_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


@pytest.mark.parametrize(
    ("kind", "suffix", "media_type"),
    [
        ("png", "png", "image/png"),
        ("JPG", "jpg", "image/jpeg"),
        ("jpeg", "jpg", "image/jpeg"),
        ("WebP", "webp", "image/webp"),
    ],
)
def test_a_picture_becomes_a_file_and_the_file_a_picture(
    kind: str, suffix: str, media_type: str, tmp_path: Path
) -> None:
    made = picture(recipe(seed=0), 3)
    artifact = ImageWriter(tmp_path, kind, "0.1.0").write(made)
    assert artifact.path == tmp_path / f"00000-3.{suffix}"
    assert (artifact.digest, artifact.media_type, artifact.index) == (made.digest, media_type, 3)
    assert (artifact.recipe, artifact.seconds) == (made.recipe, made.seconds)
    embedded, pixels = read_own(artifact.path)
    assert (embedded.recipe.digest, embedded.index, embedded.version) == (made.recipe.digest, 3, "0.1.0")
    assert embedded.digest == made.digest
    assert pixels.shape == made.pixels.shape


def test_an_unknown_format_is_refused_before_the_folder_is_made(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'png'"):
        ImageWriter(tmp_path / "new", "pnd", "0")
    assert names(tmp_path) == []


def test_numbers_go_on_from_what_is_there(tmp_path: Path) -> None:
    for name in ("00007-1.png", "00003-99.webp", "notes.txt", "123-4.png", "photo-99999.png", ".00050-1.png"):
        (tmp_path / name).write_bytes(b"")
    kept = [ImageWriter(tmp_path, "png", "0").write(picture(recipe(seed=5), index)).path.name for index in range(3)]
    assert kept == ["00008-5.png", "00009-6.png", "00010-7.png"]


def test_numbers_grow_past_five_digits(tmp_path: Path) -> None:
    (tmp_path / "99999-1.png").write_bytes(b"")
    assert ImageWriter(tmp_path, "png", "0").write(picture(recipe(seed=5))).path.name == "100000-5.png"
    assert ImageWriter(tmp_path, "png", "0").write(picture(recipe(seed=5))).path.name == "100001-5.png"


def test_two_keepers_in_one_folder_never_write_over_each_other(tmp_path: Path) -> None:
    keepers = [ImageWriter(tmp_path, "png", "0"), ImageWriter(tmp_path, "png", "0")]
    artifacts = [keepers[number % 2].write(picture(recipe(seed=1), number // 2)) for number in range(10)]
    assert len({artifact.path for artifact in artifacts}) == 10
    for artifact in artifacts:
        assert read_own(artifact.path)[0].digest == artifact.digest


KEEP_25 = """
import sys, time
from pathlib import Path
from sdplay.images.writer import ImageWriter
from tests.support.recipes import picture, recipe
folder, go, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
made = picture(recipe(seed=seed))
writer = ImageWriter(folder, "png", "0")
print("ready", flush=True)
while not go.exists():
    time.sleep(0.001)
for _ in range(25):
    print(writer.write(made).path.name, made.digest)
"""


def test_fifty_files_of_two_programs_at_once_are_fifty_files(tmp_path: Path) -> None:
    """Both with the same seed, so that they want the same names."""
    folder, go = tmp_path / "out", tmp_path / "go"
    programs = [child.start(KEEP_25, folder, go, 4) for _ in range(2)]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n", program.communicate()[1]
    go.touch()
    told = [program.communicate(timeout=PATIENCE) for program in programs]
    assert [program.returncode for program in programs] == [0, 0], told
    written = dict(line.split() for out, _ in told for line in out.splitlines())
    assert len(written) == 50
    assert names(folder) == sorted(written)
    for name, digest in written.items():
        assert read_own(folder / name)[0].digest == digest
    assert len({name.partition("-")[0] for name in written}) == 50


# A limit on the size of files is a full disk that any user can have: the write fails half-way through.
FULL_DISK = """
import json, os, resource, sys
from pathlib import Path
from sdplay.core.errors import SdplayError
from sdplay.images.writer import ImageWriter
from tests.support.recipes import picture, recipe
folder = Path(sys.argv[1])
writer = ImageWriter(folder, "png", "0")
first = writer.write(picture(recipe(seed=1))).path.name
resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))
told = []
for attempt in (lambda: writer.write(picture(recipe(seed=2))), lambda: ImageWriter(folder, "png", "0")):
    try:
        attempt()
        told.append("kept")
    except SdplayError as error:
        told.append([type(error).__name__, error.exit_code, error.field])
    told.append(sorted(os.listdir(folder)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 5_000))
print(json.dumps([first, *told]))
"""


def test_a_full_disk_is_told_and_leaves_what_was_finished_and_nothing_else(tmp_path: Path) -> None:
    told = json.loads(child.run(FULL_DISK, tmp_path))
    assert told == [
        "00000-1.png",
        ["DiskFull", 4, "out"],  # while a picture is written
        ["00000-1.png"],
        ["DiskFull", 4, "out"],  # before anything is drawn
        ["00000-1.png"],
    ]
    assert read_own(tmp_path / "00000-1.png")[0].digest == picture(recipe(seed=1)).digest


# --- kill -9 ----------------------------------------------------------------------------------------------------------

DRAW_ON_AND_ON = """
import sys
from pathlib import Path
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.images.writer import ImageWriter
from sdplay.studio import Studio
from tests.support.noisy import NoisyExecutor
model, folder, kind, seed = sys.argv[1:]
request = make_request(Txt2Img, prompt="a red apple", model=model, width=256, height=256, num=50_000, seed=int(seed))
for _ in Studio(NoisyExecutor()).stream(request, ImageWriter(Path(folder), kind, "0")):
    pass
"""


def wait_until_there_are(count: int, folder: Path, program: subprocess.Popen[str]) -> None:
    while len(pictures_in(folder)) < count:
        assert program.poll() is None, program.communicate()[1]
        time.sleep(0.005)


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_a_program_killed_while_drawing_leaves_whole_pictures_only(kind: str, tiny: Path, tmp_path: Path) -> None:
    """Really killed, three times in one folder, at three moments of its work."""
    for attempt in range(3):
        program = child.start(DRAW_ON_AND_ON, tiny, tmp_path, kind, attempt * 100_000)
        wait_until_there_are(len(pictures_in(tmp_path)) + 4 + attempt, tmp_path, program)
        program.send_signal(signal.SIGKILL)
        program.communicate()
        assert program.returncode == -signal.SIGKILL
    kept = pictures_in(tmp_path)
    assert len(kept) >= 4 + 5 + 6
    assert all(re.fullmatch(rf"\d{{5}}-\d+{re.escape(SUFFIXES[kind])}", path.name) for path in kept)  # type: ignore[index]
    assert [int(path.name[:5]) for path in kept] == list(range(len(kept)))
    studio = Studio(NoisyExecutor())
    for path in kept:
        assert studio.verify(path, str(tiny)).digest == read_own(path)[0].digest


# Killed at the worst moment: the bytes are on disk and the name is not.
KILLED_BEFORE_THE_NAME = """
import os, signal, sys
from pathlib import Path
from sdplay.images.writer import ImageWriter
from tests.support.recipes import picture, recipe
writer = ImageWriter(Path(sys.argv[1]), "png", "0")
writer.write(picture(recipe(seed=1)))
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
writer.write(picture(recipe(seed=2)))
"""


def test_what_a_killed_program_was_writing_is_no_picture_and_is_swept_a_day_later(tmp_path: Path) -> None:
    program = child.start(KILLED_BEFORE_THE_NAME, tmp_path)
    program.communicate()
    assert program.returncode == -signal.SIGKILL
    assert [path.name for path in pictures_in(tmp_path)] == ["00000-1.png"]
    (left,) = (name for name in names(tmp_path) if name.startswith("."))

    now = (tmp_path / left).stat().st_mtime
    soon = ImageWriter(tmp_path, "png", "0", clock=lambda: now + 60)
    assert left in names(tmp_path)  # it might be another program's, at work
    assert soon.write(picture(recipe(seed=3))).path.name == "00001-3.png"
    ImageWriter(tmp_path, "png", "0", clock=lambda: now + 25 * 60 * 60)
    assert names(tmp_path) == ["00000-1.png", "00001-3.png"]

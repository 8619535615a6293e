"""Whatever kills a job, and whenever: going on gives the same bytes as never having been killed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support import child
from tests.support.film import LENGTH, draw_film, files

UNITS = 8
DRAW = """
import sys
from pathlib import Path
from tests.support.film import draw_film
draw_film(Path(sys.argv[1]), int(sys.argv[2]), lambda step: print(step, flush=True), side=96)
"""


def test_ten_kills_at_random_moments_change_no_byte(tmp_path: Path) -> None:
    draw_film(tmp_path / "whole", UNITS, side=96)
    chance, kills, runs = random.Random(11), 0, 0
    while True:
        process = child.start(DRAW, tmp_path / "killed", UNITS)
        assert process.stdout is not None
        runs += 1
        steps = chance.randrange(1, 2 * LENGTH) if kills < 10 else 10**6
        seen = [line for _, line in zip(range(steps), process.stdout, strict=False)]
        if kills < 10:
            for _ in range(chance.randrange(40_000)):  # into the middle of whatever comes next
                pass
            process.kill()
        _, err = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -9, err
        assert len(seen) == steps
        kills += 1
    assert (kills, runs) == (10, 11)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")


# Runs the film in forks of one process; the n-th fork dies just before its n-th change to the disk, and a file that it
# was writing is left half there.
EVERYWHERE = """
import os, shutil, sys
from pathlib import Path
from tests.support.film import draw_film, files

whole, begun, folder, count = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), 2

def dies_at(n):
    left = [n]
    def step(name, real):
        def stepped(*arguments, **options):
            left[0] -= 1
            if left[0] == 0:
                if name == "write_bytes":
                    real(arguments[0], arguments[1][:len(arguments[1]) // 2])
                os._exit(9)
            return real(*arguments, **options)
        return stepped
    for name in ("fsync", "replace", "unlink", "ftruncate", "link"):
        setattr(os, name, step(name, getattr(os, name)))
    Path.write_bytes = step("write_bytes", Path.write_bytes)

def fork(prepare):
    pid = os.fork()
    if pid == 0:
        try:
            prepare()
            draw_film(folder, count)
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

expected, n = files(whole), 0
while True:
    n += 1
    shutil.rmtree(folder, ignore_errors=True)
    if begun.is_dir():
        shutil.copytree(begun, folder)
    code = fork(lambda: dies_at(n))
    assert code in (0, 9), (n, code)
    if code == 9:
        assert fork(lambda: None) == 0, n
    assert files(folder) == expected, (n, sorted(files(folder)))
    if code == 0:
        break
print(n)
"""


def test_death_before_any_single_change_to_the_disk_changes_no_byte(tmp_path: Path) -> None:
    draw_film(tmp_path / "whole", 2)
    points = int(child.run(EVERYWHERE, tmp_path / "whole", tmp_path / "none", tmp_path / "job"))
    assert points > 2 * (LENGTH + 1) * 3


def test_death_anywhere_in_a_recovery_changes_no_byte(tmp_path: Path) -> None:
    draw_film(tmp_path / "whole", 2)
    draw_film(tmp_path / "begun", 2)
    (tmp_path / "begun" / "keys" / "000000003.png").unlink()
    (tmp_path / "begun" / "frames" / "000000099.png").write_bytes(b"left over")
    (tmp_path / "begun" / "frames" / "000000001.png.tmp").write_bytes(b"left over")
    journal = tmp_path / "begun" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b"torn")
    points = int(child.run(EVERYWHERE, tmp_path / "whole", tmp_path / "begun", tmp_path / "job"))
    assert points > (LENGTH + 1) * 3


FULL = """
import resource, sys
from pathlib import Path
from sdplay.core.errors import DiskFull
from tests.support.film import draw_film
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    draw_film(Path(sys.argv[1]), 3)
except DiskFull as error:
    print(error.exit_code, error, list(Path(sys.argv[1]).rglob("*.tmp")))
else:
    print("fits")
"""


@pytest.mark.parametrize("limit", [1_000, 500])
def test_a_full_disk_stops_the_job_and_leaves_it_ready_to_go_on(limit: int, tmp_path: Path) -> None:
    draw_film(tmp_path / "whole", 3)
    told = child.run(FULL, tmp_path / "my job", limit)
    assert told.startswith("4 ")
    assert "no space is left there; finished frames are kept" in told
    assert f"sdplay resume '{tmp_path / 'my job'}'" in told
    assert told.rstrip().endswith(" []")
    draw_film(tmp_path / "my job", 3)
    assert files(tmp_path / "my job") == files(tmp_path / "whole")


def test_a_journal_that_no_longer_fits_loses_only_the_segment_at_hand(tmp_path: Path) -> None:
    draw_film(tmp_path / "whole", 40)
    largest = max(len(content) for name, content in files(tmp_path / "whole").items() if name.endswith(".png"))
    journal = (tmp_path / "whole" / "journal.jsonl").read_bytes()
    limit = largest + 100  # every picture fits, and the journal for some segments
    assert limit < len(journal)
    code = FULL.replace(", 3)", ", 40)")
    assert child.run(code, tmp_path / "job", limit).startswith("4 ")
    kept = (tmp_path / "job" / "journal.jsonl").read_bytes()
    assert kept == journal[: journal[:limit].rindex(b"\n") + 1]
    assert kept
    draw_film(tmp_path / "job", 40)
    assert files(tmp_path / "job") == files(tmp_path / "whole")

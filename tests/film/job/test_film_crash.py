"""Whatever stops a film, and whenever: going on gives the same bytes as never having been stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.events import ImageDone, Resumed
from sdplay.film.job.film import shoot
from sdplay.film.video.container import verify_film
from tests.support import child
from tests.support.films import write_film
from tests.support.patience import PATIENCE
from tests.support.stubfilm import film_request, frame_files, journal, made, shooting

DREAM: dict[str, Any] = {"prompts": ["a", "a longer one", "b"], "num": 13, "loop": True, "batch_size": 2}
HILL: dict[str, Any] = {
    "animation_prompts": {"0": "a hill", "6": "a wide lake"},
    "max_frames": 14,
    "zoom": "0:(1.03)",
    "angle": "0:(2)",
    "strength_schedule": "0:(0.6) step, 8:(1) step, 10:(0.5)",
}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "dream": ("dream", DREAM),
    "2D, every frame drawn": ("animate", {**HILL, "diffusion_cadence": 1}),
    "2D, every third": ("animate", {**HILL, "diffusion_cadence": 3, "color_coherence": "LAB"}),
    "2D, every fourth": ("animate", {**HILL, "diffusion_cadence": 4, "warp": "sequential", "smooth": "Smooth"}),
    "3D": ("animate", {**HILL, "animation_mode": "3D", "translation_z": "0:(2)", "rotation_3d_y": "0:(1)"}),
    "clip": ("animate", {**HILL, "animation_mode": "Video Input", "batch_size": 3, "extract_nth_frame": 2}),
}

# Each run is a fork of one process, which has drawn nothing itself (a fork of torch's threads would hang), killed after
# a number of events by chance and some more work.
KILLED = """
import json, os, random, shutil, signal, sys
from pathlib import Path
from sdplay.film.job.film import shoot
from tests.support.stubfilm import film_request, frame_files, journal, shooting

def run(out, request, events):
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(280)
        for _ in shoot(shooting(out, request)):
            os.write(writing, b".")
        os._exit(0)
    os.close(writing)
    for seen in range(events):
        if not os.read(reading, 1):
            lengths.append(seen)
            break
    else:
        for _ in range(chance.randrange(60_000)):
            pass
        os.kill(pid, 9)
    os.close(reading)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

folder, chance, lengths = Path(sys.argv[1]), random.Random(4), []
for name, (mode, fields) in json.loads(sys.argv[2]).items():
    request = film_request(mode, **fields)
    assert run(folder / "whole", request, 10**9) == 0
    total = lengths[-1]
    expected = frame_files(folder / "whole"), journal(folder / "whole"), (folder / "whole" / "video.mp4").read_bytes()
    kills = 0
    while True:
        code = run(folder / "killed", request, chance.randrange(1, total // 3) if kills < 10 else 10**9)
        assert code in (0, -9), (name, code)
        kills += code == -9
        if code == 0:
            found = frame_files(folder / "killed"), journal(folder / "killed")
            assert (*found, (folder / "killed" / "video.mp4").read_bytes()) == expected, name
            if kills >= 10:
                break
            shutil.rmtree(folder / "killed")
    print(name, kills)
    shutil.rmtree(folder / "killed"), shutil.rmtree(folder / "whole")
"""


def cases(folder: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    clip = write_film(folder / "clip.mp4", 28)
    mode, fields = CASES["clip"]
    return CASES | {"clip": (mode, fields | {"video_init_path": str(clip)})}


@pytest.mark.parametrize("first", range(0, len(CASES), 2))
def test_ten_kills_at_random_moments_change_no_byte_of_any_film(tmp_path: Path, first: int) -> None:
    two = dict(list(cases(tmp_path).items())[first : first + 2])
    told = child.run(KILLED, tmp_path, json.dumps(two))
    assert told.splitlines() == [f"{name} 10" for name in two]


@pytest.fixture
def hill(tmp_path: Path) -> Path:
    """A finished film of five segments in two scenes: 0 to 8, from frame 9 on the second."""
    return finished(tmp_path / "film")


def finished(out: Path) -> Path:
    made(out, film_request("animate", **HILL))
    return out


def everything(out: Path) -> tuple[dict[str, bytes], list[dict[str, Any]], bytes]:
    return frame_files(out), journal(out), (out / "video.mp4").read_bytes()


def drawn_again(out: Path, request: Any) -> list[int]:
    return [event.picture.index for event in made(out, request) if isinstance(event, ImageDone)]


def test_a_torn_journal_costs_the_segment_of_its_last_line(hill: Path) -> None:
    before, path = everything(hill), hill / "journal.jsonl"
    last = json.loads(path.read_text().splitlines()[-1].partition(" ")[2])
    path.write_bytes(path.read_bytes()[:-7])
    assert drawn_again(hill, film_request("animate", **HILL)) == list(range(last["first"], last["stop"]))
    assert everything(hill) == before


def truncated(out: Path) -> None:
    frame = out / "frames" / "000000004.png"
    frame.write_bytes(frame.read_bytes()[:-7])


def deleted(out: Path) -> None:
    (out / "frames" / "000000010.png").unlink()


def deleted_key(out: Path) -> None:
    (out / "keys" / "000000006.png").unlink()


def without_film(out: Path) -> None:
    (out / "video.mp4").write_bytes((out / "video.mp4").read_bytes()[:2000])


@pytest.mark.parametrize(
    ("damage", "frames"),
    [
        (truncated, range(3, 6)),  # what follows in its scene was drawn from the same bits
        (deleted, range(9, 12)),
        (deleted_key, range(6, 9)),
        (without_film, ()),
        (lambda _: None, ()),
    ],
    ids=["truncated frame", "deleted frame", "deleted key", "cut film", "nothing"],
)
def test_what_was_damaged_is_drawn_again_and_nothing_else(hill: Path, damage: Any, frames: Any) -> None:
    before = everything(hill)
    damage(hill)
    assert drawn_again(hill, film_request("animate", **HILL)) == list(frames)
    assert everything(hill) == before


@pytest.mark.parametrize("name", ["video.mp4", "preview.mp4", "progress.json", "latest.jpg", "frames/000000004.png"])
def test_a_pipe_among_the_files_of_a_film_is_replaced(hill: Path, name: str) -> None:
    before = everything(hill)
    (hill / "frames" / "000000013.png").unlink()  # something is to be drawn
    (hill / name).unlink()
    os.mkfifo(hill / name)
    made(hill, film_request("animate", **HILL))
    assert everything(hill) == before
    assert not any(path.is_fifo() for path in hill.rglob("*"))


def test_damaged_files_are_named_when_it_goes_on(hill: Path) -> None:
    truncated(hill)
    deleted_key(hill)
    resumed = next(event for event in made(hill, film_request("animate", **HILL)) if isinstance(event, Resumed))
    assert resumed.damaged == ("frames/000000004.png", "keys/000000006.png")


def test_a_lost_frame_of_a_dream_costs_its_own_segment(tmp_path: Path) -> None:
    made(tmp_path / "film", film_request("dream", **DREAM))
    before = everything(tmp_path / "film")
    (tmp_path / "film" / "frames" / "000000005.png").unlink()
    assert drawn_again(tmp_path / "film", film_request("dream", **DREAM)) == [4, 5]
    assert everything(tmp_path / "film") == before


FULL = """
import resource, sys
from pathlib import Path
from sdplay.cli.film import make_film
from sdplay.cli.outcome import run_safely
from tests.support.stubfilm import film_request, shooting
film = shooting(Path(sys.argv[1]), film_request("animate", **eval(sys.argv[2])))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
sys.exit(run_safely(lambda: make_film(film, quiet=True)))
"""


@pytest.mark.parametrize("files_too_large", ["frames", "journal", "film"])
def test_a_full_disk_ends_with_code_4_and_the_way_to_go_on(hill: Path, tmp_path: Path, files_too_large: str) -> None:
    largest = max(len(content) for content in frame_files(hill).values())
    limit = {"frames": largest - 1, "journal": 1500, "film": (hill / "video.mp4").stat().st_size - 1}[files_too_large]
    fields = HILL | ({"max_frames": 40} if files_too_large == "journal" else {})
    out = tmp_path / "a film"
    process = child.start(FULL, out, repr(fields), limit)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 4, err
    assert "no space is left there" in err
    assert f"sdplay resume '{out}'" in err
    assert not list(out.rglob("*.tmp")) + list(out.rglob("*.part"))
    whole = tmp_path / "whole"
    made(whole, film_request("animate", **fields))
    made(out, film_request("animate", **fields))
    assert everything(out) == everything(whole)


def test_a_second_process_is_refused_while_the_first_draws(tmp_path: Path) -> None:
    request = film_request("dream", **DREAM)
    first = shoot(shooting(tmp_path / "film", request))
    assert isinstance(next(first), Resumed)
    with pytest.raises(BadRequest, match="already running"):
        made(tmp_path / "film", request)
    first.close()
    made(tmp_path / "film", request)
    assert verify_film(tmp_path / "film" / "video.mp4").frames == 13


def test_other_settings_are_refused_with_what_differs(hill: Path) -> None:
    before = everything(hill)
    with pytest.raises(BadRequest) as refused:
        made(hill, film_request("animate", **{**HILL, "steps": 4, "zoom": "0:(1.04)"}))
    told = str(refused.value)
    assert "steps: 3 then, 4 now" in told
    assert "zoom: '0:(1.03)' then, '0:(1.04)' now" in told
    assert "angle" not in told
    assert everything(hill) == before


def test_a_longer_film_begins_with_the_bytes_of_the_shorter_one(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    made(short, film_request("animate", **{**HILL, "max_frames": 25}))
    made(long, film_request("animate", **{**HILL, "max_frames": 61}))
    begun, whole = frame_files(short), frame_files(long)
    assert len([name for name in begun if name.startswith("frames")]) == 25
    assert begun.items() <= whole.items()
    again = drawn_again(short, film_request("animate", **{**HILL, "max_frames": 61}))
    assert again == list(range(24, 61))  # the segment of frame 24 was cut short
    assert everything(short) == everything(long)


def test_a_shorter_film_draws_nothing_and_a_longer_one_after_it_neither(tmp_path: Path) -> None:
    out = tmp_path / "film"
    made(out, film_request("animate", **{**HILL, "max_frames": 14}))
    assert drawn_again(out, film_request("animate", **{**HILL, "max_frames": 8})) == []
    assert verify_film(out / "video.mp4").frames == 8
    assert drawn_again(out, film_request("animate", **{**HILL, "max_frames": 14})) == []
    assert verify_film(out / "video.mp4").frames == 14


def test_a_longer_endless_dream_begins_with_the_shorter_one(tmp_path: Path) -> None:
    fields = {**DREAM, "loop": False, "frames_per_key": 4}
    made(tmp_path / "short", film_request("dream", **{**fields, "num": 7}))
    made(tmp_path / "long", film_request("dream", **{**fields, "num": 16}))
    assert frame_files(tmp_path / "short").items() <= frame_files(tmp_path / "long").items()
    assert drawn_again(tmp_path / "short", film_request("dream", **{**fields, "num": 16})) == list(range(6, 16))
    assert everything(tmp_path / "short") == everything(tmp_path / "long")


def test_a_length_that_schedules_ask_for_may_not_change(tmp_path: Path) -> None:
    fields = {**HILL, "zoom": "0:(1), max_f:(1.1)"}
    made(tmp_path / "film", film_request("animate", **fields))
    with pytest.raises(BadRequest, match="max_frames: 14 then, 15 now"):
        made(tmp_path / "film", film_request("animate", **{**fields, "max_frames": 15}))


def test_another_pace_or_loop_writes_the_film_anew_and_draws_nothing(tmp_path: Path) -> None:
    out = tmp_path / "film"
    made(out, film_request("dream", **DREAM, fps="24"))
    assert drawn_again(out, film_request("dream", **DREAM, fps="12")) == []
    assert verify_film(out / "video.mp4").fps == 12

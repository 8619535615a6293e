"""Films from the command line: made, gone on with, proved, told, forked; drawn in flat colours without a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sdplay.events import Event
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.frame_file import read_frame
from sdplay.tasks import Task
from tests.support.commandline import Sdplay
from tests.support.fakemodel import fake_model
from tests.support.films import decoded

DREAM = ("dream", "a pear", "a plum", "--frames-per-key", "3", "--seed", "4", "--batch-size", "2")
CASTLE = ("animate", "a castle", "--seed", "3", "--diffusion-cadence", "2")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames that are drawn, in the order they are."""
    indices: list[int] = []
    run = FakeExecutor.run

    def counting(self: FakeExecutor, task: Task) -> Iterator[Event]:
        indices.extend(task.indices)
        yield from run(self, task)

    monkeypatch.setattr(FakeExecutor, "run", counting)
    return indices


def film(sdplay: Sdplay, *flags: str) -> Path:
    outcome = sdplay(*flags)
    assert outcome.code == 0, outcome.err
    return outcome.paths[-1]


def painted(path: Path) -> None:
    """Change one pixel of a frame, and nothing else."""
    with Image.open(path) as image:
        copy = image.convert("RGB")
    copy.putpixel((0, 0), (1, 2, 3))
    copy.save(path)


@pytest.mark.parametrize("flags", [(*DREAM, "--num", "6"), (*CASTLE, "--max-frames", "6")])
def test_a_film_is_made_and_proved_and_told(sdplay: Sdplay, flags: tuple[str, ...]) -> None:
    path = film(sdplay, *flags, "--out", "job")
    assert path == Path("job/video.mp4")
    assert len(decoded(path)) == 6
    proof = sdplay("verify", "job")
    assert (proof.code, proof.out) == (0, "job: made again bit for bit: 6 frames\n")
    told = dict(line.split("  ", 1) for line in sdplay("show", "job").out.splitlines())
    assert told["film"].strip() == f"{flags[0]}, 6 frames of 64x64"
    assert told["finished"].strip().startswith("6 of 6 frames")
    assert "to go on" not in told
    assert json.loads(sdplay("show", "job", "--json").out)["frames"]["done"] == 6


def test_verify_samples_the_units(sdplay: Sdplay, drawn: list[int]) -> None:
    film(sdplay, *DREAM, "--num", "10", "--out", "job")
    drawn.clear()
    proof = sdplay("verify", "job", "--every", "2")
    assert proof.code == 0
    assert drawn == [0, 1, 4, 5, 8, 9]
    assert proof.out == "job: made again bit for bit: 6 frames (3 units, every 2 of them)\n"


def test_verify_changes_nothing_in_the_folder(sdplay: Sdplay) -> None:
    film(sdplay, *CASTLE, "--max-frames", "4", "--out", "job")
    before = {path: path.stat().st_mtime_ns for path in Path("job").rglob("*") if path.is_file()}
    assert sdplay("verify", "job").code == 0
    assert {path: path.stat().st_mtime_ns for path in Path("job").rglob("*") if path.is_file()} == before


def test_verify_tells_which_file_was_changed_and_how_far(sdplay: Sdplay) -> None:
    film(sdplay, *DREAM, "--num", "6", "--out", "job")
    painted(Path("job/frames/000000004.png"))
    Path("job/frames/000000005.png").unlink()
    proof = sdplay("verify", "job")
    assert proof.code == 1
    lines = proof.out.splitlines()
    assert lines[0].startswith(
        "job: frame 4: its file was changed since it was drawn: 0.02% of the pixels differ, PSNR"
    )
    assert lines[1:] == ["job: frame 5: its file is gone or damaged", "job: differs: 2 pictures in 6 frames"]


@pytest.mark.parametrize("command", [("verify", "job"), ("resume", "job"), (*DREAM, "--num", "6", "--out", "job")])
def test_a_description_that_was_edited_is_refused(sdplay: Sdplay, drawn: list[int], command: tuple[str, ...]) -> None:
    film(sdplay, *DREAM, "--num", "6", "--out", "job")
    drawn.clear()
    path = Path("job/job.json")
    path.write_text(path.read_text().replace('"steps": 20', '"steps": 21'))
    outcome = sdplay(*command)
    assert outcome.code in (1, 2)
    assert "changed since the job was begun" in outcome.out + outcome.err or "20 now" in outcome.err
    assert drawn == []


@pytest.mark.parametrize("part", ["rate", "sound"])
def test_a_description_without_a_part_is_damaged(sdplay: Sdplay, part: str) -> None:
    film(sdplay, *DREAM, "--num", "6", "--out", "job")
    path = Path("job/job.json")
    path.write_text(path.read_text().replace(f'"{part}"', '"other"'))
    outcome = sdplay("resume", "job")
    assert outcome.code == 1
    assert f"job.json is damaged: it lacks '{part}'" in outcome.err
    assert "put the file back" in outcome.err


def test_damaged_frames_are_named_and_drawn_again(sdplay: Sdplay, drawn: list[int]) -> None:
    film(sdplay, *DREAM, "--num", "6", "--out", "job")
    painted(Path("job/frames/000000004.png"))
    drawn.clear()
    outcome = sdplay("resume", "job")
    assert (outcome.code, drawn) == (0, [4, 5])
    assert "note: frames/000000004.png is damaged or missing; its frames are drawn again\n" in outcome.err


def test_verify_tells_which_frames_come_out_differently(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdplay.executors import fake

    film(sdplay, *DREAM, "--num", "6", "--out", "job")
    plain = fake.fake_picture

    def otherwise(recipe: object, index: int) -> object:
        picture = plain(recipe, index)  # type: ignore[arg-type]
        if index == 3:
            picture.pixels[0, 0] ^= 1
        return picture

    monkeypatch.setattr(fake, "fake_picture", otherwise)
    proof = sdplay("verify", "job")
    assert proof.code == 1
    assert proof.out.startswith("job: frame 3: drawn again it comes out differently: 0.02% of the pixels differ, PSNR")


def test_verify_cannot_try_without_the_model_or_a_frame(sdplay: Sdplay, here: Path) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    Path("job/journal.jsonl").unlink()
    proof = sdplay("verify", "job")
    assert (proof.code, proof.out.splitlines()[0]) == (2, "job: cannot be tried: none of its frames is finished")
    (here.parent / "models" / "fake").rename(here.parent / "models" / "moved")
    proof = sdplay("verify", "job")
    assert proof.code == 2
    assert "model = 'fake'" in proof.out
    assert sdplay("verify", "job", "--model", "../models/moved").code == 2  # still no frame
    Path("empty").mkdir()
    assert "there is no job" in sdplay("verify", "empty").out


def test_verify_of_another_model_differs(sdplay: Sdplay, here: Path) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    fake_model(here.parent / "models" / "other", sample_size=16)
    proof = sdplay("verify", "job", "--model", "../models/other")
    assert proof.code == 1
    assert "is not the one it was drawn with" in proof.out


def test_resume_finds_a_model_that_was_given_as_a_path(sdplay: Sdplay, here: Path) -> None:
    model = fake_model(here / "mine")
    film(sdplay, *DREAM, "--num", "4", "--model", "mine", "--out", "job")
    assert sdplay("resume", "job").code == 0
    model.rename(here / "thine")
    assert sdplay("resume", "job").code == 2
    assert sdplay("resume", "job", "--model", "thine").code == 0
    assert sdplay("resume", "job").code == 0


def test_a_finished_film_leaves_nothing_to_do(sdplay: Sdplay, drawn: list[int]) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    drawn.clear()
    outcome = sdplay("resume", "job")
    assert outcome.code == 0
    assert outcome.paths == [Path("job/video.mp4")]
    assert outcome.err.endswith("nothing to do: all 4 frames are there, and the film too\n")
    assert drawn == []


def test_a_film_file_that_is_gone_is_written_again_without_drawing(sdplay: Sdplay, drawn: list[int]) -> None:
    before = film(sdplay, *DREAM, "--num", "4", "--out", "job").read_bytes()
    Path("job/video.mp4").unlink()
    drawn.clear()
    assert film(sdplay, "resume", "job").read_bytes() == before
    assert drawn == []


@pytest.mark.parametrize(
    ("flags", "length", "again"),
    [
        (DREAM, "--num", [6, 7, 8, 9, 10]),  # a unit of two frames was whole
        (CASTLE, "--max-frames", [6, 7, 8, 9, 10]),
    ],
)
def test_a_longer_film_takes_over_every_finished_frame(
    sdplay: Sdplay, drawn: list[int], flags: tuple[str, ...], length: str, again: list[int]
) -> None:
    film(sdplay, *flags, length, "6", "--out", "job")
    kept = [read_frame(path) for path in sorted(Path("job/frames").iterdir())]
    drawn.clear()
    assert len(decoded(film(sdplay, *flags, length, "11", "--out", "job"))) == 11
    assert drawn == again
    frames = [read_frame(path) for path in sorted(Path("job/frames").iterdir())]
    assert len(frames) == 11
    assert all(np.array_equal(one, other) for one, other in zip(kept, frames, strict=False))
    film(sdplay, *flags, length, "11", "--out", "at_once")
    for path in sorted(Path("at_once/frames").iterdir()):
        assert np.array_equal(read_frame(path), read_frame(Path("job/frames") / path.name))


def test_a_unit_that_was_cut_is_drawn_whole_when_the_film_grows(sdplay: Sdplay, drawn: list[int]) -> None:
    film(sdplay, *DREAM, "--num", "5", "--out", "job")
    drawn.clear()
    film(sdplay, *DREAM, "--num", "8", "--out", "job")
    assert drawn == [4, 5, 6, 7]
    drawn.clear()
    film(sdplay, *DREAM, "--num", "3", "--out", "job")  # and a shorter one draws nothing
    assert drawn == []


def test_changed_settings_are_refused_with_what_differs(sdplay: Sdplay) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    outcome = sdplay(*DREAM, "--num", "4", "--out", "job", "--steps", "3", "--easing", "ease")
    assert outcome.code == 2
    assert "belongs to another job" in outcome.err
    assert "recipe.easing: 'linear' then, 'ease' now" in outcome.err
    assert "recipe.steps: 20 then, 3 now" in outcome.err
    assert "--fork NEW" in outcome.err


def test_a_dream_spread_over_its_length_cannot_grow(sdplay: Sdplay) -> None:
    film(sdplay, "dream", "a pear", "a plum", "--num", "4", "--seed", "1", "--out", "job")
    outcome = sdplay("dream", "a pear", "a plum", "--num", "8", "--seed", "1", "--out", "job")
    assert outcome.code == 2
    assert "recipe.num: 4 then, 8 now" in outcome.err


def test_a_film_with_too_few_frames_that_was_begun_by_an_earlier_version_is_finished(
    sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("dream", "a pear", "a plum", "a hat", "--num", "2", "--seed", "4", "--out", "job")
    assert "3 prompts need at least 3 frames" in sdplay(*asked).err
    with monkeypatch.context() as earlier:
        earlier.setattr("sdplay.film.plan.check_room", lambda request: None)
        film(sdplay, *asked)
    assert sdplay(*asked).code == 0
    assert sdplay("resume", "job").code == 0


def test_a_fork_is_the_same_film_with_other_settings(sdplay: Sdplay) -> None:
    film(sdplay, *DREAM[:5], "--num", "4", "--out", "job")  # its seed is anybody's guess
    before = (Path("job/job.json").read_bytes(), Path("job/journal.jsonl").read_bytes())
    film(sdplay, "dream", "--out", "job", "--fork", "other", "--steps", "3")
    assert (Path("job/job.json").read_bytes(), Path("job/journal.jsonl").read_bytes()) == before
    then, now = (json.loads(Path(job, "job.json").read_text())["description"]["recipe"] for job in ("job", "other"))
    assert then | {"steps": 3} == now


def frames_in(out: str) -> list[np.ndarray]:
    return [read_frame(path) for path in sorted(Path(out, "frames").iterdir())]


KEYED = '{"0": "a castle", "6": "a lake"}'


@pytest.mark.parametrize(
    ("flags", "change", "again"),
    [
        ((*CASTLE, KEYED), (KEYED.replace("lake", "pond"),), [6, 7, 8, 9]),
        (CASTLE, ("--angle", "0:(0), 4:(0), 8:(9)"), [4, 5, 6, 7, 8, 9]),
        (CASTLE, ("--max-frames", "12"), [10, 11]),
        (CASTLE, ("--steps", "3"), list(range(10))),
        (CASTLE, ("--fps", "12"), []),
    ],
)
def test_a_fork_draws_only_what_comes_out_otherwise(
    sdplay: Sdplay, drawn: list[int], flags: tuple[str, ...], change: tuple[str, ...], again: list[int]
) -> None:
    flags = ("animate", flags[-1], *flags[2:-1]) if flags[-1] == KEYED else flags
    film(sdplay, *flags, "--max-frames", "10", "--out", "job")
    before = frames_in("job")
    drawn.clear()
    film(sdplay, "animate", "--out", "job", "--fork", "other", *change)
    assert drawn == again
    kept = [index for index in range(10) if index not in again]
    assert all(np.array_equal(before[index], frames_in("other")[index]) for index in kept)
    drawn.clear()
    film(sdplay, "resume", "other")
    assert drawn == []


def test_a_film_with_one_word_changed_offers_a_fork_and_says_what_it_takes_over(sdplay: Sdplay) -> None:
    film(sdplay, "animate", KEYED, *CASTLE[2:], "--max-frames", "10", "--out", "job")
    outcome = sdplay("animate", KEYED.replace("lake", "pond"), *CASTLE[2:], "--max-frames", "10", "--out", "job")
    assert outcome.code == 2
    assert "and takes over 6 of the 10 frames" in outcome.err


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        (["dream", "--fork", "new"], "there is no film to fork"),
        (["dream", "--out", "nowhere", "--fork", "new"], "there is no job"),
        (["animate", "--out", "job", "--fork", "new"], "holds a film of the mode dream"),
    ],
)
def test_a_fork_of_nothing(sdplay: Sdplay, flags: list[str], why: str) -> None:
    film(sdplay, *DREAM, "--num", "2", "--out", "job")
    outcome = sdplay(*flags)
    assert outcome.code == 2
    assert why in outcome.err
    assert not Path("new").exists()


@pytest.mark.parametrize("command", ["verify", "again", "show"])
def test_a_frame_of_a_film_names_its_folder(sdplay: Sdplay, command: str) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "my job")
    outcome = sdplay(command, "my job/frames/000000002.png")
    said = outcome.out + outcome.err
    assert outcome.code == 2
    assert "is frame 2 of a film" in said
    assert "sdplay verify 'my job'" in said
    Path("my job/frames/000000002.png").rename("loose.png")
    loose = sdplay(command, "loose.png")
    assert "sdplay verify JOB" in loose.out + loose.err


def test_show_of_a_film_that_is_not_finished_says_how_to_go_on(sdplay: Sdplay) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    film_lines = Path("job/journal.jsonl").read_bytes().splitlines(keepends=True)
    Path("job/journal.jsonl").write_bytes(film_lines[0])
    out = sdplay("show", "job").out
    assert "2 of 4 frames" in out
    assert "sdplay resume job" in out


def test_a_film_of_another_version_is_gone_on_with_and_told_and_with_strict_refused(
    sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(sdplay, *DREAM, "--num", "4", "--out", "job")
    monkeypatch.setattr("sdplay.film.job.builder.here", lambda: {"sdplay": "99.0"})
    before = Path("job/journal.jsonl").read_bytes()
    for command in ((*DREAM, "--num", "6", "--out", "job"), ("resume", "job")):
        refused = sdplay(*command, "--strict")
        assert refused.code == 1
        assert "begun by another version" in refused.err
        assert "without --strict" in refused.err
    assert Path("job/journal.jsonl").read_bytes() == before
    outcome = sdplay(*DREAM, "--num", "6", "--out", "job")
    assert outcome.code == 0
    assert "begun by another version" in outcome.err
    assert '"mixed": true' in Path("job/journal.jsonl").read_text().splitlines()[-1]


def test_a_film_that_is_there_and_no_prompt_is_told_how_it_goes_on(sdplay: Sdplay) -> None:
    assert sdplay("dream", "a", "b", "--num", "2", "--size", "64", "--out", "film").code == 0
    for mode in ("dream", "animate"):
        outcome = sdplay(mode, "--out", "film", "--format", "webp")
        assert outcome.code == 2
        assert "--out = 'film': holds a film, and no prompt is given" in outcome.err
        assert "sdplay resume film goes on with it, --fork NEW begins it anew" in outcome.err

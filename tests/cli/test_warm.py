"""While a service runs, every command that draws uses its model: same words, same files, same exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sdplay.executors.line import AHEAD
from tests.support.commandline import Outcome, Sdplay
from tests.support.gated import GatedService, gated_service
from tests.support.patience import PATIENCE, wait_until
from tests.support.service import environment, running_service


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedService]:
    with gated_service(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture
def warm(gated: GatedService, here: Path, monkeypatch: pytest.MonkeyPatch) -> GatedService:
    """The service, which commands of this process find."""
    monkeypatch.setenv("SDPLAY_HOME", str(gated.home))
    return gated


def files(folder: Path) -> dict[str, bytes]:
    """Everything below `folder` by name, but for the times that a film's journal notes, and the sums over them."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: re.sub(rb'^\w{8} |"(seconds|eta)": ?[\d.]+', b"", path.read_bytes(), flags=re.MULTILINE)
        for name, path in found.items()
        if path.suffix != ".lock" and path.name != "progress.json"
    }


def said(outcome: Outcome) -> tuple[int, str, str]:
    timeless = re.sub(r"(, )?\d+\.\d+ (s|steps/s|s/step)\b", "…", outcome.err)
    return outcome.code, outcome.out, re.sub(r", about [\d:]+ to go|[\d:]+ left|…+", "", timeless)


COMMANDS = {
    "pictures": ["a [red|green] apple", "-n", "3", "--seed", "7", "--steps", "4", "--out", "OUT"],
    "json": ["a cat", "--seed", "7", "--json", "--preview-file", "preview.png", "--out", "OUT"],
    "picture": ["img2img", "a dog", "--image", "given.png", "--seed", "1", "--out", "OUT"],
    "grid": ["a cat", "--seed", "3", "--grid", "steps=2,3", "guidance=1,3", "--out", "OUT"],
    "again": ["again", "given.png", "--steps", "3", "--model", "MODEL", "--out", "OUT"],
    "dream": ["dream", "a", "b", "--num", "6", "--seed", "2", "--out", "OUT/film"],
    "animate": ["animate", "a hill", "--max-frames", "6", "--zoom", "0:(1.04)", "--seed", "2", "--out", "OUT/film"],
    "upscale": ["upscale", "given.png", "--upscaler", "lanczos", "--out", "OUT"],
    "refused": ["a cat", "--device", "cuda:77", "--sampler", "none such", "--out", "OUT"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_said_and_written_is_the_same_warm_and_alone(warm: GatedService, sdplay: Sdplay, name: str) -> None:
    assert sdplay("a given one", "--seed", "4", "--no-serve", "-q", "--name", "given", "--out", ".").code == 0
    outcomes: list[tuple[int, str, str]] = []
    for extra in ([], ["--no-serve"]):
        before = len(warm.lines())
        words = [word.replace("OUT", "out").replace("MODEL", os.environ["SDPLAY_MODEL"]) for word in COMMANDS[name]]
        outcome = sdplay(*words, *extra)
        drawn = len(warm.lines()) - before
        assert (drawn > 0) == (not extra and name not in {"upscale", "refused"}), outcome
        outcomes.append(said(outcome))
        if name != "refused":
            Path("out").rename("alone" if extra else "warm")
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == (2 if name == "refused" else 0), outcomes[0]
    if name != "refused":
        assert files(Path("warm")) == files(Path("alone"))


def test_films_and_pictures_are_resumed_and_verified_by_the_service(warm: GatedService, sdplay: Sdplay) -> None:
    assert sdplay("dream", "a", "b", "--num", "6", "--out", "film", "-q", "--no-serve").code == 0
    lines = (Path("film") / "journal.jsonl").read_text().splitlines(keepends=True)
    (Path("film") / "journal.jsonl").write_text("".join(lines[:-1]))
    for words in (["resume", "film", "-q"], ["verify", "film"]):
        before = len(warm.lines())
        outcome = sdplay(*words)
        assert outcome.code == 0, outcome
        assert outcome.err == ""
        assert len(warm.lines()) > before
    before = len(warm.lines())
    assert sdplay("verify", "film", "--no-serve").code == 0
    assert sdplay("resume", "film", "-q", "--no-serve").code == 0
    assert len(warm.lines()) == before


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (["a cat", "--no-serve"], None),
        (["--no-serve", "a cat"], None),
        (["--no-serve", "--steps", "2", "a cat"], None),
        (["--no-serve", "txt2img", "a cat"], None),
        (["a cat"], "1"),
    ],
)
def test_no_serve_draws_alone(
    warm: GatedService, sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str | None
) -> None:
    if variable is not None:
        monkeypatch.setenv("SDPLAY_NO_SERVE", variable)
    before = len(warm.lines())
    outcome = sdplay(*words)
    assert outcome.code == 0, outcome
    assert len(warm.lines()) == before
    assert len(outcome.paths) == 1
    monkeypatch.setenv("SDPLAY_NO_SERVE", "0")
    assert sdplay("a cat").code == 0
    assert len(warm.lines()) > before


@pytest.mark.parametrize("command", ["txt2img", "again", "dream", "animate", "resume", "verify", "upscale"])
def test_every_drawing_command_has_the_flag(sdplay: Sdplay, command: str) -> None:
    whole = [] if command in {"resume", "verify", "upscale"} else ["--help-all"]
    assert "--no-serve" in sdplay(command, *(whole or ["--help"])).out


def test_a_difference_is_said_once_and_drawn_alone(
    warm: GatedService, sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = len(warm.lines())
    outcome = sdplay("a cat", "-n", "2", "--seed", "1")
    assert outcome.code == 0
    assert outcome.err.count("note: drawing in this process: the service has OMP_NUM_THREADS=1\n") == 1
    for quiet in ("--quiet", "--json"):
        assert "note:" not in sdplay("a cat", "--seed", "1", quiet).err
    assert len(warm.lines()) == before


def started(warm: GatedService, *words: str) -> subprocess.Popen[str]:
    """A command in a process of its own, which the service draws for."""
    own = {"SDPLAY_MODEL": os.environ["SDPLAY_MODEL"], "NO_COLOR": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "sdplay", *words],
        env=environment(warm.home, fake=True) | own,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # who runs in the background ignores it
    )


def test_ctrl_c_stops_after_the_step_and_the_service_is_free(warm: GatedService, sdplay: Sdplay) -> None:
    with warm.gate("held"):
        process = started(warm, "a held one", "-n", "3", "--seed", "5", "--steps", str(4 * AHEAD))
        wait_until(lambda: warm.events("a held one") == ["Started"])
        assert process.stderr is not None
        assert process.stderr.readline().startswith("drawing 3 pictures")
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err
    assert out == ""
    assert "stopped; 0 of 3 pictures are kept in images" in err
    assert "ImageDone" not in warm.events("a held one")
    assert sdplay("a free one").code == 0
    assert warm.events("a free one")[-1] == "ImageDone"


def test_a_command_that_is_killed_leaves_the_service_free(warm: GatedService, sdplay: Sdplay) -> None:
    with warm.gate("doomed"):
        process = started(warm, "a doomed one", "-n", "3", "--steps", str(4 * AHEAD))
        wait_until(lambda: warm.events("a doomed one") == ["Started"])
        process.kill()
        process.communicate(timeout=PATIENCE)
    assert sdplay("a saved one").code == 0
    assert warm.events("a saved one")[-1] == "ImageDone"
    assert "ImageDone" not in warm.events("a doomed one")


def test_two_commands_at_once_take_turns(warm: GatedService, sdplay: Sdplay) -> None:
    with warm.gate("together"):
        both = [started(warm, f"{name} together", "--seed", "5", "--out", name) for name in ("one", "two")]
        wait_until(lambda: warm.lines("one together") or warm.lines("two together"))
    for process, name in zip(both, ("one", "two"), strict=True):
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, err
        assert Path(out.strip()).parent == Path(name)
    words = [line.split()[1] for line in warm.lines() if " together " in line]
    assert words in (sorted(words), sorted(words, reverse=True))  # one after the other


def test_a_command_comes_between_two_segments_of_a_film_in_the_queue(warm: GatedService) -> None:
    with warm.gate("queued"):
        job = warm.service.submit("dream", prompts=["queued a", "queued b"], num=64, steps=2, seed=1)
        behind = warm.service.submit(prompt="behind", seed=1, steps=2)
        wait_until(lambda: warm.lines("queued a"))
        process = started(warm, "an urgent one", "--steps", "2")
        assert process.stderr is not None
        for line in process.stderr:
            if "draws something else first" in line:
                break
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert Path(out.strip()).is_file()
    assert [warm.service.wait(each["id"])["state"] for each in (job, behind)] == ["completed", "completed"]
    words = [line.split()[1] for line in warm.lines() if re.search(" (queued a|urgent one|behind) ", line)]
    order = [word for number, word in enumerate(words) if number == 0 or words[number - 1] != word]
    assert order == ["queued", "an", "queued", "behind"]


def test_a_command_goes_on_where_its_service_dies(
    tmp_path: Path, here: Path, sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gated_service(tmp_path / "dies") as service, service.gate("held"):
        process = started(service, "a held one", "-n", "3", "--seed", "5", "--steps", "2", "--out", "warm")
        wait_until(lambda: service.events("a held one") == ["Started"])
        service.service.kill()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert err.count("note: the service stopped drawing; this process goes on by itself\n") == 1
    assert len(out.splitlines()) == 3
    outcome = sdplay("a held one", "-n", "3", "--seed", "5", "--steps", "2", "--out", "alone")
    assert outcome.code == 0
    pixels = [sdplay("show", path, "--json").out for path in [*out.splitlines(), *outcome.out.splitlines()]]
    digests = [re.findall(r'"pixels": "(\w+)"', each) for each in pixels]
    assert digests[:3] == digests[3:]


def test_the_original_questions_are_drawn_by_the_service(
    warm: GatedService, sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdplay.cli.original import Wishes, converse

    answers = iter(["asked for", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    wishes = Wishes(mode="txt2img", local=True, device="auto", num=None, save=True, limit=False)
    assert converse(wishes) == 0
    assert warm.events("asked for")[-1] == "ImageDone"
    assert "Model loaded successfully" in capsys.readouterr().out


def test_nothing_is_said_and_no_door_is_looked_for_without_a_service(sdplay: Sdplay, here: Path) -> None:
    code = (
        "import sys; from sdplay.cli.main import main; main(['a cat', '-q']); print('multiprocessing' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.splitlines()[1:] == ["False"]
    assert process.stderr == ""


def test_the_model_in_the_box_draws_the_same_file_warm_and_cold(builtin: Path, tmp_path: Path) -> None:
    """With torch in the service alone."""
    code = (
        "import sys; from sdplay.cli.main import main; "
        "code = main(['a red apple', '--steps', '2', '--seed', '7', '-q', *sys.argv[1:]]); "
        "print('torch' in sys.modules); sys.exit(code)"
    )
    with running_service(tmp_path / "home", fake=False):
        for folder, extra, torch in (("warm", [], "False"), ("cold", ["--no-serve"], "True")):
            command = [sys.executable, "-c", code, "--out", str(tmp_path / folder), *extra]
            process = subprocess.run(
                command,
                env=environment(tmp_path / "home", fake=False),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            assert process.returncode == 0, process.stderr
            assert process.stdout.splitlines()[-1] == torch
    assert files(tmp_path / "warm") == files(tmp_path / "cold") != {}

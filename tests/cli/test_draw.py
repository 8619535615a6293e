from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sdplay.images.own import read_own
from tests.support.commandline import MODULE, Sdplay
from tests.support.patience import PATIENCE

PROMPT = "a red apple"


def recipe_of(path: Path) -> dict[str, Any]:
    return read_own(path)[0].recipe.to_dict()


def test_pictures_are_kept_and_their_paths_printed(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("txt2img", PROMPT, "-n", "3", "--seed", "7")
    assert outcome.code == 0
    assert outcome.out == "images/00000-7.png\nimages/00001-8.png\nimages/00002-9.png\n"
    assert sorted(path.name for path in (here / "images").iterdir()) == [path.name for path in outcome.paths]
    assert outcome.err.startswith("drawing 3 pictures of 64x64 with fake")
    assert "3/3" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("3 pictures in ")
    assert outcome.err.endswith("in images; --seed 7 draws them again\n")


@pytest.mark.parametrize(
    ("flag", "value", "ingredients"),
    [
        ("--negative", "rain", {"negative_prompt": "rain"}),
        ("--seed", "0", {"seed": 0}),
        ("--steps", "9", {"steps": 9}),
        ("--guidance", "2.5", {"guidance_scale": 2.5}),
        ("--sampler", "Euler a", {"sampler": "euler_a"}),
        ("--schedule", "exponential", {"schedule": "exponential"}),
        ("--width", "72", {"width": 72, "height": 64}),
        ("--height", "72", {"width": 64, "height": 72}),
        ("--size", "80", {"width": 80, "height": 80}),
        ("--size", "80x96", {"width": 80, "height": 96}),
        ("--noise", "torch", {"noise": "torch"}),
    ],
)
def test_every_flag_reaches_the_recipe_and_so_does_its_variable(
    sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch, flag: str, value: str, ingredients: dict[str, Any]
) -> None:
    without = recipe_of(sdplay("txt2img", PROMPT).paths[0])
    assert not ingredients.items() <= without.items()
    assert ingredients.items() <= recipe_of(sdplay("txt2img", PROMPT, flag, value).paths[0]).items()
    monkeypatch.setenv(f"SDPLAY_{flag[2:].upper()}", value)
    assert ingredients.items() <= recipe_of(sdplay("txt2img", PROMPT).paths[0]).items()


def test_num_in_the_environment_and_a_flag_that_beats_it(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_NUM", "2")
    assert len(sdplay(PROMPT).paths) == 2
    assert len(sdplay(PROMPT, "-n", "3").paths) == 3


def test_model_says_which_model(sdplay: Sdplay, tmp_path: Path) -> None:
    from tests.support.fakemodel import fake_model

    other = fake_model(tmp_path / "models" / "other", sample_size=16)
    made = recipe_of(sdplay(PROMPT, "--model", str(other)).paths[0])
    assert (made["model"]["name"], made["width"]) == ("other", 128)


@pytest.mark.parametrize(("flag", "word"), [("--device", "toaster"), ("--precision", "float16")])
def test_device_and_precision_reach_the_machine(
    sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch, flag: str, word: str
) -> None:
    from sdplay.executors.fake import FakeExecutor

    asked = []
    detect = FakeExecutor.detect_machine
    monkeypatch.setattr(
        FakeExecutor, "detect_machine", lambda self, request: asked.append(request) or detect(self, request)
    )
    assert sdplay(PROMPT, flag, word).code == 0
    assert getattr(asked[0].run, flag[2:]) == word


def test_seed_minus_one_is_random_even_over_the_environment(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_SEED", "7")
    assert recipe_of(sdplay(PROMPT).paths[0])["seed"] == 7
    assert recipe_of(sdplay(PROMPT, "--seed", "-1").paths[0])["seed"] != 7


@pytest.mark.parametrize(("kind", "suffix", "magic"), [("webp", ".webp", b"RIFF"), ("jpeg", ".jpg", b"\xff\xd8\xff")])
def test_out_and_format(sdplay: Sdplay, kind: str, suffix: str, magic: bytes) -> None:
    (path,) = sdplay(PROMPT, "--out", "some/where", "--format", kind).paths
    assert path.parent == Path("some/where")
    assert path.suffix == suffix
    assert path.read_bytes().startswith(magic)


def test_every_format_there_is_has_a_name_here() -> None:
    from sdplay.cli.deliver import FORMATS
    from sdplay.images.formats import SUFFIXES

    assert set(FORMATS) == set(SUFFIXES)


def test_quiet_prints_paths_and_nothing_else(sdplay: Sdplay) -> None:
    outcome = sdplay(PROMPT, "-n", "2", "--quiet")
    assert all(path.is_file() for path in outcome.paths)
    assert (len(outcome.paths), outcome.err) == (2, "")


def test_json_prints_an_object_a_line(sdplay: Sdplay) -> None:
    lines = sdplay(PROMPT, "-n", "2", "--seed", "5", "--json").out.splitlines()
    for index, told in enumerate(map(json.loads, lines)):
        embedded, _ = read_own(Path(told["path"]))
        assert told.keys() == {"path", "seed", "digest", "recipe", "seconds"}
        assert told["seed"] == 5 + index
        assert told["digest"] == embedded.digest
        assert told["recipe"] == embedded.recipe.digest
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("arguments", "named", "why"),
    [
        ([""], "prompt", "is empty"),
        ([" \n"], "prompt", "is empty"),
        (["a" * 100_000], "prompt", "(100,000 characters)"),
        ([PROMPT, "--size", "0"], "--size = 0", "64"),
        ([PROMPT, "--size", "63"], "--size = 63", "64"),
        ([PROMPT, "--size", "1000000000"], "--size = 1000000000", "4096"),
        ([PROMPT, "--width", "1000000000"], "--width = 1000000000", "4096"),
        ([PROMPT, "--height", "100"], "--height = 100", "multiple of 8"),
        ([PROMPT, "--size", "wide"], "'--size'", "256x384"),
        ([PROMPT, "--steps", "0"], "--steps = 0", "1"),
        ([PROMPT, "--steps", "many"], "'--steps'", "integer"),
        ([PROMPT, "--guidance", "nan"], "--guidance = nan", "finite"),
        ([PROMPT, "--guidance", "inf"], "--guidance = inf", "finite"),
        ([PROMPT, "--num", "0"], "--num = 0", "1"),
        ([PROMPT, "--seed", "-2"], "--seed = -2", "0"),
        ([PROMPT, "--seed", str(2**63)], "--seed", "less"),
        ([PROMPT, "--seed", str(2**63 - 1), "-n", "2"], "--seed", "2^63"),
        ([PROMPT, "--sampler", "eulr"], "--sampler = 'eulr'", "did you mean 'euler'?"),
        ([PROMPT, "--schedule", "karas"], "--schedule = 'karas'", "did you mean 'karras'?"),
        ([PROMPT, "--precision", "float8"], "--precision = 'float8'", "float32"),
        ([PROMPT, "--model", "no/such/folder"], "--model = 'no/such/folder'", "nothing exists at this path"),
        ([PROMPT, "--format", "bmp"], "'--format'", "png"),
    ],
)
def test_what_cannot_be_had_is_said_and_nothing_is_left_behind(
    sdplay: Sdplay, here: Path, arguments: list[str], named: str, why: str
) -> None:
    outcome = sdplay("txt2img", *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error: ")
    assert named in outcome.err
    assert why in outcome.err
    assert "guidance_scale" not in outcome.err
    assert len(outcome.err) < 500
    assert not list(here.iterdir())


def test_a_broken_model_folder(sdplay: Sdplay, here: Path, tmp_path: Path) -> None:
    (tmp_path / "models" / "fake" / "vae" / "config.json").write_text("{")
    outcome = sdplay(PROMPT)
    assert outcome.code == 1
    assert outcome.err.startswith("error: SDPLAY_MODEL = ")
    assert not list(here.iterdir())


@pytest.mark.parametrize("folder", ["file/below", "/proc/sdplay/below"])
def test_a_folder_that_cannot_be_written(sdplay: Sdplay, here: Path, folder: str) -> None:
    (here / "file").write_text("not a folder")
    outcome = sdplay(PROMPT, "--out", folder)
    assert outcome.code == 1
    assert outcome.err.splitlines()[-2].startswith(f"error: --out = '{folder}': cannot write there")
    assert [path.name for path in here.iterdir()] == ["file"]


@pytest.mark.parametrize("limit", [0, 60])
def test_no_space_left(here: Path, limit: int) -> None:
    """A limit on the size of files stands in for a full disk: 0 fails the first look, 60 bytes fail the picture."""
    done = subprocess.run(
        [*MODULE, PROMPT, "--out", "new/folder"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 4, done.stderr
    assert "error: --out = 'new/folder': no space is left there" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(here.iterdir())


def test_finished_pictures_stay_when_the_disk_fills_up(
    sdplay: Sdplay, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sdplay.core.errors import DiskFull
    from sdplay.images.picture import Picture, SavedImage
    from sdplay.images.writer import ImageWriter

    keep = ImageWriter.write

    def until_full(self: ImageWriter, picture: Picture) -> SavedImage:
        if picture.index == 2:
            raise DiskFull("no space is left there", field="out", value=str(self.folder))
        return keep(self, picture)

    monkeypatch.setattr(ImageWriter, "write", until_full)
    outcome = sdplay(PROMPT, "-n", "4")
    assert outcome.code == 4
    assert "2 of 4 pictures are kept in images" in outcome.err
    assert sorted((here / "images").iterdir()) == [here / path for path in outcome.paths]
    monkeypatch.setattr(ImageWriter, "write", keep)
    way_on = outcome.err.rpartition("the same command with ")[2].split()
    rest = sdplay(PROMPT, "-n", "4", *way_on)
    whole = sdplay(PROMPT, "-n", "4", "--seed", str(int(way_on[1]) - 2), "-o", "whole")
    digests = [read_own(path)[0].digest for path in outcome.paths + rest.paths]
    assert digests == [read_own(path)[0].digest for path in whole.paths]


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(here: Path) -> None:
    total = 100_000
    program = (  # a shell that runs things in the background has them ignore Ctrl-C; this listens whatever started it
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from sdplay.cli.main import main; sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, PROMPT, "-n", str(total), "--seed", "7", "-q"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    printed = [Path(line).name for line in [first, *out.splitlines()]]
    assert process.returncode == 3, err
    assert 0 < len(printed) < total
    assert sorted(name.strip() for name in printed) == sorted(os.listdir("images"))
    assert f"stopped; {len(printed)} of {total} pictures are kept in images" in err
    assert f"with --seed {7 + len(printed)} --num {total - len(printed)}\n" in err
    assert "Traceback" not in err


def test_an_executor_that_does_not_exist(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_EXECUTOR", "fak")
    outcome = sdplay(PROMPT)
    assert outcome.code == 2
    assert "did you mean 'fake'?" in outcome.err

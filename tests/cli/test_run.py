"""Transcripts of the original command line, typed into a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import InTerminal, fake_model

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, str(ROOT / "run.py")]
TOKEN, PROMPT, SIZE = "Enter Hugging face user access token:", "Enter prompt:", "Enter height and width of image:"


@pytest.fixture
def local(here: Path) -> Path:
    return fake_model(here / "stable-diffusion-v1-4")


def pictures(folder: Path) -> list[Path]:
    return sorted((folder / "images").glob("*"))


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    "flags",
    [
        ["--mode", "txt2img", "--local", "--device", "cpu", "--num", "2", "--save", "--limit"],
        ["-m", "txt2img", "-l", "-d", "cpu", "-n", "2", "-s", "-limit"],
    ],
)
def test_txt2img_asks_the_questions_of_the_original(in_terminal: InTerminal, here: Path, flags: list[str]) -> None:
    outcome = in_terminal([*RUN, *flags], [(PROMPT, "a red apple"), (SIZE, "72 64")])
    assert outcome.code == 0, outcome.out
    said = ["Loading model...", "Model loaded successfully", PROMPT, SIZE, "one picture at a time", "images/00001-"]
    places = [outcome.out.index(part) for part in said]
    assert places == sorted(places)
    assert TOKEN not in outcome.out
    assert [Image(path).size for path in pictures(here)] == [(64, 72), (64, 72)]


class Image:
    def __init__(self, path: Path) -> None:
        from PIL import Image as Pillow

        with Pillow.open(path) as image:
            self.size = image.size


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("answer", "size"), [("", (64, 64)), ("128", (128, 128)), ("72,128", (128, 72)), ("72x128", (128, 72))]
)
def test_sizes_in_any_spelling_height_first(here: Path, answer: str, size: tuple[int, int]) -> None:
    done = subprocess.run([*RUN, "-l", "-s"], input=f"a cat\n{answer}\n", capture_output=True, text=True, check=True)
    assert [Image(path).size for path in pictures(here)] == [size]
    assert "one picture at a time" not in done.stdout


@pytest.mark.usefixtures("local")
def test_without_save_nothing_is_kept_but_shown(in_terminal: InTerminal, here: Path) -> None:
    outcome = in_terminal([*RUN, "-l"], [(PROMPT, "a cat"), (SIZE, "")], {"COLORTERM": "truecolor"})
    assert outcome.code == 0
    assert "▀" in outcome.out
    assert "--save" in outcome.out
    assert not (here / "images").exists()


@pytest.mark.parametrize("token", ["hf_secret", ""])
def test_the_token_is_asked_for_first_and_never_echoed(in_terminal: InTerminal, token: str) -> None:
    """What follows depends on whether the built-in model is there yet; the questions up to there do not."""
    stop = "sys.exit" if sys.platform == "win32" else "os._exit"
    program = (
        f"import os, runpy, sys; sys.argv = [{RUN[1]!r}]; sys.path.insert(0, {str(ROOT)!r})\n"
        "import sdplay.cli.draw as draw\n"
        f"draw.open_studio = lambda: {stop}(7)\n"
        f"runpy.run_path({RUN[1]!r}, run_name='__main__')"
    )
    outcome = in_terminal([sys.executable, "-c", program], [(TOKEN, token)])
    assert outcome.code == 7
    assert outcome.out.startswith(TOKEN)
    assert "cannot be downloaded yet" in outcome.out
    assert "hf_secret" not in outcome.out


@pytest.mark.parametrize("mode", ["img2img", "inpaint", "dream", "animate"])
def test_modes_that_do_not_work_yet_say_what_does(here: Path, mode: str) -> None:
    done = subprocess.run([*RUN, "--mode", mode], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"--mode {mode} does not work yet; what works: --mode txt2img" in done.stderr


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("flags", "typed", "code", "said"),
    [
        ([], "a cat\nwide\n", 2, "height and width = 'wide': is no size"),
        ([], "a cat\n63\n", 2, "= 63: "),
        ([], "\n\n", 2, "prompt = '': is empty"),
        (["-n", "0"], "", 2, "num = 0"),
        ([], "a cat\n", 2, "the input ended"),
    ],
)
def test_answers_that_cannot_be(here: Path, flags: list[str], typed: str, code: int, said: str) -> None:
    done = subprocess.run([*RUN, "-l", "-s", *flags], input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (here / "images").exists()

"""Ctrl-C, sent for real while a step is being computed: no other step begins, and what is finished is kept and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.images.own import read_own
from tests.support import child
from tests.support.commandline import Sdplay
from tests.support.patience import PATIENCE

# The engine itself with a network that presses Ctrl-C in the middle of its step number `at`, and writes down each step.
PRESSED = """
import os, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever started the tests may ignore it
from sdplay.cli import draw
from sdplay.cli.main import main
from sdplay.events import Started
from sdplay.core.machine import Machine
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import render
from sdplay.requests.recipe import plan
from sdplay.studio import Studio
from tests.pipeline.stub import StubFamily

at, log = int(sys.argv[1]), Path(sys.argv[2])

class Pressing(StubFamily):
    steps = 0
    def denoiser(self, conditionings, inpaint_channels=None):
        honest = super().denoiser(conditionings, inpaint_channels)
        def denoise(x, sigma):
            Pressing.steps += 1
            with log.open("a") as file:
                file.write(f"begun {Pressing.steps}\\n")
            if Pressing.steps == at:
                os.kill(os.getpid(), signal.SIGINT)
            answer = honest(x, sigma)
            with log.open("a") as file:
                file.write(f"ended {Pressing.steps}\\n")
            return answer
        return denoise

class Executor:
    workers = 1
    family = Pressing()
    def detect_machine(self, request):
        return Machine(device="cpu", dtype="float32", threads=1)
    def run(self, task):
        yield Started(recipe=task.recipe, total=len(task.indices))
        yield from render(task.recipe, plan(task.recipe, task.indices), self.family, TextEncodingCache(self.family))
    def close(self):
        pass

draw.open_studio = lambda *_, **__: Studio(Executor())
sys.exit(main(sys.argv[3:]))
"""


def pressed(at: int, *words: str) -> tuple[int, str, list[str]]:
    """Exit code, what stood on stderr, and which steps began and ended."""
    process = child.start(PRESSED, at, "log", *words)
    _, err = process.communicate(timeout=PATIENCE)
    return process.returncode, err, Path("log").read_text().splitlines()


def steps(count: int) -> list[str]:
    return [f"{word} {number}" for number in range(1, count + 1) for word in ("begun", "ended")]


def test_pictures_stop_after_the_step_and_say_how_to_go_on(sdplay: Sdplay) -> None:
    words = ["a cat", "-n", "5", "--seed", "7", "--steps", "4", "--guidance", "1", "--sampler", "euler"]
    code, err, log = pressed(10, *words)
    assert code == 3, err
    assert log == steps(10)  # of the third picture the second step, and no further one
    assert "stopped; 2 of 5 pictures are kept in images" in err
    assert "--seed 9 --num 3" in err
    assert [read_own(path)[0].recipe.seed for path in sorted(Path("images").iterdir())] == [7, 7]
    assert sdplay(*words[:1], *words[3:], "--seed", "9", "--num", "3").code == 0


def test_a_grid_stops_after_the_step_and_goes_on(sdplay: Sdplay) -> None:
    words = ["a cat", "--seed", "7", "--guidance", "1", "--sampler", "euler", "--grid", "steps=2-5"]
    code, err, log = pressed(7, *words)
    assert code == 3, err
    assert log == steps(7)
    assert "stopped; 2 of 4 pictures are kept in images" in err
    assert "run the same command again: what is there is not drawn twice" in err
    assert not list(Path("images").glob("grid-*"))
    assert "2 of 4 pictures were there already" in sdplay(*words).err


@pytest.mark.usefixtures("here")
def test_nothing_is_left_of_what_was_not_finished() -> None:
    code, err, log = pressed(4, "a cat", "--steps", "5", "--guidance", "1", "--sampler", "euler")
    assert (code, log) == (3, steps(4)), err
    assert "stopped; 0 of 1 pictures are kept" in err
    assert not Path("images").exists()

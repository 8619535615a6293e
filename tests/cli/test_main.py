from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sdplay.cli.flags import ONLY_IN_FILES
from sdplay.cli.main import COMMANDS, nearest
from sdplay.cli.main import sdplay as group
from sdplay.requests.base import field_names
from sdplay.requests.modes import MODES, request_type
from tests.support.commandline import Sdplay

HEAVY = ["torch", "diffusers", "transformers", "fastapi", "rich", "PIL", "numpy", "pydantic"]


@pytest.mark.parametrize(
    ("arguments", "pictures"),
    [
        (["txt2img", "a cat"], 1),
        (["a cat"], 1),
        (["cat"], 1),
        (["-n", "2", "a cat"], 2),
        (["a cat", "--num", "2"], 2),
        (["--seed", "3", "cat"], 1),
        (["snow"], 1),
        (["shoe"], 1),
        (["--", "--odd"], 1),
        (["txt2img", "txt2img"], 1),
    ],
)
def test_what_is_no_command_is_a_prompt(sdplay: Sdplay, arguments: list[str], pictures: int) -> None:
    outcome = sdplay(*arguments)
    assert outcome.code == 0, outcome.err
    assert len(outcome.paths) == pictures
    assert all(path.is_file() for path in outcome.paths)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("tx2img", "txt2img"), ("verfy", "verify"), ("shwo", "show"), ("sampler", "samplers"), ("agian", "again")],
)
def test_a_mistyped_command_is_not_drawn(sdplay: Sdplay, here: Path, typed: str, meant: str) -> None:
    outcome = sdplay(typed, "x.png")
    assert outcome.code == 2
    assert f"Did you mean '{meant}'?" in outcome.err
    assert f"sdplay txt2img '{typed}'" in outcome.err
    assert not list(here.iterdir())


@pytest.mark.parametrize(("word", "known"), [("snow", ["show"]), ("cream", ["dream"]), ("cat", ["again", "show"])])
def test_words_of_their_own_are_near_no_command(word: str, known: list[str]) -> None:
    assert nearest(word, known) is None


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["txt2img", "cat", "--setps", "4"], "'--steps'"),
        (["--setps", "4", "cat"], "'--steps'"),
        (["--verison"], "'--version'"),
    ],
)
def test_a_mistyped_flag_gets_a_guess(sdplay: Sdplay, arguments: list[str], meant: str) -> None:
    outcome = sdplay(*arguments)
    assert outcome.code == 2
    assert outcome.err.startswith("error: no such option")
    assert meant in outcome.err


def test_a_prompt_without_quotes_is_told_about_quotes(sdplay: Sdplay) -> None:
    outcome = sdplay("a", "red", "apple")
    assert outcome.code == 2
    assert "quotes" in outcome.err


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"], ["-h"]])
def test_help_names_every_command(sdplay: Sdplay, arguments: list[str]) -> None:
    outcome = sdplay(*arguments)
    assert outcome.code == 0
    assert all(f"\n  {name}" in outcome.out for name in COMMANDS)


@pytest.mark.parametrize("arguments", [["--version"], ["version"]])
def test_version(sdplay: Sdplay, arguments: list[str]) -> None:
    from sdplay import __version__

    assert sdplay(*arguments).out == f"sdplay {__version__}\n"


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_has_a_command_and_every_field_of_it_a_flag(mode: str) -> None:
    command = group.get_command(click.Context(group), mode)
    assert command is not None
    flags = {param.name for param in command.get_params(command.make_context(mode, ["x"], resilient_parsing=True))}
    typed = {"dream": {"prompts"}, "animate": {"animation_prompts"}}.get(mode, set())  # as words, without a flag
    assert set(field_names(request_type(mode))) - {"mode"} - typed - ONLY_IN_FILES <= flags


def commands(command: click.Command, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of `command` and of every command below it."""
    yield names
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *names, name)


@pytest.mark.parametrize("names", list(commands(group)), ids=" ".join)
def test_every_command_explains_itself(sdplay: Sdplay, names: tuple[str, ...]) -> None:
    outcome = sdplay(*names, "--help")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(" ".join(["Usage: sdplay", *names]))


def loaded(arguments: list[str]) -> set[str]:
    """Which heavy packages a command line has loaded when it is done, in a process of its own."""
    program = (
        "import sys\nfrom sdplay.cli.main import main\n"
        f"assert main({arguments!r}) == 0\n"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["again", "-h"], ["txt2img", "--help"]])
def test_help_loads_nothing_heavy(here: Path, arguments: list[str]) -> None:
    needed = {"pydantic"} if arguments[0] in {"again", "txt2img"} else set()
    assert loaded(arguments) == needed


def test_drawing_without_a_model_loads_no_torch(here: Path) -> None:
    assert loaded(["cat", "--quiet"]).isdisjoint({"torch", "diffusers", "transformers", "rich"})

"""What `--help` shows of many flags, and what `--help-all` does."""

from __future__ import annotations

import re

import click
import pytest
from pydantic import Field

from sdplay.cli.flags import request_options
from sdplay.cli.request_command import RequestCommand
from sdplay.requests.base import field_marks, field_names
from sdplay.requests.groups import GROUPS, group_of
from sdplay.requests.modes import MODES, request_type
from sdplay.requests.txt2img import Txt2Img
from tests.support.commandline import Sdplay

ONE_SCREEN = 50  # lines
SHORTENED = ["txt2img", "img2img", "inpaint", "dream", "animate", "again", "plan dream", "plan animate"]


class Later(Txt2Img):
    """A request of a later version."""

    hue_shift: int = Field(default=3, description="Around the wheel.")
    hires_blur: int = Field(default=0, description="Blur.", json_schema_extra={"group": "hires"})
    shown: int = Field(default=0, description="For all.", json_schema_extra={"group": "hires", "basic": True})


class LaterCommand(RequestCommand):
    def own_params(self) -> list[click.Parameter]:
        return request_options(Later, positional="prompt", for_new=True)


def flags_in(help_text: str) -> list[str]:
    return re.findall(r"^  (?:-\w, )?(--[\w-]+)", help_text, re.MULTILINE)


def sections(help_text: str) -> dict[str, list[str]]:
    """The flags below each title."""
    parts = re.split(r"^(\S.*):\n", help_text, flags=re.MULTILINE)
    return {title: flags_in(text) for title, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("mode", MODES)
def test_every_field_has_a_group_that_there_is(mode: str) -> None:
    kind = request_type(mode)
    assert {group_of(field_marks(kind, name)) for name in field_names(kind)} <= GROUPS.keys()


@pytest.mark.parametrize("command", SHORTENED)
def test_help_fits_a_screen_and_says_where_the_rest_is(
    sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    outcome = sdplay(*command.split(), "--help")
    assert outcome.code == 0, outcome.err
    assert len(outcome.out.splitlines()) <= ONE_SCREEN
    assert "--help-all" in outcome.out
    assert {"--seed", "--steps", "--negative", "--guidance", "--size", "--model", "--out"} <= set(flags_in(outcome.out))


@pytest.mark.parametrize("command", SHORTENED)
def test_the_whole_help_shows_every_flag_once_and_all_of_the_short_one(sdplay: Sdplay, command: str) -> None:
    whole, short = flags_in(sdplay(*command.split(), "--help-all").out), flags_in(sdplay(*command.split(), "-h").out)
    assert len(whole) == len(set(whole)) > len(short)
    assert set(short) < set(whole)


def test_the_whole_help_is_read_group_by_group(sdplay: Sdplay) -> None:
    shown = sections(sdplay("txt2img", "--help-all").out)
    assert list(shown) == [
        *("Basics", "Picture", "Model", "Second pass (hires)", "ControlNet", "Grid"),
        *("Machine and memory", "Advanced", "Output"),
    ]
    assert shown["Second pass (hires)"] == ["--hires-scale", "--hires-upscaler", "--hires-steps", "--hires-strength"]
    assert {"--control-image", "--canny-low"} <= set(shown["ControlNet"])
    assert {"--device", "--batch-size"} <= set(shown["Machine and memory"])
    assert {"--seed", "--steps", "--num", "--size"} <= set(shown["Basics"])


def test_a_new_field_is_in_its_group_by_itself() -> None:
    ctx = LaterCommand("later").make_context("later", [])
    short = flags_in(ctx.get_help())
    assert "--shown" in short
    assert not {"--hue-shift", "--hires-blur"} & set(short)
    ctx.meta["sdplay.whole_help"] = True
    shown = sections(ctx.get_help())
    assert "--hue-shift" in shown["Advanced"]
    assert {"--hires-blur", "--shown"} <= set(shown["Second pass (hires)"])


@pytest.mark.parametrize("command", ["", *SHORTENED, "plan"])
def test_no_help_is_cut(sdplay: Sdplay, command: str) -> None:
    text = sdplay(*command.split(), "--help").out
    assert "..." not in text.replace("PROMPT...", "").replace("[ARGS]...", "").replace("AXIS...", "")


def test_an_unknown_flag_points_to_the_whole_help(sdplay: Sdplay) -> None:
    assert "`sdplay txt2img --help-all` lists what there is" in sdplay("a cat", "--nonsense").err
    assert "`sdplay models --help` lists what there is" in sdplay("models", "--nonsense").err


def test_a_flag_that_has_to_be_given_is_explained(sdplay: Sdplay) -> None:
    outcome = sdplay("img2img", "a cat")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --image is missing: the picture to start from (or a folder of pictures)\n")

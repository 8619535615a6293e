"""What to draw: the prompt that is typed, or a file of them, one a line, plain or with flags as A1111 reads them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.flags import request_fields, request_options
from sdplay.cli.request_command import Flag, RequestCommand
from sdplay.core.errors import BadRequest
from sdplay.files.regular import LARGEST_TEXT, read_regular_text

if TYPE_CHECKING:
    from sdplay.requests.request import AnyStill

PROMPT, PROMPTS_FROM = "--prompt", "--prompts-from"
OPENED_BY_SHELL = ("/dev/fd/", "/proc/self/fd/", "/dev/stdin")  # a pipe that somebody writes into
HELP = (
    'File with a prompt on each line, or with its flags: --prompt "a cat" --steps 5. They are drawn one after the '
    "other; empty lines and # comments are skipped."
)


def prompt_options() -> list[click.Parameter]:
    """Where prompts come from."""
    file = click.Path(path_type=Path)
    return [
        click.Argument(["prompt"], required=False),
        Flag(["prompt_flag", PROMPT], hidden=True),
        Flag([PROMPTS_FROM], group="basics", basic=True, type=file, metavar="FILE", help=HELP),
    ]


def prompts_in(kind: type[AnyStill], params: dict[str, Any]) -> list[dict[str, Any]]:
    """What to draw, taken out of `params`: for each prompt the fields that are its own, `prompt` among them.

    Raises `BadRequest` for a file that cannot be read, and `click.UsageError` for a prompt that is missing, is there
    twice, or whose flags are wrong.
    """
    argument, flag, file = (params.pop(name) for name in ("prompt", "prompt_flag", "prompts_from"))
    typed = argument if argument is not None else flag
    if argument is not None and flag is not None:
        raise click.UsageError(f"the prompt was typed twice: {argument!r} and {PROMPT} {flag!r}")
    if (typed is None) == (file is None):
        both = "a prompt was typed as well" if file is not None else "missing argument 'PROMPT'"
        raise click.UsageError(f"{both}: say what to draw, or give {PROMPTS_FROM} FILE", click.get_current_context())
    return [{"prompt": str(typed)}] if file is None else prompts_of(kind, file)


def prompts_of(kind: type[AnyStill], file: Path) -> list[dict[str, Any]]:
    """The prompt of each line of `file`, with the fields that its flags set; errors as `prompts_in`."""
    try:
        lines = [line.strip() for line in read_prompts(file).splitlines()]
    except (OSError, ValueError) as error:
        why = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {said_of(error)}"
        raise BadRequest(why, field=PROMPTS_FROM, value=str(file), hint="a text file in UTF-8") from None
    found = [read_line(kind, number, line) for number, line in enumerate(lines, 1) if line and not line.startswith("#")]
    if not found:
        raise BadRequest("holds no prompt", field=PROMPTS_FROM, value=str(file), hint="write one on each line")
    return found


def read_line(kind: type[AnyStill], number: int, line: str) -> dict[str, Any]:
    """The fields of a line: a prompt as it stands, or flags of which one is `--prompt`."""
    if not line.startswith("--"):
        return {"prompt": line}
    try:
        with LineCommand(kind).make_context("line", shlex.split(line)) as ctx:
            fields = request_fields(kind, of_a_batch(ctx.params))
    except (click.UsageError, ValueError) as error:
        why = error.format_message() if isinstance(error, click.UsageError) else str(error)
        raise click.UsageError(f"line {number} of {PROMPTS_FROM}: {why[:1].lower()}{why[1:]}") from None
    if "prompt" not in fields:
        raise click.UsageError(f'line {number} of {PROMPTS_FROM}: it has flags, and no {PROMPT} "…" among them')
    return fields


def of_a_batch(params: Mapping[str, Any]) -> dict[str, Any]:
    """A1111 writes here how many batches there are, and how many pictures are in each: what counts is the product."""
    size = params.get("batch_size")
    return {**params, "num": (params.get("num") or 1) * size, "batch_size": None} if size else dict(params)


class LineCommand(RequestCommand):
    """The flags that a line may have: those of the request, all of them optional."""

    def __init__(self, kind: type[AnyStill]) -> None:
        super().__init__("line", add_help_option=False)
        self._kind = kind

    def own_params(self) -> list[click.Parameter]:
        return [Flag([PROMPT]), *request_options(self._kind, positional="prompt", for_new=False)]


def read_prompts(file: Path) -> str:
    """The text of a file, of stdin ("-"), or of a pipe that the shell opened for this command (`<(…)`)."""
    if str(file) == "-" or str(file).startswith(OPENED_BY_SHELL):
        with open(0 if str(file) == "-" else file, "rb", closefd=str(file) != "-") as pipe:
            return pipe.read(LARGEST_TEXT).decode("utf-8-sig")
    return read_regular_text(file)


def said_of(error: OSError | ValueError) -> str:
    """What is wrong, without the path and the number of the error."""
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)

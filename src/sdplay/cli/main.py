"""The command `sdplay`: which words are a command and which a prompt, and the one place where a run ends.

Importing this loads click and nothing heavy: every command imports what it needs when it runs.
"""

from __future__ import annotations

import difflib
import gc
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module

import click

from sdplay.cli.outcome import ended_well
from sdplay.cli.streams import as_utf8
from sdplay.cli.warm import NO_SERVE, drawn_by_service
from sdplay.version import VERSION

# Arguments of gc.set_threshold: collect rarely, because importing torch, diffusers and transformers makes half a
# million objects that live to the end. Cycles are still collected, only later.
GC_THRESHOLDS = (50_000, 50, 1000)

# Where each command is defined in this room, and what it does: a line of `sdplay --help`.
COMMANDS = {
    "txt2img": ("draw", "Draw pictures from words."),
    "img2img": ("draw", "Draw from words and a picture."),
    "inpaint": ("draw", "Redraw a part of a picture."),
    "dream": ("film", "Film a walk from picture to picture."),
    "animate": ("film", "Film a picture that moves and is redrawn."),
    "plan": ("plan", "Show what would be drawn, frame by frame, and what memory it takes."),
    "resume": ("film", "Resume a film that was stopped."),
    "draw-units": ("shards", "Draw units of a job that many machines share."),
    "cluster": ("cluster", "Show the machines of a cluster that `--executor ray` draws on."),
    "join": ("shards", "Make a film, or pictures, of units that were drawn."),
    "again": ("again", "Draw a saved picture again, or a variation of it."),
    "upscale": ("images", "Make pictures or films larger."),
    "verify": ("again", "Draw pictures or films again and compare, bit for bit."),
    "show": ("show", "Print how a picture or a film was made."),
    "explain": ("explain", "Show what the model reads of a prompt."),
    "canny": ("images", "Find the edges in a picture, as a ControlNet sees them."),
    "serve": ("serve", "Keep a model warm and answer programs over HTTP."),
    "mcp": ("mcp", "Let agents draw, by the Model Context Protocol."),
    "models": ("models", "List the models on this computer."),
    "things": ("things", "List what the built-in model can draw."),
    "bench": ("bench", "Measure how fast this computer draws, and what to change."),
    "samplers": ("models", "List samplers and noise schedules."),
}
# Near enough to a command to be a typing mistake, far enough to leave "snow", "shoe" and "cream" their pictures.
TYPO_CUTOFF = 0.82

HELP = """Pictures from words, on this computer.

\b
  sdplay "a red apple, 3d render"              draw it
  sdplay "a cat face" -n 4 --seed 7            four of them, the same every time
  sdplay again images/00000-7.png --steps 40   a variation of a picture you saved
"""
EPILOG = """Environment variables set flags too: SDPLAY_STEPS=30 for --steps 30.

Exit codes: 0 done, 1 failed, 2 invalid request, 3 stopped with Ctrl-C, 4 no space left.
"""


class PromptOrCommand(click.Group):
    """`sdplay PROMPT` is short for `sdplay txt2img PROMPT`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of the command that is asked for, and of no other."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        return getattr(import_module(f"sdplay.cli.{module}"), cmd_name.replace("-", "_"))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = 1 if args[:1] == [NO_SERVE] else 0
        if args[own:] and self.is_drawing(ctx, args[own]):
            args = [*args[:own], "txt2img", *args[own:]]
        elif args in (["help"], ["version"]):
            args = [f"--{args[0]}"]
        return super().parse_args(ctx, args)

    def is_drawing(self, ctx: click.Context, first: str) -> bool:
        """Whether a command line that starts with `first` asks for a picture without saying txt2img."""
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if first in COMMANDS or first in own or first in {"help", "version"}:
            return False
        known = own if first.startswith("-") else COMMANDS
        return nearest(first, known) is None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        guess = None if args[0] in COMMANDS else nearest(args[0], COMMANDS)
        if guess is not None:
            raise click.UsageError(
                f"no such command {args[0]!r}. Did you mean {guess!r}? (To draw it: sdplay txt2img {args[0]!r})", ctx
            )
        return super().resolve_command(ctx, args)


def nearest(word: str, known: Collection[str]) -> str | None:
    """The name that `word` is a mistyped form of, None where it is a word of its own."""
    swapped = [name for name in known if sorted(name) == sorted(word)]
    return next(iter(swapped or difflib.get_close_matches(word, known, n=1, cutoff=TYPO_CUTOFF)), None)


@click.group(
    cls=PromptOrCommand,
    help=HELP,
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    subcommand_metavar="PROMPT|COMMAND [FLAGS]",
)
@click.version_option(VERSION, message="%(prog)s %(version)s")
@drawn_by_service
@click.pass_context
def sdplay(ctx: click.Context) -> None:
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of this process, which is then ours alone, when left out); its exit code."""
    arguments = as_utf8(sys.argv[1:] if argv is None else argv)
    with short_lived() if argv is None else nullcontext(), ended_well() as ending:
        ending.code = sdplay.main(arguments, prog_name="sdplay", standalone_mode=False) or 0
    return ending.code


@contextmanager
def short_lived() -> Iterator[None]:
    """Spend little on the garbage collector: rarely while the process works, and nothing at its end, when the system
    takes all memory back at once.

    For the process of a command only: it changes how this whole process collects, and leaves it so.
    """
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.freeze()


if __name__ == "__main__":
    sys.exit(main())

"""Commands whose flags are those of a request: `--help` shows what most people need, `--help-all` all, by group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from sdplay.cli.aliases import as_flag_name, why_there_is_none

HELP_NAMES, HELP_ALL = ["-h", "--help"], "--help-all"
WHOLE = "sdplay.whole_help"  # what `Context.meta` holds if all flags are to be shown


class Flag(click.Option):
    """An option of a `group` (see `requests.groups`); one that is `basic` is in the short help too."""

    def __init__(self, names: list[str], *, group: str = "output", basic: bool = False, **settings: Any) -> None:
        super().__init__(names, **settings)
        self.group, self.basic = group, basic


def prepare_flag() -> Flag:
    """The flag with which a command makes the folder of a job and draws nothing; see `cli.prepare`."""
    says = "Make the job in --out and draw nothing: `sdplay draw-units` does, on as many machines as you like."
    return Flag(["--prepare"], is_flag=True, help=says)


class RequestCommand(click.Command):
    """A command whose flags are those of a request type, made when they are first needed.

    Dashes and underscores are the same in them, and names that other programs have for them are understood.
    """

    def own_params(self) -> list[click.Parameter]:
        """Everything but `--help` and `--help-all`."""
        raise NotImplementedError

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        self.params = self.params or [*self.own_params(), help_all()]
        return super().get_params(ctx)

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> click.Context:
        return super().make_context(info_name, args, *more, token_normalize_func=self._flag_name, **extra)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            why = why_there_is_none(error.option_name)
            if why is None:
                raise
            raise click.UsageError(f"no such option {error.option_name}: {why}", ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections = list(self._sections(ctx))
        rest = [title for title, flags in sections if not all(flag.basic for flag in flags)]
        about_help = [
            (", ".join(HELP_NAMES), "Show what most people need."),
            (HELP_ALL, f"Show every option. Besides these: {', '.join(rest)}."),
        ]
        if not ctx.meta.get(WHOLE):
            sections = [("Options", [flag for _, flags in sections for flag in flags if flag.basic])]
        for number, (title, flags) in enumerate(sections, 1):
            with formatter.section(title):
                records = [record for flag in flags if (record := flag.get_help_record(ctx)) is not None]
                formatter.write_dl(records + (about_help if number == len(sections) else []))

    def _sections(self, ctx: click.Context) -> Iterator[tuple[str, list[Flag]]]:
        """The title of each group, and its flags."""
        from sdplay.requests.groups import GROUPS

        flags = [param for param in self.get_params(ctx) if isinstance(param, Flag) and not param.hidden]
        for group, title in GROUPS.items():
            if of_group := [flag for flag in flags if flag.group == group]:
                yield title, of_group

    def _flag_name(self, typed: str) -> str:
        return as_flag_name(typed, self._names)

    @property
    def _names(self) -> set[str]:
        spelled = (name for param in self.params for name in (*param.opts, *param.secondary_opts))
        return {name[2:] for name in spelled if name.startswith("--")}


class ModeCommand(RequestCommand):
    """Works in one mode: `run` takes the flags and returns the exit code."""

    def __init__(self, mode: str, summary: str, example: str, epilog: str = "") -> None:
        super().__init__(
            mode,
            callback=self.run,
            short_help=summary,
            help=f"{summary}\n\n\b\n  {example}",
            epilog=epilog,
            context_settings={"help_option_names": HELP_NAMES},
        )
        self._mode = mode

    def run(self, **params: Any) -> int:
        raise NotImplementedError


def help_all() -> click.Option:
    return click.Option([HELP_ALL], is_flag=True, is_eager=True, expose_value=False, callback=show_all, hidden=True)


def show_all(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    """Print the whole help, and end."""
    if asked and not ctx.resilient_parsing:
        ctx.meta[WHOLE] = True
        click.echo(ctx.get_help())
        ctx.exit()

"""`sdplay serve`: the service, in this terminal or in the background."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click
from click.core import ParameterSource

from sdplay.cli.cluster import asked_of_cluster, cluster_executor, on_cluster
from sdplay.cli.outcome import FAILED
from sdplay.cli.param_types import Finite
from sdplay.cli.terminal import duration, table

if TYPE_CHECKING:
    from sdplay.server.home import ServiceHome


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any free one.")
@click.option("--listen", is_flag=True, help="Answer other computers too; asks them for a token.")
@click.option("--token", envvar="SDPLAY_TOKEN", help="The token that clients must give; made up with --listen.")
@click.option("--host-name", multiple=True, metavar="NAME", help="A name that this computer is called by others.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that draw.")
@click.option("--devices", metavar="LIST", help="A process for each of these devices: cuda:0,cuda:1.")
@click.option("--idle-minutes", default=0.0, type=Finite(0), help="Let go of the model after so long (0: never).")
@click.option(
    "--pictures", multiple=True, metavar="DIR", type=click.Path(path_type=Path), help="Show those of this folder too."
)
@on_cluster
@click.option("--open", "open_page", is_flag=True, help="Show the page in a browser as soon as it answers.")
@click.option("--background", is_flag=True, help="Start it without this terminal, and print its address.")
@click.option("--stop", is_flag=True, help="End the service that runs; what is not finished goes on at the next start.")
@click.option("--status", is_flag=True, help="Say whether a service runs, where, and what it does.")
@click.pass_context
def serve(ctx: click.Context, /, *, background: bool, stop: bool, status: bool, open_page: bool, **params: Any) -> int:
    """A page in the browser that draws, and three APIs for programs: a warm model, a queue that survives everything.

    While it runs, all commands of the same user draw with its model, at once. Prints its address once it answers.
    Ctrl-C ends it: what is not finished goes on at the next start. With --executor ray its jobs are drawn by the
    workers of a cluster, by at most so many as --workers says where that is more than one.
    """
    if background + stop + status > 1:
        raise click.UsageError("--background, --stop and --status are three things", ctx)
    if stop:
        return stop_service()
    if status:
        return tell_status()
    if background:
        return start_in_background(as_typed(ctx, {**params, **asked_of_cluster(ctx)}), open_page=open_page)
    serve_here(**params, open_page=open_page)
    return 0


def serve_here(
    *,
    host: str,
    port: int,
    listen: bool,
    token: str | None,
    host_name: tuple[str, ...],
    workers: int,
    devices: str | None,
    idle_minutes: float,
    open_page: bool,
    pictures: tuple[Path, ...],
) -> None:
    """Serve in this process, until it is told to stop."""
    from sdplay.cli.draw import only_pretends
    from sdplay.executors.fake import FakeExecutor
    from sdplay.executors.processes import inline
    from sdplay.server.run import ServeOptions
    from sdplay.server.run import serve as serve_until_stopped

    elsewhere = cluster_executor(FakeExecutor if only_pretends() else None, workers)
    if elsewhere is not None and devices:
        raise click.UsageError("--devices are those of this machine, and --executor ray draws on others")

    def started(url: str, token: str | None) -> None:
        click.echo(answers_at(url, token))
        sys.stdout.flush()
        if open_page:
            show_page(url, token)

    options = ServeOptions(
        host="0.0.0.0" if listen and host == "127.0.0.1" else host,
        port=port,
        listen=listen,
        token=token,
        host_names=host_name,
        workers=workers,
        devices=tuple(devices.split(",")) if devices else (),
        idle_minutes=idle_minutes,
        watched=pictures,
        inside=FakeExecutor if only_pretends() else inline,
        elsewhere=elsewhere,
    )
    serve_until_stopped(options, started)


def answers_at(url: str, token: str | None) -> str:
    """What is said once requests are answered; with a token also where a browser says it, once."""
    if not token:
        return f"sdplay answers at {url}"
    return f"sdplay answers at {url}  (token: {token})\nin a browser: {page_address(url, token)}"


def page_address(url: str, token: str | None) -> str:
    """Where the browser of this computer finds the page; with a token it is let in from then on."""
    here = url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    return f"{here}/login?token={quote(token, safe='')}" if token else f"{here}/"


def show_page(url: str, token: str | None) -> None:
    """Open the page in the browser of whoever types this, if there is one."""
    import webbrowser

    webbrowser.open(page_address(url, token))


def as_typed(ctx: click.Context, params: Mapping[str, Any]) -> list[str]:
    """The flags that were typed, for a service in another process; the environment it has as well."""
    flags: list[str] = []
    for param in ctx.command.params:
        typed = param.name is not None and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE
        if not typed or param.name not in params:
            continue
        value, name = params[param.name], param.opts[0]
        if isinstance(value, bool):
            flags.append(name)
        else:
            flags += [f"{name}={each}" for each in (value if isinstance(value, tuple) else (value,))]
    return flags


def home() -> ServiceHome:
    """Where the service of this user is."""
    from sdplay.library.library import home_of
    from sdplay.server.home import service_home

    return service_home(home_of(os.environ)).absolute()


def start_in_background(flags: Sequence[str], *, open_page: bool) -> int:
    from sdplay.server.background import NotStarted, start

    try:
        facts = start(home(), flags)
    except NotStarted as error:
        click.echo(error.reason, err=True)
        return error.exit_code
    click.echo(answers_at(facts["url"], facts["token"]))
    if open_page:
        show_page(facts["url"], facts["token"])
    return 0


def stop_service() -> int:
    from sdplay.server.background import stop

    click.echo("the service has ended" if stop(home()) else "no service runs")
    return 0


def tell_status() -> int:
    """Say how the service is; the exit code is 1 where none runs."""
    from sdplay.executors.door import NobodyThere
    from sdplay.server.background import ask, is_held

    place = home()
    try:
        facts = ask(place, "status")
    except NobodyThere:
        click.echo("a service starts, or does not answer" if is_held(place) else "no service runs")
        return FAILED
    loaded = "loaded" if facts["loaded"] else "not loaded"
    rows = [
        ("service", f"sdplay {facts['version']}, pid {facts['pid']}, since {duration(facts['seconds'])}"),
        ("address", facts["url"]),
        ("folder", facts["folder"]),
        ("drawing", f"{by_whom(facts['workers'], facts['here'])}, the model is {loaded}"),
        ("jobs", f"{facts['running']} running, {facts['waiting']} waiting"),
    ]
    click.echo(table(rows))
    return 0


def by_whom(workers: int, here: bool) -> str:
    """Who draws, in words."""
    if here:
        return f"in {workers} process{'es' if workers > 1 else ''}"
    return f"by {workers} worker{'s' if workers > 1 else ''} of a cluster"

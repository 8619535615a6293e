"""`sdplay serve`: the service in this terminal."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to answer at.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(0, 65535), help="Port; 0: any free one.")
@click.option("--listen", is_flag=True, help="Answer other computers too; asks them for a token.")
@click.option("--token", envvar="SDPLAY_TOKEN", help="The token that clients must give; made up with --listen.")
@click.option("--host-name", multiple=True, metavar="NAME", help="A name that this computer is called by others.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes that draw.")
@click.option("--devices", metavar="LIST", help="A process for each of these devices: cuda:0,cuda:1.")
@click.option(
    "--idle-minutes", default=0.0, type=click.FloatRange(0), help="Let go of the model after so long (0: never)."
)
def serve(
    host: str,
    port: int,
    listen: bool,
    token: str | None,
    host_name: tuple[str, ...],
    workers: int,
    devices: str | None,
    idle_minutes: float,
) -> int:
    """Keep a model warm and answer programs: a queue that survives everything, and three APIs.

    Prints its address once it answers. Ctrl-C ends it: what is not finished goes on at the next start.
    """
    from sdplay.cli.draw import only_pretends
    from sdplay.executors.fake import FakeExecutor
    from sdplay.executors.processes import inline
    from sdplay.server.run import ServeOptions
    from sdplay.server.run import serve as serve_until_stopped

    def started(url: str, token: str | None) -> None:
        click.echo(f"sdplay answers at {url}" + (f"  (token: {token})" if token else ""))
        sys.stdout.flush()

    options = ServeOptions(
        host="0.0.0.0" if listen and host == "127.0.0.1" else host,
        port=port,
        listen=listen,
        token=token,
        host_names=host_name,
        workers=workers,
        devices=tuple(devices.split(",")) if devices else (),
        idle_minutes=idle_minutes,
        inside=FakeExecutor if only_pretends() else inline,
    )
    serve_until_stopped(options, started)
    return 0

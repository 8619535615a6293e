"""`--executor ray`, with which a command draws on a cluster, and `sdplay cluster check`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.outcome import FAILED
from sdplay.cli.param_types import Share
from sdplay.cli.request_command import Flag
from sdplay.cli.terminal import table
from sdplay.cli.warm import note
from sdplay.core.errors import BadRequest
from sdplay.core.values import amount_text

if TYPE_CHECKING:
    from sdplay.executors.cluster.check import WorkerState
    from sdplay.executors.cluster.executor import ClusterExecutor
    from sdplay.studio import Studio
    from sdplay.tasks import Executor, Task

ASKED = "sdplay.cluster"  # what `Context.meta` holds of these flags
HERE, RAY, AUTO = "inline", "ray", "auto"
ADDRESS_HELP = "Where the cluster is: auto (that of this machine), HOST:PORT, or ray://HOST:10001."
AUDIT_HELP = "Let this share of it be drawn twice, by two workers, and compare: 5% or 0.05."
MIXED_HELP = "Let workers draw that have other versions or processors; it is said who drew what."
QUIET = 5.0  # seconds without another worker that answers
DRAWING = 300.0  # seconds for each to draw two pictures


def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    ctx.meta.setdefault(ASKED, {})[param.name] = value


def cluster_flags() -> list[click.Parameter]:
    """The flags with which a command draws on a cluster; `cluster_executor` knows what they said."""

    def flag(*names: str, **settings: Any) -> click.Option:
        return Flag(list(names), group="memory", expose_value=False, callback=keep, **settings)

    return [
        flag(
            "--executor",
            type=click.Choice([HERE, RAY]),
            default=HERE,
            help="ray: draw on the machines of a Ray cluster (see `sdplay cluster check`).",
        ),
        flag("--address", default=AUTO, metavar="ADDRESS", help=ADDRESS_HELP),
        flag("--mixed", is_flag=True, help=MIXED_HELP),
        flag("--audit", type=Share(), default=0.0, metavar="SHARE", help=AUDIT_HELP),
    ]


def on_cluster(command: Callable[..., int]) -> Callable[..., int]:
    """A decorator that gives a command these flags."""
    for option in reversed(cluster_flags()):
        command.__dict__.setdefault("__click_params__", []).append(option)
    return command


def asked_of_cluster(ctx: click.Context) -> dict[str, Any]:
    """What these flags said."""
    return dict(ctx.meta.get(ASKED, {}))


def cluster_executor(inside: Callable[[], Executor] | None, workers: int = 1) -> Callable[[], ClusterExecutor] | None:
    """What joins the cluster that the flags of this command ask for; None if they ask for none.

    More than one of `workers` are the most that it takes there. `inside` makes what they draw with.
    """
    ctx = click.get_current_context(silent=True)
    said = asked_of_cluster(ctx) if ctx is not None else {}
    if said.get("executor", HERE) == HERE:
        if ctx is not None:
            refuse_alone(ctx, said)
        return None
    return partial(joined, said["address"], said["audit"], said["mixed"], workers if workers > 1 else None, inside)


def refuse_alone(ctx: click.Context, said: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for a flag that asks something of a cluster where this machine draws."""
    usual = {flag.name: flag.get_default(ctx) for flag in cluster_flags()}
    for name, value in said.items():
        if value != usual[name]:
            hint = f"add --executor {RAY}, or leave it out"
            raise BadRequest("is for drawing on a cluster", field=f"--{name}", value=value, hint=hint)


def joined(
    address: str, audit: float, mixed: bool, most: int | None, inside: Callable[[], Executor] | None
) -> ClusterExecutor:
    from sdplay.executors.cluster.executor import ClusterExecutor
    from sdplay.executors.cluster.ray_crew import RayCrew

    crew = RayCrew(address, most=most, note=note, **({"inside": inside} if inside is not None else {}))
    return ClusterExecutor(crew, share=audit, mixed=mixed, note=note)


@click.group()
def cluster() -> None:
    """Machines that draw together, by Ray (`pip install "sdplay[ray]"`).

    Start Ray yourself, on a network of your own: whoever reaches its ports may run any program there. On one machine

    \b
      ray start --head --node-ip-address 10.0.0.1

    and on each other one, which needs the same sdplay and the same token (`ray get-auth-token`),

    \b
      ray start --address 10.0.0.1:6379
    """


@cluster.command()
@click.option("--address", default=AUTO, show_default=True, metavar="ADDRESS", help=ADDRESS_HELP)
@click.option("--no-draw", is_flag=True, help="Do not measure how fast each draws.")
def check(address: str, no_draw: bool) -> int:
    """Show the workers of a cluster: device, cores, memory, by what each calculates, how many pictures a minute.

    Workers with the same mark draw the same bits. Each draws two pictures of the built-in model, all at the same time.
    """
    from sdplay.executors.cluster.check import all_workers, speeds, states
    from sdplay.studio import Studio

    executor = joined(address, 0.0, mixed=True, most=None, inside=None)
    with Studio(executor) as studio:
        dispatcher = executor.dispatcher
        there = all_workers(dispatcher, QUIET)
        drawn = {} if no_draw else dict(speeds(dispatcher, usual_picture(studio), there, DRAWING))
    return tell(list(states(there, drawn)))


def usual_picture(studio: Studio) -> Task:
    """One picture of the built-in model, as it is drawn when nothing else is asked for."""
    from sdplay.requests.base import make_request
    from sdplay.requests.txt2img import Txt2Img
    from sdplay.tasks import DrawTask

    resolved = studio.resolve(make_request(Txt2Img, prompt="a red apple", seed=1))
    return DrawTask(recipe=resolved.recipe, indices=(0,), model=resolved.model, device=resolved.device)


def tell(workers: Sequence[WorkerState]) -> int:
    """Print a line for each worker, and in what some differ; the exit code is 1 if one does not draw."""
    rows = [("WORKER", "HOST", "DEVICE", "CORES", "MEMORY", "MARK", "PICTURES/MINUTE")]
    for each in workers:
        facts = each.facts
        memory = amount_text(facts.memory) if facts.memory is not None else "unknown"
        speed = "does not draw" if each.problem else f"{each.per_minute:.1f}" if each.per_minute else ""
        rows.append((each.name, facts.host, facts.device, str(facts.cores), memory, facts.mark, speed))
    click.echo(table(rows))
    for each in workers:
        if each.problem:
            click.echo(f"{each.name}: {each.problem}", err=True)
        if each.differs:
            click.echo(f"note: {each.name} draws other bits: {each.differs}; see --mixed", err=True)
    total = sum(each.per_minute for each in workers)
    if total:
        click.echo(f"{total:.1f} pictures a minute together")
    return FAILED if any(each.problem for each in workers) else 0

"""`sdplay bench`: how fast this computer draws, beside stock diffusers, and what to change."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.flags import as_flags
from sdplay.cli.terminal import printable, table
from sdplay.core.errors import BadRequest
from sdplay.core.values import counted

if TYPE_CHECKING:
    from sdplay.bench.measure import Report, Row
    from sdplay.bench.plan import Plan

HEAD = ("WHAT", "START", "PICTURE", "CPU", "STEP", "MEMORY", "SPEED", "OFF BY")
NOTHING = "–"


@click.command()
@click.option("--model", default="builtin", show_default=True, help="A model's name, its folder or file.")
@click.option("--steps", type=click.IntRange(2, 1000), help="Denoising steps; the model's when left out.")
@click.option("--size", type=int, help="Side in pixels; the model's when left out.")
@click.option("--rounds", type=click.IntRange(1, 100), default=3, show_default=True, help="Pictures of each way.")
@click.option("--engine", multiple=True, help="Measure only this engine; all that are installed when left out.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, gpu (or cuda, cuda:1, mps).")
@click.option("--no-peer", is_flag=True, help="Leave stock diffusers out.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def bench(
    model: str,
    steps: int | None,
    size: int | None,
    rounds: int,
    engine: tuple[str, ...],
    device: str,
    no_peer: bool,
    as_json: bool,
) -> int:
    """Measure how fast this computer draws: each engine that is installed, each quality, other numbers of threads, and
    stock diffusers, if it is installed.

    Each has a process of its own; they draw in turn, so that other work on the computer disturbs all of them alike.
    """
    from sdplay.bench.advice import advice
    from sdplay.bench.measure import measure

    plan = planned(model, steps, size, rounds, engine, device)
    if no_peer:
        plan = replace(plan, no_peer="you left it out")
    plan.check_memory()
    found = measure(plan, say)
    say("")
    advised = [as_flags(line) for line in advice(found)]
    if as_json:
        click.echo(json.dumps(as_values(plan, found) | {"advice": advised}, indent=2, ensure_ascii=False))
        return 0
    recipe = plan.what.recipe
    picture = f"{recipe.width}×{recipe.height}, {counted(recipe.steps, 'step')}, guidance {recipe.guidance_scale:g}"
    threads = f", {counted(recipe.numerics.threads, 'thread')}" if recipe.numerics.threads else ""
    click.echo(
        f"{printable(recipe.model.name)}, {picture}, {recipe.numerics.dtype} on {recipe.numerics.device}{threads}\n"
    )
    click.echo(table([HEAD, *(cells(row) for row in found.rows)]))
    click.echo(f"\nSPEED is to {found.peer}, by {found.clock} time, the lowest and highest round in brackets.\n")
    click.echo("\n".join(f"- {line}" for line in advised))
    return 0


def planned(model: str, steps: int | None, size: int | None, rounds: int, engine: tuple[str, ...], device: str) -> Plan:
    """What is to be measured; raises `BadRequest` for an engine that is not here, and as resolving a request does."""
    from sdplay.bench.plan import PROMPT, SEED, Plan, missing_peer, other_threads
    from sdplay.engines.device import cpu_engines
    from sdplay.requests.base import make_request
    from sdplay.requests.txt2img import Txt2Img
    from sdplay.studio import Studio

    asked: dict[str, Any] = {"width": size, "height": size, "steps": steps, "device": device, "anyway": True}
    what = Studio().resolve(make_request(Txt2Img, prompt=PROMPT, seed=SEED, model=model, engine="torch", **asked))
    on_cpu = what.recipe.numerics.device == "cpu"
    known = cpu_engines() if on_cpu else ("torch",)
    strange = [name for name in engine if name not in known]
    if strange:
        reason = f"is not installed here, or not for {what.recipe.numerics.device}"
        raise BadRequest(reason, field="engine", value=strange[0], hint=f"there is {', '.join(known)}")
    engines = tuple(name for name in known if not engine or name in engine)
    threads = other_threads(what.recipe.numerics.threads) if on_cpu and "torch" in engines else ()
    return Plan(what=what, engines=engines, rounds=rounds, no_peer=missing_peer(what), threads=threads)


def say(text: str) -> None:
    """What goes on, on one line of a terminal; nothing where nobody looks."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)


def cells(row: Row) -> tuple[str, ...]:
    value, low, high = row.ratio
    asks_always = row.way.quality == "exact"
    return (
        row.way.title,
        f"{row.start.wall:.1f} s" if row.start else NOTHING,
        short(row.wall),
        short(row.cpu),
        short(row.step) if asks_always and row.step else NOTHING,
        f"{row.memory / 2**20:,.0f} MiB" if row.memory else NOTHING,
        f"{value:.2f} ({low:.2f}..{high:.2f})",
        NOTHING if row.psnr is None else "nothing" if row.psnr == float("inf") else f"{row.psnr:.0f} dB",
    )


def short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def as_values(plan: Plan, report: Report) -> dict[str, Any]:
    """The figures as plain JSON values; infinity, which JSON has not, as None."""
    recipe = plan.what.recipe
    rows = [asdict(row) | {"psnr": None if row.psnr == float("inf") else row.psnr} for row in report.rows]
    settled = {"model": recipe.model.name, "width": recipe.width, "height": recipe.height, "steps": recipe.steps}
    rest = {"peer": report.peer, "clock": report.clock, "busy": report.busy, "computing": report.computing}
    machine = {"load": report.load, "cores": report.cores, "numerics": asdict(recipe.numerics)}
    return settled | {"rounds": plan.rounds} | rest | machine | {"left_out": dict(report.left_out), "rows": rows}

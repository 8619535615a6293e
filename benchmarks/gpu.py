"""An NVIDIA GPU, where there is one: the SD 1.5 shape in each of its engines, against the stock pipeline in float16."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from benchmarks.contestants import Ours, Stock, Work
from benchmarks.measure import Timings, alternate, psnr, relative_l2
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired

SIDE, STEPS, MIDDLE = 512, 50, 500.0
PICTURE_AIM = Aim(ratio=2.5)
ABOUT = (
    "Against `StableDiffusionPipeline` in float16 on the same GPU: same folder, starting noise, Euler steps and "
    "guidance, all loaded, recorded and warm. Random weights, so the loss compares the arithmetic only."
)
LEFT_OUT = " Not measured yet: no machine that this was run on had one. `make bench` does it on the first that has."


def gpu_section(work: Work, rounds: int) -> Section:
    """Rows for every engine of the GPU; none where there is no GPU."""
    title = "On a GPU, SD 1.5 shape"
    if not torch.cuda.is_available():
        return Section(title=title, about=ABOUT + LEFT_OUT, rows=())
    on_gpu = replace(work, device="cuda", side=SIDE, steps=STEPS)
    rows = tuple(gpu_rows(on_gpu, rounds, ("torch", "cuda"), torch.cuda.synchronize, torch.float16))
    return Section(
        title=title, about=f"{ABOUT} The GPU is {torch.cuda.get_device_name()}, and the peer in float16.", rows=rows
    )


def gpu_rows(
    work: Work, rounds: int, engines: tuple[str, ...], wait: Callable[[], None], peer_dtype: torch.dtype
) -> list[Row]:
    """A network call and a whole picture of each engine, on the clock; `wait` until the device has done them."""
    ours = {engine: Ours(work, engine=engine) for engine in engines}
    first = ours[engines[0]]
    stock, x, recipe = Stock(first, peer_dtype), first.start(), first.recipe
    size = f"{recipe.width}×{recipe.height}"
    steps: list[Callable[[], Any]] = [one.step(x, MIDDLE) for one in (*ours.values(), stock)]
    pictures: list[Callable[[], Any]] = [*(one.pictures for one in ours.values()), stock.picture]
    answers = [step().float().cpu().numpy() for step in steps]
    drawn = [*(one.pictures()[0] for one in ours.values()), stock.picture()]
    taken: list[list[Timings]] = [
        alternate([waited(call, wait) for call in calls], rounds, time.perf_counter) for calls in (steps, pictures)
    ]
    rows: list[Row] = []
    for place, (engine, one) in enumerate(ours.items()):
        how = f"{engine} in {one.recipe.numerics.dtype}, {size}"
        losses = (
            f"relative L2 {relative_l2(answers[place], answers[-1]):.1e}",
            f"PSNR {psnr(drawn[place], drawn[-1]):.1f} dB",
        )
        whats = ("one network call with guidance", f"whole picture, {recipe.steps} steps")
        for key, what, timings, loss in zip(("step", "picture"), whats, taken, losses, strict=True):
            aim = PICTURE_AIM if (key, engine) == ("picture", "cuda") else None
            row = paired(
                f"gpu-{engine}-{key}", f"{what}, {how}", timings[place], timings[-1], loss=loss, aim=aim, clock="wall"
            )
            rows.append(row)
    return rows


def waited(call: Callable[[], Any], wait: Callable[[], None]) -> Callable[[], None]:
    """`call`, and `wait` until what it began is done."""

    def done() -> None:
        call()
        wait()

    return done

"""Engines on the SD 1.5 shape: one network call and a whole picture, each against the stock pipeline."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from benchmarks.compute import Subject, picture_row
from benchmarks.contestants import Ours, Stock, Work
from benchmarks.measure import alternate, relative_l2
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired
from sdplay.core.sample import Noise
from sdplay.engines import int8
from sdplay.sampling.noise import batch_noise

LARGE_SIDE = 512
MIDDLE = 500.0  # of the thousand training steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """An engine and a number format, and what a network call at 256 and at 512 and a whole picture are held to."""

    engine: str
    dtype: str | None = None  # None: as it comes
    step: float | None = None
    large_step: float | None = None
    picture: float | None = None


WAYS = (
    Way(engine="openvino", step=2.5, large_step=2.4, picture=2.4),
    Way(engine="openvino", dtype="int8", step=4.0),
)


def aim(ratio: float | None) -> Aim | None:
    return None if ratio is None else Aim(ratio=ratio)


def starting(ours: Ours, side: int) -> Tensor:
    """Unit noise for a picture of that side."""
    latents = side // ours.family.vae_scale_factor
    return batch_noise([Noise(seed=0)], (ours.family.latent_channels, latents, latents))


def step_row(ours: Ours, stock: Stock, way: Way, side: int, rounds: int) -> Row:
    numerics, x = ours.recipe.numerics, starting(ours, side)
    our_step, stock_step = ours.step(x, MIDDLE), stock.step(x, MIDDLE)
    loss = relative_l2(our_step().numpy(), stock_step().numpy())
    large = side == LARGE_SIDE
    return paired(
        f"engine-{way.engine}-{way.dtype or 'auto'}-step-{side}",
        f"one network call with guidance, {way.engine} in {numerics.dtype}, {side}×{side}",
        *alternate([our_step, stock_step], rounds, warm=False),
        loss=f"relative L2 {loss:.1e}",
        aim=aim(way.large_step if large else way.step),
    )


def way_rows(way: Way, work: Work, stock_of: Callable[[Ours], Stock], rounds: int) -> list[Row]:
    """One way and the peer, and nothing else in memory."""
    chosen: dict[str, Any] = {"engine": way.engine} | ({"dtype": way.dtype} if way.dtype else {})
    ours = Ours(work, **chosen)
    stock = stock_of(ours)
    rows = [step_row(ours, stock, way, ours.recipe.width, rounds), step_row(ours, stock, way, LARGE_SIDE, rounds)]
    name = f"{way.engine} in {ours.recipe.numerics.dtype}"
    key = f"engine-{way.engine}-{way.dtype or 'auto'}"
    subject = Subject(key=key, name=name, work=work, step_rounds=0, picture_rounds=rounds, picture_aim=aim(way.picture))
    return [*rows, picture_row(subject, ours, stock)]


def engines_section(work: Work, rounds: int) -> Section:
    int8.GATE = float("inf")  # random weights have no pictures that could suffer: only their speed is asked for
    stocks: list[Stock] = []

    def stock_of(ours: Ours) -> Stock:
        """One peer for all, with what `ours` was asked."""
        if not stocks:
            stocks.append(Stock(ours))
        stocks[0].ours = ours
        return stocks[0]

    rows: list[Row] = []
    for way in WAYS:
        rows += way_rows(way, work, stock_of, rounds)
        del stocks[0].ours  # its weights, before those of the next way are loaded
        gc.collect()
    return Section(
        title="Engines, SD 1.5 shape",
        about="Against `StableDiffusionPipeline` in float32: same folder, starting noise, Euler steps, guidance and "
        "threads, all loaded, converted and warm. The network's number format is the one that is taken by itself on "
        "this processor, where the row does not name another; the VAE's is the same, and beside int8 what would be "
        "taken without it, as is what of the network is not in int8. Random weights, so the loss compares the "
        "arithmetic only; the gate of int8 (3.5 %) is open here: it would refuse them.",
        rows=tuple(rows),
    )

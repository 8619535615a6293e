"""Larger pictures: decoding in tiles against decoding whole, and what enlarging costs."""

# pyright: reportPrivateImportUsage=false
from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from benchmarks.contestants import Ours, Work
from benchmarks.measure import Timings
from benchmarks.report import Section
from benchmarks.rows import Row, paired
from sdplay.families.base import Family
from sdplay.library.resolve import resolve
from sdplay.library.upscalers import UPSCALERS, weights_folder
from sdplay.pipeline.latents import to_tensor
from sdplay.pipeline.model_cache import ModelCache
from sdplay.pipeline.upscale import upscale_picture

DECODED = ((512, 256), (1024, 512))  # sides of pictures and of their tiles, in pixels
EDGE = 4  # pixels at both sides of where tiles meet
SMALL, SCALE = 128, 4


def family(work: Work, tile: int) -> Family:
    numerics = replace(Ours(work).recipe.numerics, decode_tile=tile, threads=work.threads)
    return ModelCache().get(resolve(work.model), numerics, "cpu").family


def timed(run: Callable[[], Tensor], rounds: int) -> tuple[Timings, Tensor]:
    taken: list[float] = []
    made = torch.empty(0)
    for _ in range(rounds):
        started = time.process_time()
        made = run()
        taken.append(time.process_time() - started)
    return Timings(tuple(taken)), made


def latents(work: Work, side: int) -> Tensor:
    """Those of a drawn picture of 256 pixels, enlarged to `side`."""
    drawn = Ours(replace(work, side=256))
    found = drawn.family.encode(to_tensor(drawn.pictures()[0]))
    return interpolate(found, (side // 8, side // 8), mode="bicubic")


def decoding(work: Work, rounds: int, side: int, tile: int) -> Row:
    given = latents(work, side)
    whole, tiled = family(work, 0), family(work, tile)
    peer, one = timed(lambda: whole.decode(given), rounds)
    ours, other = timed(lambda: tiled.decode(given), rounds)
    apart = (one - other).abs() * 127.5
    meeting = [place for edge in range(tile, side, tile) for place in range(edge - EDGE, edge + EDGE)]
    loss = (
        f"at most {apart.max():.3f} grey levels, {apart.mean():.4f} in the mean, "
        f"{apart[..., meeting].mean():.4f} where tiles meet"
    )
    what = f"decoding {side}×{side} in tiles of {tile}, the model in the box; the peer is ours, whole"
    return paired(f"decode-{side}", what, ours, peer, loss=loss, aim=None)


def enlarging(name: str, rounds: int) -> Row:
    random = torch.randint(0, 256, (SMALL, SMALL, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    size = (SMALL * SCALE, SMALL * SCALE)
    taken, _ = timed(lambda: torch.from_numpy(upscale_picture(random.numpy(), size, name)[0]), rounds)
    what = f"upscale {SMALL}×{SMALL} to {size[0]}×{size[1]}, {name}"
    return Row(key=f"upscale-{name}", what=what, clock="CPU", ours=taken.median)


def larger_section(work: Work, rounds: int) -> Section:
    rows = [decoding(work, rounds, side, tile) for side, tile in DECODED]
    rows += [enlarging(name, rounds) for name in UPSCALERS if name == "lanczos" or weights_folder() is not None]
    return Section(
        title="Decoding in tiles, and enlarging",
        about="Grey levels are those before rounding, of 255; the VAE is in float32. The networks of "
        "`sdplay upscale` are run in float32, their weights read again for each picture; against ncnn 1.0 on the same "
        "files they are 5e-7 apart (relative L2, 64×64).",
        rows=tuple(rows),
    )

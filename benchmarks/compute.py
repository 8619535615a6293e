"""Scenarios inside one process: the denoising step, the whole picture, and the tile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.contestants import Ours, Stock, Work
from benchmarks.measure import alternate, psnr, relative_l2
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired

TILES = (1, 2, 4, 8)
FORMATS = (("float32", "float32"), ("bfloat16", "float32"), ("bfloat16", "bfloat16"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A model to measure: its key and name in the table, the work, how many rounds, and what it is held to."""

    key: str
    name: str
    work: Work
    step_rounds: int
    picture_rounds: int
    step_aim: Aim | None = None
    picture_aim: Aim | None = None


def step_and_picture(subject: Subject) -> list[Row]:
    """Our network call and whole picture against the stock pipeline's, both loaded side by side."""
    ours = Ours(subject.work)
    stock = Stock(ours)
    recipe = ours.recipe
    size = f"{recipe.width}×{recipe.height}"
    x, middle = ours.start(), ours.family.process.schedule.length / 2
    our_step, stock_step = ours.step(x, middle), stock.step(x, middle)
    loss = relative_l2(our_step().numpy(), stock_step().numpy())
    step = paired(
        f"step-{subject.key}",
        f"one network call with guidance, {subject.name}, {size}",
        *alternate([our_step, stock_step], subject.step_rounds),
        loss=f"relative L2 {loss:.1e}",
        aim=subject.step_aim,
    )
    return [step, picture_row(subject, ours, stock)]


def picture_row(subject: Subject, ours: Ours, stock: Stock) -> Row:
    """Our whole picture against the stock pipeline's; both are drawn once before, to be compared and to warm up."""
    recipe = ours.recipe
    drawn, reference = repainted(subject.work, ours.pictures()[0]), repainted(subject.work, stock.picture())
    contrast = relative_l2(drawn - reference.mean(), reference - reference.mean())
    return paired(
        f"picture-{subject.key}",
        f"whole picture, {subject.name}, {recipe.width}×{recipe.height}, {recipe.steps} steps",
        *alternate([ours.pictures, stock.picture], subject.picture_rounds, warm=False),
        loss=f"PSNR {psnr(drawn, reference):.1f} dB, relative L2 {contrast:.1e} of the contrast",
        aim=subject.picture_aim,
    )


def repainted(work: Work, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels that are compared: those in the mask, where there is one. The others we give back as they were, while
    the stock pipeline gives them back through the codec.
    """
    return picture if "mask" not in work.given else picture[np.asarray(Image.open(work.given["mask"])) > 0]


def from_pictures_section(subjects: list[Subject]) -> Section:
    """img2img and inpainting, one model pair in memory after the other."""
    rows: list[Row] = []
    for subject in subjects:
        ours = Ours(subject.work)
        rows.append(picture_row(subject, ours, Stock(ours)))
    return Section(
        title="Drawing from pictures, against the stock pipelines",
        about="As above, against `StableDiffusionImg2ImgPipeline` and `StableDiffusionInpaintPipeline`: the same "
        "picture, mask and strength besides, which leaves as many of the steps as it says. Both start from the mean "
        "of what the VAE makes of the picture. The loss of inpainting is that of the repainted part.",
        rows=tuple(rows),
    )


def compute_section(subjects: list[Subject]) -> Section:
    rows = [row for subject in subjects for row in step_and_picture(subject)]
    return Section(
        title="Drawing, against the stock pipeline",
        about="Ours as it comes against `StableDiffusionPipeline` in float32: same folder, starting noise, Euler "
        "steps, guidance and threads, all loaded and warm. The line below names the number type of the model in the "
        "box; the SD 1.5 shape runs by OpenVINO where that is installed, in the type that is first in the table of "
        "engines. It has random weights, so its loss compares the arithmetic only.",
        rows=tuple(rows),
    )


def tile_section(work: Work, rounds: int) -> Section:
    """CPU seconds a picture for every tile and number format, against tile 1 in float32."""
    chosen: list[tuple[str, Ours]] = []
    for dtype, decode_dtype in FORMATS if torch.cpu.get_capabilities().get("avx512_bf16") else FORMATS[:1]:
        for tile in TILES:
            name = f"tile {tile}, network {dtype}, VAE {decode_dtype}"
            chosen.append((name, Ours(work, dtype=dtype, decode_dtype=decode_dtype, tile=tile)))
    full = max(TILES)
    drawn = [ours.pictures(full) for _, ours in chosen]
    timings = [each.divided(full) for each in alternate([draws(ours, full) for _, ours in chosen], rounds)]
    rows = [
        paired(f"tile-{name}", name, timing, timings[0], loss=f"PSNR {psnr(pictures, drawn[0]):.1f} dB", aim=None)
        for (name, _), pictures, timing in zip(chosen, drawn, timings, strict=True)
    ]
    return Section(
        title="Pictures in one pass, and number formats",
        about=f"Seconds a picture of the model in the box, {full} pictures of {chosen[0][1].recipe.steps} steps; the "
        "peer is our own tile 1 in float32. A tile larger than what is asked for is padded: a single picture costs "
        "as much as a whole tile.",
        rows=tuple(rows),
    )


def draws(ours: Ours, count: int) -> Callable[[], NDArray[np.uint8]]:
    return lambda: ours.pictures(count)

"""Engines and presets of quality: whole pictures against the stock pipeline at the same nominal steps."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from benchmarks.contestants import Ours, Stock, Work
from benchmarks.measure import alternate, psnr
from benchmarks.report import Section
from benchmarks.rows import Aim, Row, paired

ENGINES = {
    "torch": {"engine": "torch"},
    "openvino": {"engine": "openvino"},
    "openvino in int8": {"engine": "openvino", "dtype": "int8"},
}
LIBRARIES = {"torch": "torch", "openvino": "openvino", "openvino in int8": "nncf"}
AIMS = {("fast", "openvino"): Aim(ratio=4.0), ("draft", "openvino"): Aim(ratio=10.0)}


def faster_section(work: Work, rounds: int) -> Section:
    """The small model in each engine that is here and each quality; all of them and the peer take turns."""
    engines = [name for name in ENGINES if find_spec(LIBRARIES[name]) is not None]
    ways = [(quality, engine) for quality in ("exact", "fast", "draft") for engine in engines]
    ours = {way: Ours(replace(work, quality=way[0]), **ENGINES[way[1]]) for way in ways}
    exact = ours["exact", "torch"]
    stock = Stock(exact)
    drawn = {way: one.pictures()[0] for way, one in ours.items()}
    stock.picture()
    *timings, peer = alternate([*(one.pictures for one in ours.values()), stock.picture], rounds)
    reference = drawn["exact", "torch"]
    rows: list[Row] = []
    for (quality, engine), timing in zip(ways, timings, strict=True):
        same = quality == "exact" and engine == "torch"
        loss = "what others are held to" if same else f"PSNR {psnr(drawn[quality, engine], reference):.1f} dB"
        what = f"whole picture, {quality}, {engine}"
        aim = AIMS.get((quality, engine))
        rows.append(paired(f"faster-{quality}-{engine.replace(' in ', '-')}", what, timing, peer, loss=loss, aim=aim))
    recipe = exact.recipe
    return Section(
        title="Engines and quality",
        about=f"The model in the box, {recipe.width}×{recipe.height}, {recipe.steps} nominal steps of Euler, against "
        "`StableDiffusionPipeline` in float32 that takes all of them. The loss is to our own exact picture in torch; "
        "what a judge says of the presets is in [ADR 15](decisions/0015-steps-that-are-not-computed.md).",
        rows=tuple(rows),
    )

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


def faster_section(work: Work, rounds: int, large: Work | None = None, large_rounds: int = 1) -> Section:
    """The small model in each engine that is here and each quality, and the `large` one in OpenVINO; those of a model
    and its peer take turns.
    """
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
    del ours, stock
    rows += large_rows(large, large_rounds) if large else []
    return Section(
        title="Engines and quality",
        about=f"The model in the box, {recipe.width}×{recipe.height}, {recipe.steps} nominal steps of Euler, against "
        "`StableDiffusionPipeline` in float32 that takes all of them. The loss is to our own exact picture in torch; "
        "what a judge says of the presets is in [ADR 15](decisions/0015-steps-that-are-not-computed.md). The SD 1.5 "
        "shape has random weights, so its loss, to the peer's picture, says nothing of real ones.",
        rows=tuple(rows),
    )


def large_rows(work: Work, rounds: int) -> list[Row]:
    """The large model in OpenVINO in the number format that it takes by itself, loaded once for both presets."""
    ours = Ours(work, engine="openvino")
    stock = Stock(ours)
    reference, qualities = stock.picture(), ("fast", "draft")
    ways = [ours.in_quality(quality) for quality in qualities]
    drawn = [way.pictures()[0] for way in ways]
    *timings, peer = alternate([*(way.pictures for way in ways), stock.picture], rounds, warm=False)
    recipe, rows = ours.recipe, list[Row]()
    how = f"openvino in {recipe.numerics.dtype}, SD 1.5 shape, {recipe.width}×{recipe.height}, {recipe.steps} steps"
    for quality, picture, timing in zip(qualities, drawn, timings, strict=True):
        what, loss = f"whole picture, {quality}, {how}", f"PSNR {psnr(picture, reference):.1f} dB"
        aim = AIMS[quality, "openvino"]
        rows.append(paired(f"faster-{quality}-openvino-sd15", what, timing, peer, loss=loss, aim=aim))
    return rows

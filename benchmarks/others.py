"""Other programs that draw on a CPU: whole pictures, each in a process of its own, in turn."""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.contestants import Ours, Work
from benchmarks.measure import Timings
from benchmarks.report import Section
from benchmarks.rows import Row, paired
from sdplay.bench.contestant import Contestant, Drawn, ours
from sdplay.bench.plan import PROMPT, SEED

PEER = Path(__file__).with_name("genai_peer.py")
ABOUT = (
    "OpenVINO GenAI on the same model, steps, size and threads, with its own noise and Euler, so pictures differ; its "
    "folder was made by `python -m benchmarks.genai_folder`. stable-diffusion.cpp is not measured: "
    "`stable-diffusion-cpp-python` is on PyPI as source alone, and compiling it did not come to an end on this machine "
    "beside other work (7 of 51 files in a quarter of an hour, on 2026-11-30)."
)
LEFT_OUT = " GenAI was not measured either: `--genai PYTHON FOLDER` names a Python that has it and such a folder."


def genai_rows(work: Work, python: str, folder: str, rounds: int) -> list[Row]:
    """Ours with OpenVINO against GenAI: from the start of the process, and one picture more."""
    recipe = Ours(work).recipe
    numbers = {"steps": recipe.steps, "guidance_scale": recipe.guidance_scale}
    picture: dict[str, Any] = numbers | {"width": recipe.width, "height": recipe.height}
    shared = {"threads": work.threads}
    asked = {"prompt": PROMPT, "seed": SEED, "model": work.model, "engine": "openvino", "sampler": "euler"}
    with TemporaryDirectory() as place:
        our_order = shared | {"file": str(Path(place) / "ours.png"), "fields": asked | picture}
        peer_order = shared | picture | {"folder": folder, "prompt": PROMPT}
        starts: list[tuple[float, float]] = []
        for _ in range(max(2, rounds // 2)):
            with ours("ours") as one, Contestant("GenAI", [python, str(PEER)]) as other:
                starts.append((one.first(**our_order)[0].cpu, other.first(**peer_order)[0].cpu))
        with ours("ours") as one, Contestant("GenAI", [python, str(PEER)]) as other:
            one.first(**our_order)
            other.first(**peer_order)
            drawn: list[tuple[Drawn, Drawn]] = [
                (one.draw(**our_order), other.draw(**peer_order)) for _ in range(rounds)
            ]
    mine, theirs = (Timings(tuple(pair[side].cpu for pair in drawn)) for side in (0, 1))
    my_start, their_start = (Timings(tuple(pair[side] for pair in starts)) for side in (0, 1))
    title = f"{recipe.width}×{recipe.height}, {recipe.steps} steps; ours by openvino, peer: OpenVINO GenAI"
    what = "the model in the box"
    return [
        paired("genai-picture", f"whole picture, {what}, {title}", mine, theirs, loss="", aim=None),
        paired(
            "genai-start", f"process start to first picture, {what}, {title}", my_start, their_start, loss="", aim=None
        ),
    ]


def others_section(work: Work, asked: argparse.Namespace) -> Section:
    rows = genai_rows(work, *asked.genai, 2 * asked.rounds) if asked.genai else []
    return Section(title="Other programs", about=ABOUT + ("" if rows else LEFT_OUT), rows=tuple(rows))

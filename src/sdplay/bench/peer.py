"""The process that draws as people do with stock diffusers, in float32: `python peer.py`. See `bench.contestant`.

It is run as a file and imports nothing of this program, which would change how the threads of torch wait. An order has
the `folder` of the model, the words and numbers of the picture, CPU `threads` (0 for torch's own), and a `file`.
"""

# pyright: reportPrivateImportUsage=false

import json
import os
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

STATUS = Path("/proc/self/status")


def memory_peak() -> int:
    """The most memory in bytes that this process had, 0 if unknown."""
    try:
        lines = STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def load(folder: str) -> Any:
    import torch
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder, dtype=torch.float32, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(pipeline: Any, order: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a picture, and what it took."""
    import torch

    if order["threads"]:
        torch.set_num_threads(order["threads"])
    wall, cpu, times = time.perf_counter(), time.process_time(), list[float]()

    def stepped(_: Any, step: int, timestep: Any, values: dict[str, Any]) -> dict[str, Any]:
        times.append(time.perf_counter())
        return values

    drawn = pipeline(
        order["prompt"],
        num_inference_steps=order["steps"],
        guidance_scale=order["guidance_scale"],
        width=order["width"],
        height=order["height"],
        callback_on_step_end=stepped,
    )
    drawn.images[0].save(order["file"])
    steps = [after - before for before, after in pairwise(times)]
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "cpu_since_start": time.process_time(),
        "step": median(steps) if steps else 0.0,
        "memory": memory_peak(),
    }


def main() -> None:
    """Do each order, and answer it in a line; the model is loaded with the first."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    pipeline: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        pipeline = pipeline or load(order["folder"])
        print(json.dumps(draw(pipeline, order)), file=answers, flush=True)


if __name__ == "__main__":
    main()

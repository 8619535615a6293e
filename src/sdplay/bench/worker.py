"""The process that draws as this program does: `python -m sdplay.bench.worker`. See `bench.contestant`.

An order has `fields`, those of a request, the number of CPU `threads` (0 for the usual one), and a `file` to save the
picture as.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, TextIO

from sdplay.core.machine import memory_peak
from sdplay.events import ImageDone, Stepped
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio


def draw(studio: Studio, order: Mapping[str, Any]) -> dict[str, Any]:
    """Draw a picture, and what it took."""
    if order["threads"]:
        os.environ["OMP_NUM_THREADS"] = str(order["threads"])
    request = make_request(Txt2Img, **order["fields"])
    wall, cpu, times = time.perf_counter(), time.process_time(), list[float]()
    for event in studio.stream(request):
        if isinstance(event, Stepped):
            times.append(time.perf_counter())
        elif isinstance(event, ImageDone):
            event.picture.image.save(Path(order["file"]))
    steps = [after - before for before, after in pairwise(times)]
    return {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "cpu_since_start": time.process_time(),
        "step": median(steps) if steps else 0.0,
        "memory": memory_peak() or 0,
    }


def main(orders: TextIO, answers: TextIO) -> None:
    """Do each order, and answer it in a line."""
    with Studio() as studio:
        for line in orders:
            print(json.dumps(draw(studio, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print is no answer
    main(sys.stdin, answers)

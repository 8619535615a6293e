"""The process that draws with OpenVINO GenAI: `python genai_peer.py`, with a Python that has `openvino_genai`.

Orders are as those of `sdplay.bench.peer`; the folder is one of `benchmarks.genai_folder`. It saves no picture.
"""

# pyright: reportMissingImports=false, reportUnknownMemberType=false

import json
import sys
import time
from pathlib import Path
from typing import Any

STATUS = Path("/proc/self/status")


def main() -> None:
    """Do each order, and answer it in a line; the model is loaded with the first."""
    import openvino_genai

    pipeline: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        pipeline = pipeline or openvino_genai.Text2ImagePipeline(
            order["folder"], "CPU", INFERENCE_NUM_THREADS=order["threads"]
        )
        wall, cpu = time.perf_counter(), time.process_time()
        pipeline.generate(
            order["prompt"],
            width=order["width"],
            height=order["height"],
            num_inference_steps=order["steps"],
            guidance_scale=order["guidance_scale"],
        )
        told = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu, "step": 0.0}
        peak = next(int(line.split()[1]) * 1024 for line in STATUS.read_text().splitlines() if "VmHWM" in line)
        print(json.dumps(told | {"memory": peak, "cpu_since_start": time.process_time()}), flush=True)


if __name__ == "__main__":
    main()

"""The original application's command line, kept: its flags and its questions become one request to sdplay."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bootstrap

WORKING, LATER = ("txt2img", "img2img", "inpaint"), ("dream", "animate")


def flags(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw pictures from words; `sdplay --help` can do more.")
    parser.add_argument("--mode", "-m", choices=WORKING + LATER, default="txt2img", help="what to make")
    parser.add_argument("--local", "-l", action="store_true", help="./stable-diffusion-v1-4, or the built-in model")
    parser.add_argument("--device", "-d", default="auto", help="auto, cpu or gpu")
    parser.add_argument("--num", "-n", type=int, default=1, help="how many pictures")
    parser.add_argument("--save", "-s", action="store_true", help="keep the pictures under ./images")
    parser.add_argument(
        "--limit", "-limit", action="store_true", help="one at a time, in slices and tiles: least memory"
    )
    options = parser.parse_args(argv)
    if options.mode in LATER:
        parser.error(f"--mode {options.mode} does not work yet; what works: --mode {', '.join(WORKING)}")
    return options


if __name__ == "__main__":
    chosen = flags(sys.argv[1:])
    bootstrap.ensure(Path(__file__).resolve().parent)
    from sdplay.cli.original import Wishes, converse
    from sdplay.cli.outcome import run_safely

    sys.exit(run_safely(lambda: converse(Wishes(**vars(chosen)))))

"""The original application's command line, kept: its flags and its questions become one request to sdplay."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import bootstrap

MODES = ("txt2img", "img2img", "inpaint", "dream", "animate")


def flags(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw pictures from words; `sdplay --help` can do more.")
    parser.add_argument("--mode", "-m", choices=MODES, help="what to make (txt2img when left out)")
    parser.add_argument("--local", "-l", action="store_true", help="./stable-diffusion-v1-4, or the built-in model")
    parser.add_argument("--device", "-d", default="auto", help="auto, cpu or gpu")
    parser.add_argument("--num", "-n", type=int, help="how many pictures, or frames of a film")
    parser.add_argument("--save", "-s", action="store_true", help="keep the pictures, or the film, under ./images")
    parser.add_argument(
        "--limit", "-limit", action="store_true", help="one at a time, in slices and tiles: least memory"
    )
    parser.add_argument("--config", type=Path, help="settings of --mode animate (default: animation_mode/config.py)")
    options = parser.parse_args(argv)
    if options.mode is None:  # required by the original
        options.mode = "txt2img"
        print("--mode is not given: txt2img. There are also", ", ".join(MODES[1:]) + ".", file=sys.stderr)
    if options.config is not None and options.mode != "animate":
        parser.error("--config holds the settings of --mode animate")
    return options


if __name__ == "__main__":
    chosen = flags(sys.argv[1:])
    home = Path(__file__).resolve().parent
    bootstrap.ensure(home)
    from sdplay.cli.original import Wishes, converse
    from sdplay.cli.outcome import run_safely

    sys.exit(run_safely(lambda: converse(Wishes(**vars(chosen), home=home))))

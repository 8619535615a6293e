"""The original application's command line, kept: its flags and its questions become one request to sdplay."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

import bootstrap

ORIGINAL_MODEL = Path("stable-diffusion-v1-4")
WORKING, LATER = ("txt2img",), ("img2img", "inpaint", "dream", "animate")


def flags(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Draw pictures from words; `sdplay --help` can do more.")
    parser.add_argument("--mode", "-m", choices=WORKING + LATER, default="txt2img", help="what to make")
    parser.add_argument("--local", "-l", action="store_true", help=f"use ./{ORIGINAL_MODEL}, or the built-in model")
    parser.add_argument("--device", "-d", default="auto", help="auto, cpu or gpu")
    parser.add_argument("--num", "-n", type=int, default=1, help="how many pictures")
    parser.add_argument("--save", "-s", action="store_true", help="keep the pictures under ./images")
    parser.add_argument("--limit", "-limit", action="store_true", help="one picture at a time: least memory")
    options = parser.parse_args(argv)
    if options.mode in LATER:
        parser.error(f"--mode {options.mode} does not work yet; what works: --mode {', '.join(WORKING)}")
    return options


def model_name(local: bool) -> str:
    """The model to load; without `local` the original asked for a token here, which nothing needs or keeps."""
    if local:
        return f"./{ORIGINAL_MODEL}" if ORIGINAL_MODEL.is_dir() else "builtin"
    question = "Enter Hugging face user access token: "
    getpass.getpass(question) if sys.stdin.isatty() else input(question)
    print("Models cannot be downloaded yet: the built-in model is used.")
    return "builtin"


def sides(answer: str) -> dict[str, int]:
    """Height and width in "512 512", "512,512" or "512x512"; one number is both, and no answer is the model's own."""
    from sdplay.cli.flags import read_size
    from sdplay.core.errors import BadRequest

    size = read_size(answer)
    if size is None and answer.strip():
        raise BadRequest("is no size", field="height and width", value=answer, hint='two numbers, such as "512 512"')
    return {"height": size[0], "width": size[1]} if size else {}


def txt2img(options: argparse.Namespace) -> int:
    from sdplay.cli.deliver import Delivery, deliver, one_at_a_time
    from sdplay.cli.draw import open_studio
    from sdplay.cli.progress import progress_for
    from sdplay.core.request import Txt2Img, ask

    common: dict[str, Any] = {"model": model_name(options.local), "device": options.device, "num": options.num}
    with open_studio() as studio:
        print("Loading model...")
        list(studio.run(studio.settle(ask(Txt2Img, prompt="-", **common)), []))  # draws nothing, and so only loads
        print("Model loaded successfully")
        prompt, size = input("Enter prompt: "), input("Enter height and width of image: ")
        settled = studio.settle(ask(Txt2Img, prompt=prompt, **sides(size), **common))
        if options.limit:
            settled = one_at_a_time(settled)
            print(f"Plan: one picture at a time, in {settled.recipe.numerics.dtype} on {settled.device}.")
        folder = Path("images") if options.save else None
        print("Pictures are kept in ./images." if folder else "Pictures are not kept: --save writes them to ./images.")
        with progress_for(quiet=False) as progress:
            deliver(studio, settled, range(options.num), Delivery(out=folder), progress)
    return 0


if __name__ == "__main__":
    chosen = flags(sys.argv[1:])
    bootstrap.ensure(Path(__file__).resolve().parent)
    from sdplay.cli.outcome import run_safely

    sys.exit(run_safely(lambda: txt2img(chosen)))

"""Run the scenarios, print the table, write `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import diffusers
import transformers

from benchmarks.busy import busy_section
from benchmarks.compute import Subject, compute_section, from_pictures_section, tile_section
from benchmarks.contestants import Ours, Work
from benchmarks.engines import engines_section
from benchmarks.faster import faster_section
from benchmarks.filming import film_section
from benchmarks.given import write_given
from benchmarks.gpu import gpu_section
from benchmarks.larger import larger_section
from benchmarks.machine import machine_line
from benchmarks.others import others_section
from benchmarks.previews import previews_section
from benchmarks.refusing import refusing_section
from benchmarks.report import Section, document
from benchmarks.rows import Aim, read_reasons
from benchmarks.sd15_shape import sd15_folder
from benchmarks.serving import serving_section
from benchmarks.startup import startup_section
from benchmarks.warm import warm_section

SCENARIOS = (
    *("drawing", "engines", "gpu", "faster", "pictures", "starting", "busy", "warm"),
    *("serving", "gallery", "tiles", "films", "larger", "others", "previews", "refusing"),
)


def options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--model", default="builtin", help="the small model: a name or a diffusers folder")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of both sides")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each side; short ones get more")
    parser.add_argument("--frames", type=int, default=16, help="frames of a film; a multiple of eight wastes none")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, default=SCENARIOS)
    parser.add_argument("--cache", type=Path, default=Path("build/bench"), help="keeps the SD 1.5 shape (4.3 GB)")
    parser.add_argument("--sd15-side", type=int, default=256, help="side of its pictures; 0 leaves it out")
    parser.add_argument("--sd15-steps", type=int, default=4)
    parser.add_argument("--genai", nargs=2, metavar=("PYTHON", "FOLDER"), help="OpenVINO GenAI and its model")
    parser.add_argument("--out", type=Path, default=Path("docs/benchmarks.md"))
    return parser.parse_args(argv)


def subjects(asked: argparse.Namespace, small: Work) -> list[Subject]:
    found = [
        Subject(
            key="builtin",
            name="the model in the box",
            work=small,
            step_rounds=10 * asked.rounds,
            picture_rounds=2 * asked.rounds,
        )
    ]
    if asked.sd15_side:
        found.append(
            Subject(
                key="sd15",
                name="SD 1.5 shape",
                work=large_work(asked),
                step_rounds=asked.rounds,
                picture_rounds=max(3, asked.rounds // 2),
                step_aim=Aim(ratio=2.0),
                picture_aim=Aim(ratio=1.8),
            )
        )
    return found


def large_work(asked: argparse.Namespace) -> Work:
    """The SD 1.5 shape, at the sides and steps that are asked for."""
    folder, side = str(sd15_folder(asked.cache)), asked.sd15_side or 256
    return Work(model=folder, threads=asked.threads, side=side, steps=asked.sd15_steps, schedule="leading")


def large_faster(asked: argparse.Namespace) -> Work | None:
    """The SD 1.5 shape in as many steps as people take, where it is not left out and OpenVINO is there."""
    there = asked.sd15_side and find_spec("openvino") is not None
    return replace(large_work(asked), steps=20) if there else None


def from_pictures(asked: argparse.Namespace, into: Path) -> list[Subject]:
    """img2img and inpainting with the SD 1.5 shape, or with the small model where that is left out."""
    side: int = asked.sd15_side or 64
    model = str(sd15_folder(asked.cache)) if asked.sd15_side else asked.model
    name = "SD 1.5 shape" if asked.sd15_side else "the small model"
    shared = {"model": model, "threads": asked.threads, "side": side, "steps": asked.sd15_steps, "schedule": "leading"}
    return [
        Subject(
            key=mode,
            name=f"{mode} at strength {given['strength']:g}, {name}",
            work=Work(mode=mode, given=given, **shared),
            step_rounds=0,
            picture_rounds=max(1, asked.rounds // 2),
            picture_aim=Aim(ratio=1.8) if asked.sd15_side else None,
        )
        for mode, given in write_given(into, side).items()
    ]


def gallery() -> Section:
    """Imported when it is asked for: it needs a browser."""
    from benchmarks.gallery import gallery_section

    return gallery_section()


def main(argv: Sequence[str] | None = None) -> None:
    asked = options(argv)
    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    small = Work(model=asked.model, threads=asked.threads, schedule="trailing")
    scenarios: dict[str, Callable[[], Section]] = {
        "drawing": lambda: compute_section(subjects(asked, small)),
        "engines": lambda: engines_section(large_work(asked), max(2, asked.rounds // 2)),
        "gpu": lambda: gpu_section(large_work(asked), asked.rounds),
        "faster": lambda: faster_section(small, 2 * asked.rounds, large_faster(asked), max(1, asked.rounds // 2)),
        "pictures": lambda: from_pictures_section(from_pictures(asked, asked.cache)),
        "starting": lambda: startup_section(small, asked.rounds),
        "busy": lambda: busy_section(asked.model, max(3, asked.rounds // 2)),
        "warm": lambda: warm_section(small, asked.rounds),
        "serving": lambda: serving_section(small, asked.rounds),
        "gallery": gallery,
        "tiles": lambda: tile_section(small, max(3, asked.rounds // 2)),
        "films": lambda: film_section(small, max(3, asked.rounds // 2), asked.frames),
        "larger": lambda: larger_section(small, max(1, asked.rounds // 2)),
        "others": lambda: others_section(small, asked),
        "previews": lambda: previews_section(small, 4 * asked.rounds),
        "refusing": lambda: refusing_section(2 * asked.rounds),
    }
    machine = machine_line(asked.threads, Ours(small).recipe.numerics.dtype, date.today())
    sections: list[Section] = []
    for name in asked.only:
        print(f"measuring: {name} …", flush=True)
        sections.append(scenarios[name]())
    before = asked.out.read_text(encoding="utf-8") if asked.out.is_file() else ""
    text = document(machine, sections, read_reasons(), before)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(text, encoding="utf-8")
    print(f"\n{text}\nwritten to {asked.out}")


if __name__ == "__main__":
    main()

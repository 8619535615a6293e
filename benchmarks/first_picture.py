"""What `sdplay "a cat"` takes of this program: modules, files, types, and the calls from `main` to the network.

`python -m benchmarks.first_picture` draws one picture of the built-in model in a few steps and prints the figures.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import sdplay

ROOT = str(Path(sdplay.__file__).parent)
RESOLVE = "Resolver.resolve"
NETWORK = "UNet.forward"  # whose call is the first useful line


@dataclass(kw_only=True)
class Walk:
    """Listens to every Python call: own files that ran, own types with an instance at work, frames at the network."""

    files: set[str] = field(default_factory=set[str])
    types: set[str] = field(default_factory=set[str])
    frames: list[str] = field(default_factory=list[str])
    resolving: list[str] = field(default_factory=list[str])
    _resolver: FrameType | None = None

    def listen(self, frame: FrameType, event: str, _: Any) -> None:
        """A profile function; see `sys.setprofile`."""
        code = frame.f_code
        if code.co_qualname == RESOLVE:
            self._resolver = frame if event == "call" else None
        if self._resolver is not None and event == "call" and code.co_filename.startswith(ROOT):
            name = f"{code.co_filename.removeprefix(ROOT + '/')} {code.co_qualname}"
            if "<" not in code.co_name and name not in self.resolving and not is_importing(frame):
                self.resolving.append(name)
        if event != "call":
            return
        if not self.frames and code.co_qualname == NETWORK:
            self.frames = list(own_frames(frame))
        owner = frame.f_locals.get("self")
        if owner is not None and type(owner).__module__.partition(".")[0] == "sdplay":
            self.types.add(f"{type(owner).__module__}.{type(owner).__name__}")
        file = code.co_filename
        if file.startswith(ROOT) and file not in self.files and not is_importing(frame):
            self.files.add(file)


def is_importing(frame: FrameType | None) -> bool:
    """Whether `frame` runs because a module of this program is being imported, and for no picture."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(ROOT):
            return True
        frame = frame.f_back
    return False


def visits(names: list[str]) -> list[str]:
    """The files that somebody opens who reads the functions `names` in this order, each as often as he does."""
    return [file for file, _ in groupby(name.partition(" ")[0] for name in names)]


def own_frames(frame: FrameType | None) -> Iterator[str]:
    """The calls of this program that are open at `frame`, the outermost last."""
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(ROOT):
            yield f"{code.co_filename.removeprefix(ROOT + '/')}:{frame.f_lineno} {code.co_qualname}"
        frame = frame.f_back


def walk(arguments: list[str]) -> Walk:
    """Run the command line `arguments` as `sdplay` would, listening."""
    from sdplay.cli.main import main

    found = Walk()
    sys.setprofile(found.listen)
    try:
        code = main(arguments)
    finally:
        sys.setprofile(None)
    if code:
        raise SystemExit(f"sdplay {' '.join(arguments)} ended with {code}")
    return found


def figures(prompt: str, model: str, steps: int) -> dict[str, list[str]]:
    """The names behind each figure."""
    said = io.StringIO()
    with TemporaryDirectory() as folder, redirect_stdout(said), redirect_stderr(said):
        found = walk([prompt, "--model", model, "--steps", str(steps), "--out", folder, "--seed", "1"])
    modules = sorted(name for name in sys.modules if name.partition(".")[0] == "sdplay")
    return {
        "modules": modules,
        "films": sorted(name for name in sys.modules if name == "av" or name.startswith("sdplay.film")),
        "visits": (files := visits(found.resolving)),
        "returns": [file for number, file in enumerate(files) if file in files[:number]],
        "files": sorted(found.files),
        "types": sorted(found.types),
        "frames": found.frames,
        "resolving": found.resolving,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--names", action="store_true", help="print the names too, as JSON")
    asked = parser.parse_args()
    found = figures("a cat", asked.model, asked.steps)
    if asked.names:
        print(json.dumps(found, indent=1))
    for name, title in TITLES.items():
        print(f"{len(found[name]):4}  {title}")


TITLES = {
    "modules": "own modules imported",
    "films": "of them about films, PyAV among them",
    "files": "own files in which a function ran",
    "types": "own types with an instance at work",
    "frames": "own calls open from main to the network",
    "resolving": "own functions that run while the request is resolved",
    "visits": "files to open to read them in that order",
    "returns": "of them files that were open before",
}

if __name__ == "__main__":
    main()

"""What a job's folder says the job is: its recipe, its length, where it is drawn, and the file it becomes."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sdplay.film.job.encoder import Output
from sdplay.film.job.folder import damaged_job
from sdplay.film.request import USED_UP, Film
from sdplay.film.video.sound import Sound
from sdplay.requests.base import Request, field_marks
from sdplay.requests.recipe import Recipe
from sdplay.version import VERSION

# What may differ when a film is resumed: its length and where it is drawn, its file, what it was begun on, and
# where its model was. A pace that is measured is known to the folder alone.
FREE = frozenset({"asked", "output", "made_by", "found", "recipe.pace_table"})


def describe(recipe: Recipe, output: Output) -> dict[str, Any]:
    """The description of the job that makes `recipe` into the film `output`, as JSON can hold it."""
    request = recipe.request
    asked = run_options(request)
    asked |= request.model_dump(mode="json", include=request.unhashed_fields() - USED_UP - {"run"})
    sound = {**asdict(output.sound), "path": str(output.sound.path)} if output.sound else None
    written = asdict(output) | {"rate": str(output.rate), "sound": sound}
    asked_for = recipe.request.model
    location = {"model": str(Path(asked_for).absolute()) if Path(asked_for).exists() else asked_for}
    return {"recipe": recipe.to_dict(), "asked": asked, "output": written, "made_by": here(), "found": location}


def run_options(request: Request) -> dict[str, Any]:
    """The run options of `request`; those that came later are left out where they are as they were before."""
    options = request.run.model_dump(mode="json")
    marks = {name: field_marks(type(request), name) for name in options}
    return {name: value for name, value in options.items() if marks[name].get("if_absent", ...) != value}


@contextmanager
def damage_named() -> Iterator[None]:
    """Raise `StoreError` for a description in which something is missing."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise damaged_job("job.json", error) from error


def described_recipe(description: Mapping[str, Any]) -> Recipe:
    """The recipe in a description; raises `BadRequest` for one of another version, `StoreError` for a damaged one."""
    with damage_named():
        return Recipe.from_dict({**description["recipe"], **description["asked"]})


def described_model(description: Mapping[str, Any]) -> str:
    """What to call the model by: as it was asked for, or its name where nothing is left at that path."""
    asked_for: str = description.get("found", {}).get("model", "")
    gone = not asked_for or (Path(asked_for).is_absolute() and not Path(asked_for).exists())
    return description["recipe"]["model"]["name"] if gone else asked_for


def described_output(description: Mapping[str, Any]) -> Output:
    with damage_named():
        written: dict[str, Any] = dict(description["output"])
        recorded, rate = written.pop("sound"), Fraction(written.pop("rate"))
        sound = (
            Sound(path=Path(recorded["path"]), start=recorded["start"], field=recorded["field"]) if recorded else None
        )
        return Output(**written, rate=rate, sound=sound)


def film_rate(request: Request) -> Fraction:
    assert isinstance(request, Film)
    return request.rate


def here() -> dict[str, str]:
    """What the bits may depend on beside the recipe: this program, what it calculates with, and the processor."""
    return {
        "sdplay": VERSION,
        "torch": version("torch"),
        "machine": f"{platform.system()} {platform.machine()} {processor()}",
    }


def processor() -> str:
    """The processor's name if the system reports it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")

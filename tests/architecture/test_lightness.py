"""Asking costs nothing: torch is loaded when something is drawn, and not before."""

from __future__ import annotations

import json
import pkgutil
import re
from pathlib import Path

import sdplay
from tests.support import child
from tests.support.child import ROOT

HEAVY = ["torch", "diffusers", "transformers", "safetensors", "accelerate"]
# Pictures are moved with torch; nothing that is light may import these.
CAMERA = ("sdplay.film.camera.warp2d", "sdplay.film.camera.warp3d")
LIBRARIES = ("accelerate", "av", "huggingface_hub", "safetensors", "sympy")
MOST_LOADED = 1600  # modules of all kinds; there were 3,354 when diffusers and transformers drew
MOST_MODULES = 140  # own ones, imported for one picture of the command line; ten of them are the networks
LIGHT_ROOMS = (
    "core",
    "events",
    "executors.fake",
    "files",
    "images",
    "interop",
    "library",
    "prompts",
    "requests",
    "studio",
    "tasks",
)

WHAT_IS_LOADED = """
import importlib, json, sys
heavy, found = json.loads(sys.argv[1]), {}
for name in json.loads(sys.argv[2]):
    importlib.import_module(name)
    found[name] = [each for each in heavy if each in sys.modules]
print(json.dumps(found))
"""


def loaded_by(names: list[str]) -> dict[str, list[str]]:
    """Which heavy libraries are loaded after each of `names` was imported, one after the other, in a new process."""
    return json.loads(child.run(WHAT_IS_LOADED, json.dumps(HEAVY), json.dumps(names)))


def all_modules() -> list[str]:
    return [found.name for found in pkgutil.walk_packages(sdplay.__path__, "sdplay.")]


def test_importing_the_package_loads_nothing_at_all() -> None:
    code = "import sys; import sdplay; print(sorted(m for m in sys.modules if m.split('.')[0] in %r))"
    assert child.run(code % ([*HEAVY, "numpy", "PIL", "pydantic"],)).strip() == "[]"


def test_the_light_rooms_load_no_torch() -> None:
    names = [
        name
        for name in all_modules()
        if name not in CAMERA
        and any(name == f"sdplay.{room}" or name.startswith(f"sdplay.{room}.") for room in LIGHT_ROOMS)
    ]
    assert len(names) > 20
    found = loaded_by(["sdplay", *names])
    assert {name: heavy for name, heavy in found.items() if heavy} == {}


def test_the_command_line_loads_no_torch_not_even_for_the_camera() -> None:
    code = "import sys, sdplay.cli.main; print([m for m in sys.modules if m == 'torch' or m in %r])"
    assert child.run(code % (CAMERA,)).strip() == "[]"


def test_the_public_names_load_no_torch() -> None:
    code = "import sys, sdplay; [getattr(sdplay, n) for n in sdplay.__all__]; print('torch' in sys.modules)"
    assert child.run(code).strip() == "False"


def test_the_drawing_rooms_load_torch_alone() -> None:
    found = loaded_by(["sdplay.executors.inline"])
    assert found["sdplay.executors.inline"] == ["torch"]


def test_a_picture_is_drawn_without_the_libraries_that_take_seconds() -> None:
    """Nor with what torch has for compiling, which building a network without memory once brought along."""
    code = """
import sys, sdplay
sdplay.draw("a cat", steps=1, width=64, height=64)
print([name for name in %r if name in sys.modules], len(sys.modules))
"""
    loaded, count = child.run(code % (["diffusers", "transformers", "torch._dynamo", *LIBRARIES],)).rsplit(" ", 1)
    assert loaded == "[]"
    assert int(count) <= MOST_LOADED


def test_a_picture_is_drawn_with_few_modules_without_films_and_without_pyav(tmp_path: Path) -> None:
    """`python -m benchmarks.first_picture --names` lists the modules."""
    code = f"""
import json, sys
from sdplay.cli.main import main
assert main(["a cat", "--steps", "1", "--size", "64", "--seed", "1", "--out", {str(tmp_path)!r}, "-q"]) == 0
print(json.dumps(sorted(sys.modules)))
"""
    loaded = json.loads(child.run(code).splitlines()[-1])
    assert [name for name in loaded if name == "av" or name.startswith("sdplay.film")] == []
    own = [name for name in loaded if name.partition(".")[0] == "sdplay"]
    assert 50 < len(own) <= MOST_MODULES


def test_a_bad_request_is_refused_without_torch() -> None:
    code = """
import sys, sdplay
try:
    sdplay.draw("")
except sdplay.BadRequest as error:
    print(error.field, "torch" in sys.modules)
"""
    assert child.run(code).strip() == "prompt False"


def test_files_stay_readable() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "src" / "sdplay").rglob("*.py")}
    assert {path for path, length in lengths.items() if length > 400} == set()
    assert not list(Path(ROOT / "src" / "sdplay").rglob("utils.py"))


def test_only_doors_name_flags() -> None:
    """Rooms below the command line name fields in their messages; `--neg` and A1111's own flags are notations."""
    notation = re.compile(r"--(neg|no-deps|(ckpt|lora|vae|embeddings|controlnet)-dir)\b")
    source = ROOT / "src" / "sdplay"
    below = [path for path in source.rglob("*.py") if path.relative_to(source).parts[0] not in ("cli", "demo.py")]
    lines = [(path.name, line) for path in below for line in path.read_text(encoding="utf-8").splitlines()]
    assert not [(name, line) for name, line in lines if re.search(r"(?<!-)--[a-z]", notation.sub("", line))]

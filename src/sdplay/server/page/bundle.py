"""Link the page's modules into one file, and its styles into another, as they are asked for: nothing is built before.

Modules keep to a few forms, one a line, so that linking is reading: `import { a, b as c } from "./x.js";`,
`export { a } from "./x.js";`, `export { a, b };` and `export` before `const`, `class`, `function`. Each becomes a
function that runs once, after those that it imports. Whatever else says `import` or `export` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path, PurePosixPath

STATIC = Path(__file__).parent / "static"
JS, CSS = STATIC / "js", STATIC / "css"
ENTRY = "main.js"
FIRST_STYLES = ("tokens.css", "base.css", "parts.css")  # the others refine them

IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "(?P<path>[^"]+)";$', re.MULTILINE)
REEXPORT = re.compile(r'^export \{(?P<names>[^}]*)\} from "(?P<path>[^"]+)";$', re.MULTILINE)
EXPORTS = re.compile(r"^export \{(?P<names>[^}]*)\};$", re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:const|class|(?:async )?function\*?) (?P<name>[\w$]+))", re.MULTILINE)
LEFT = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)


class NotLinked(ValueError):
    """A module is not written in the forms that can be linked."""


@dataclass(slots=True)
class Module:
    """A module in pieces: what it takes from others, what it gives, and its text without that."""

    name: str
    imports: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])  # (names, module)
    gives: dict[str, str] = field(default_factory=dict[str, str])  # what others call it: what it is here
    text: str = ""


def read_module(name: str, text: str) -> Module:
    """The module `name` (its path below the folder of modules); raises `NotLinked`."""
    module = Module(name)
    for index, found in enumerate(REEXPORT.finditer(text)):
        pairs = list(renamed(found["names"]))
        taken = ", ".join(f"{inner} as again{index}_{outer}" for inner, outer in pairs)
        module.imports.append((taken, beside(name, found["path"])))
        module.gives |= {outer: f"again{index}_{outer}" for _, outer in pairs}
    text = REEXPORT.sub("", text)
    module.imports += [(found["names"], beside(name, found["path"])) for found in IMPORT.finditer(text)]
    text = IMPORT.sub("", text)
    for found in EXPORTS.finditer(text):
        module.gives |= {outer: inner for inner, outer in renamed(found["names"])}
    text = EXPORTS.sub("", text)
    module.gives |= {found["name"]: found["name"] for found in EXPORT.finditer(text)}
    module.text = EXPORT.sub("", text)
    if left := LEFT.search(module.text):
        raise NotLinked(f"{name}: this form is not linked: {left[0][:80]}")
    return module


def renamed(names: str) -> Iterator[tuple[str, str]]:
    """(what it is called there, what it is called here) of each of `a, b as c`."""
    for each in filter(None, map(str.strip, names.split(","))):
        there, _, here = each.partition(" as ")
        yield there.strip(), (here or there).strip()


def beside(name: str, path: str) -> str:
    """The module that `path` means in the module `name`."""
    if not path.startswith(("./", "../")):
        raise NotLinked(f"{name}: {path} is no relative path")
    parts: list[str] = []
    for part in (PurePosixPath(name).parent / path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def in_order(modules: Mapping[str, Module], entry: str) -> list[Module]:
    """The modules that `entry` needs, each after those that it imports; raises `NotLinked` for a circle."""
    order: dict[str, Module] = {}
    above: list[str] = []

    def visit(name: str) -> None:
        if name in order:
            return
        if name in above:
            raise NotLinked(f"modules import each other in a circle: {' → '.join([*above, name])}")
        if name not in modules:
            raise NotLinked(f"{above[-1] if above else 'the page'} imports {name}, which is not there")
        above.append(name)
        for _, other in modules[name].imports:
            visit(other)
        order[above.pop()] = modules[name]

    visit(entry)
    return list(order.values())


def link(texts: Mapping[str, str], entry: str = ENTRY) -> str:
    """One script of the modules `texts`, by their paths; raises `NotLinked`."""
    modules = {name: read_module(name, text) for name, text in texts.items()}
    ordered = in_order(modules, entry)
    places = {module.name: f"module{number}" for number, module in enumerate(ordered)}
    pieces = ['"use strict";\n(() => {']
    for module in ordered:
        for names, other in module.imports:
            for there, _ in renamed(names):
                if there not in modules[other].gives:
                    raise NotLinked(f"{module.name}: {other} gives no {there}")
        taken = "".join(
            f"const {{ {', '.join(f'{there}: {here}' for there, here in renamed(names))} }} = {places[other]};\n"
            for names, other in module.imports
        )
        given = ", ".join(f"{outer}: {inner}" for outer, inner in module.gives.items())
        pieces.append(
            f"// {module.name}\nconst {places[module.name]} = (() => {{\n{taken}{module.text.strip()}\n"
            f"return {{ {given} }};\n}})();"
        )
    return "\n".join([*pieces, "})();", ""])


def style_files() -> list[Path]:
    """The style sheets, those first that others refine."""
    rest = sorted(path for path in CSS.rglob("*.css") if path.name not in FIRST_STYLES)
    return [*(CSS / name for name in FIRST_STYLES), *rest]


@dataclass(frozen=True, slots=True)
class Whole:
    """A file as it is sent, and the name of this state of it."""

    content: bytes
    version: str


_made: dict[str, tuple[object, Whole]] = {}


def script() -> Whole:
    """The page's script."""
    return whole("js", sorted(JS.rglob("*.js")), lambda texts: link(texts))


def styles() -> Whole:
    """The page's styles."""
    return whole("css", style_files(), lambda texts: "\n".join(texts.values()))


def whole(kind: str, files: list[Path], made: Callable[[dict[str, str]], str]) -> Whole:
    """What is `made` of the texts of `files`, made again only where one of them has changed."""
    stamp = tuple((path, path.stat().st_mtime_ns) for path in files)
    known = _made.get(kind)
    if known is not None and known[0] == stamp:
        return known[1]
    root = JS if kind == "js" else CSS
    content = made({path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}).encode()
    _made[kind] = stamp, Whole(content, sha256(content).hexdigest()[:12])
    return _made[kind][1]

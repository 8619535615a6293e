"""The original's `config.py`: assignments of plain values, read out of the source. Nothing is ever run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from typing import Any

from sdplay.interop.notation import NotThis

# What the original took any border but "wrap" for; its own config says "warp".
BORDERS = ("wrap", "replicate", "reflection", "zeros")


def read_assignments(text: str) -> tuple[dict[str, Any], list[str]]:
    """The names that `text` assigns plain values to, on top or inside a function, class, dict(…) or SimpleNamespace(…).

    A value that is computed is left out and noted, as are names that begin with an underscore; the last of several
    assignments counts. Raises `NotThis` with line and column if `text` is not Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except SyntaxError as wrong:
        raise NotThis(f"is no Python at line {wrong.lineno}, column {wrong.offset}: {wrong.msg}") from None
    except (RecursionError, MemoryError, ValueError):
        raise NotThis("is Python that cannot be read: nested too deeply") from None
    fields: dict[str, Any] = {}
    notes: list[str] = []
    for name, value in _assignments(tree.body):
        if name.startswith("_"):
            continue
        try:
            fields[name] = ast.literal_eval(value)
        except (ValueError, TypeError, RecursionError):
            notes.append(f"line {value.lineno}: {name} is computed, and settings are not run; left out")
    return _as_the_original_did(fields, notes)


def _as_the_original_did(fields: dict[str, Any], notes: list[str]) -> tuple[dict[str, Any], list[str]]:
    border = fields.get("border")
    if isinstance(border, str) and border not in BORDERS:
        notes = [*notes, f"border: {border!r} is none, and the original took it for 'replicate'"]
        fields = fields | {"border": "replicate"}
    return fields, notes


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        match statement:
            case ast.FunctionDef(body=inner) | ast.ClassDef(body=inner):
                yield from _assignments(inner)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _assigned(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _assigned(target, value)
            case ast.Return(value=ast.expr() as value) | ast.Expr(value=value):
                yield from _collected(value)
            case _:
                pass


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """`name = …` and `self.name = …`; a collection of settings under any name gives what is in it."""
    collected = list(_collected(value))
    match target:
        case ast.Name(id="animation_prompts" | "prompts" as name):
            yield name, value
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="self"), attr=name):
            yield from collected or [(name, value)]
        case _:
            pass


def _collected(value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The entries of `dict(a=1)`, `SimpleNamespace(a=1)` and `{"a": 1}`, where their names are such as fields have."""
    match value:
        case ast.Call(func=ast.Name(id="dict" | "SimpleNamespace" | "Namespace"), args=[], keywords=entries):
            yield from ((entry.arg, entry.value) for entry in entries if entry.arg is not None)
        case ast.Call(func=ast.Attribute(attr="SimpleNamespace" | "Namespace"), args=[], keywords=entries):
            yield from ((entry.arg, entry.value) for entry in entries if entry.arg is not None)
        case ast.Dict(keys=keys, values=values):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
            entries = [(name, value) for name, value in zip(names, values, strict=True) if isinstance(name, str)]
            if len(entries) == len(keys) and all(name.isidentifier() for name, _ in entries):
                yield from entries
        case _:
            pass

"""JSON, TOML and YAML as mappings of plain values, each with the place where it cannot be read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Hashable
from typing import Any, cast

import yaml

TAG = "tag:yaml.org,2002:"
NUMBERS = [
    (f"{TAG}int", re.compile(r"[-+]?(0|[1-9][0-9]*)$")),
    (f"{TAG}float", re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$")),
]


class NotThis(Exception):
    """A text is not in the notation it was read as; `reason` names it with line and column."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


def read_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, object_pairs_hook=_without_twins)
        json.dumps(found, ensure_ascii=False).encode()
        return _mapping("JSON", found)
    except UnicodeEncodeError:
        raise NotThis("is JSON with half a surrogate pair, which is not a character") from None
    except json.JSONDecodeError as wrong:
        raise NotThis(f"is no JSON at line {wrong.lineno}, column {wrong.colno}: {wrong.msg}") from None
    except (RecursionError, ValueError):
        raise NotThis("is JSON that cannot be read: nested too deeply, or a number too long") from None


def read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise NotThis(f"is no TOML: {wrong}") from None
    except (RecursionError, ValueError):
        raise NotThis("is TOML that cannot be read: nested too deeply, or a number too long") from None


def read_yaml(text: str) -> dict[str, Any]:
    try:
        return _mapping("YAML", yaml.load(text, Loader=_PlainLoader))
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        quote = "put schedules in quotes: angle: '0: (0), 30: (5)'" if "mapping values" in str(wrong.problem) else ""
        raise NotThis(f"is no YAML{where}: {wrong.problem}", quote) from None
    except (yaml.YAMLError, RecursionError, ValueError) as wrong:
        raise NotThis(f"is YAML that cannot be read: {str(wrong).splitlines()[0]}") from None


def _mapping(notation: str, found: object) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise NotThis(f"is {notation}, and no mapping of settings")
    return {str(name): value for name, value in cast(dict[object, Any], found).items()}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The mapping of `pairs`; a name that stands twice says the same both times."""
    fields = dict(pairs)
    twins = sorted({name for name, value in pairs if fields[name] != value}) if len(fields) < len(pairs) else []
    if twins:
        raise NotThis(f"is JSON that says {', '.join(map(repr, twins))} twice, and not the same")
    return fields


def _resolvers() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    """By its first character, what a bare word may be beside text: YAML's own truth values and null, and numbers."""
    usual = cast(dict[str, list[tuple[str, re.Pattern[str]]]], yaml.SafeLoader.yaml_implicit_resolvers)
    kept = {
        first: [each for each in resolvers if each[0] in (f"{TAG}bool", f"{TAG}null")]
        for first, resolvers in usual.items()
    }
    return kept | {first: [*kept.get(first, []), *NUMBERS] for first in "-+.0123456789"}


class _PlainLoader(yaml.SafeLoader):
    """YAML as its version 1.2 reads it: 1:30 is no 90 and 010 no 8, no dates; and no aliases, which can grow without
    bound, and no name twice.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.yaml_implicit_resolvers = _resolvers()

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        parser = cast(Any, self)  # its methods have no types
        if parser.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(
                None, None, "aliases (*name) are not read here", parser.peek_event().start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        mapping = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(node.value):
            raise yaml.constructor.ConstructorError(None, None, "a name stands here twice", node.start_mark)
        return mapping

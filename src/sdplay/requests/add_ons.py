"""sdplay.requests.add_ons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from sdplay.core.errors import BadRequest, shorten
from sdplay.library.add_on_kinds import AddOnKind, add_on_name, without_weights
from sdplay.requests.base import Request


def entries(request: Request) -> Iterator[tuple[AddOnKind, str, str]]:
    """(kind, field, entry) for each entry of those fields of `request` that name add-ons."""
    for field, info in type(request).model_fields.items():
        kind = cast(AddOnKind | None, cast(dict[str, Any], info.json_schema_extra or {}).get("add_on"))
        if kind is not None:
            given: str | tuple[str, ...] | None = getattr(request, field)
            for entry in (given,) if isinstance(given, str) else given or ():
                if entry:
                    yield kind, field, entry


def named_add_ons(request: Request) -> dict[tuple[AddOnKind, str], str]:
    """Where each add-on is that the fields of `request` name, a name or path, by kind and name.

    Raises `BadRequest` where two files would go by one name.
    """
    found: dict[tuple[AddOnKind, str], str] = {}
    for kind, field, entry in entries(request):
        place = without_weights(kind, entry)
        name = add_on_name(place)
        if found.setdefault((kind, name), place) != place:
            reason = f"another file of this name is asked for too, {shorten(found[kind, name])}"
            raise BadRequest(reason, field=field, value=entry, hint="give one of them another name")
    return found


def without_paths(request: Request, asked: dict[str, Any]) -> None:
    """Take the folders out of the entries of such fields in `asked`, a dump of `request`: what counts is the file."""
    for kind, field, entry in entries(request):
        if field in asked:
            place = without_weights(kind, entry)
            short = add_on_name(place) + entry[len(place) :]
            told = asked[field]
            asked[field] = short if isinstance(told, str) else [short if one == entry else one for one in told]

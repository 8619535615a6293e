"""What type a field has, under all that is written around it."""

from __future__ import annotations

from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin


def plain_type(annotation: Any) -> Any:
    """`annotation` without `Annotated[…]` and without `| None`."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return plain_type(inner[0]) if len(inner) == 1 else annotation
    return annotation

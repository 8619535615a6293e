"""How people write values: amounts of memory ("4GiB") and sizes of pictures ("256x384"); what type a field has."""

from __future__ import annotations

import re
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

PREFIXES = "kmgt"
BINARY = {prefix + unit: 1024**power for power, prefix in enumerate(PREFIXES, 1) for unit in ("", "ib")}
UNITS = {"": 1, "b": 1} | BINARY | {f"{prefix}b": 1000**power for power, prefix in enumerate(PREFIXES, 1)}
AMOUNT = re.compile(r"\s*(\d{1,18}(?:\.\d{1,6})?)\s*([A-Za-z]{0,3})\s*")


def read_amount(text: str) -> int:
    """The bytes of "4GiB" (or 4G), "4.5GB", "4294967296"; raises `ValueError` for anything else and for 0."""
    match = AMOUNT.fullmatch(text)
    size = UNITS.get(match[2].casefold()) if match else None
    amount = int(float(match[1]) * size) if match and size else 0
    if amount <= 0:
        raise ValueError("is not an amount of memory: write 4GiB, 4096MiB or 4.5GB")
    return amount


def amount_text(amount: int) -> str:
    """Bytes as "3.9 GiB", below one "640 MiB"."""
    return f"{amount / 2**30:.1f} GiB" if amount >= 2**30 else f"{amount / 2**20:.0f} MiB"


def counted(count: int, what: str) -> str:
    """So many of `what`, which is one: "1 step", "20 steps"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


SIDES = re.compile(r"\s*(\d{1,12})(?:(?:\s*[x×*,]\s*|\s+)(\d{1,12}))?\s*", re.IGNORECASE)


def read_size(text: str) -> tuple[int, int] | None:
    """The two sides in "256x384", "256,384" or "256 384"; "256" is a square; None for anything else."""
    match = SIDES.fullmatch(text)
    return (int(match[1]), int(match[2] or match[1])) if match else None


def plain_type(annotation: Any) -> Any:
    """`annotation` without `Annotated[…]` and without `| None`."""
    if get_origin(annotation) is Annotated:
        return plain_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return plain_type(inner[0]) if len(inner) == 1 else annotation
    return annotation

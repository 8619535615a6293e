"""Calls of a network, and their arguments: tensors in tuples, lists and dictionaries, and what is left without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

Signature = tuple[str, tuple[tuple[int, ...], ...]]  # arguments without their numbers, and the shape of each tensor


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """What a network was asked, and what it answered in torch in float32."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    answer: Any


Calls = Callable[[], Sequence[Call]]


def signature_of(value: Any) -> Signature:
    """What a network is compiled for: arguments of one signature differ in their numbers alone."""
    return repr(structure(value)), tuple(tuple(tensor.shape) for tensor in flattened(value).values())


def flattened(value: Any, place: str = "") -> dict[str, Tensor]:
    """The tensors in arguments by their place: arguments are tuples, lists and dictionaries of tensors and others."""
    if isinstance(value, Tensor):
        return {place: value}
    inner = value.items() if isinstance(value, Mapping) else enumerate(value) if is_listing(value) else ()
    return {name: tensor for key, one in inner for name, tensor in flattened(one, f"{place}.{key}").items()}


def filled(value: Any, tensors: list[Tensor]) -> Any:
    """`value` with `tensors` in place of those in it, in the order of `flattened`; they are taken out of the list."""
    if isinstance(value, Tensor):
        return tensors.pop(0)
    if isinstance(value, Mapping):
        return {key: filled(one, tensors) for key, one in value.items()}
    return type(value)(filled(one, tensors) for one in value) if is_listing(value) else value


def structure(value: Any) -> Any:
    """What is left of arguments without the numbers in their tensors."""
    if isinstance(value, Tensor):
        return value.dim()
    if isinstance(value, Mapping):
        return {key: structure(one) for key, one in value.items()}
    return [structure(one) for one in value] if is_listing(value) else value


def is_listing(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)

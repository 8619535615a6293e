"""The typed arguments of `draw` are the fields of the requests, no more and no less, with their types and defaults."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, get_args, get_origin

import pytest

import sdplay
from sdplay.core.values import plain_type
from sdplay.requests import picture_fields
from sdplay.requests.base import field_info, field_names, flag_names
from sdplay.requests.picture_fields import PictureFields
from sdplay.requests.request import STILLS
from sdplay.requests.txt2img import Txt2Img

GIVEN_OTHERWISE = {"prompt", "mode", "run"}
PICTURES = {"image", "mask", "control_image"}
FILES = {"model", "vae", "controlnet", "styles_file", "wildcards"}  # names of files and folders, also as a `Path`
WIDER: dict[str, Any] = {"max_memory": str | int | None}
FIELDS = {name: kind for kind in STILLS.values() for name in field_names(kind) if name not in GIVEN_OTHERWISE}
FLAGS = {flag: name for kind in STILLS.values() for flag, name in flag_names(kind).items()}


class Picture:
    """Stands for `PictureLike`."""


class Latents:
    """Stands for `LatentsLike`."""


def written(name: str) -> Any:
    text = inspect.get_annotations(PictureFields)[name].__forward_arg__
    return eval(text, {**vars(picture_fields), "PictureLike": Picture, "LatentsLike": Latents})


def expected(kind: type[Any], name: str) -> Any:
    if name in WIDER:
        return WIDER[name]
    annotation = field_info(kind, name).annotation
    plain = plain_type(annotation)
    if name in PICTURES:
        return Picture | None
    if name == "latents":
        return Latents | None
    if get_origin(plain) is tuple:
        return str | Sequence[str]
    if name in FILES:
        plain = str | PathLike[str]
    return plain | None if type(None) in get_args(annotation) else plain


def test_the_names_are_those_of_fields_and_flags() -> None:
    assert set(inspect.get_annotations(PictureFields)) == {*FIELDS, *FLAGS, "size"}


@pytest.mark.parametrize("name", FIELDS)
def test_a_type_is_that_of_the_field(name: str) -> None:
    assert written(name) == expected(FIELDS[name], name)


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_has_the_type_of_its_field(flag: str) -> None:
    assert written(flag) == written(FLAGS[flag])


def test_a_field_that_is_added_to_a_request_is_missed() -> None:
    class Newer(Txt2Img):
        grain: Literal["fine", "coarse"] = "fine"

    assert "grain" in field_names(Newer)
    assert "grain" not in inspect.get_annotations(PictureFields)


@pytest.mark.parametrize("function", [sdplay.draw, sdplay.Studio.draw])
def test_help_shows_every_argument_with_its_default(function: Any) -> None:
    shown = inspect.signature(function).parameters
    assert {*FIELDS, *FLAGS, "size"} <= shown.keys()
    assert "fields" not in shown
    for name, kind in FIELDS.items():
        info = field_info(kind, name)
        assert shown[name].default == (None if info.is_required() else info.default)
    assert shown["guidance"].default is None
    assert shown["syntax"].default == "a1111"

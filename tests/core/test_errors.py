"""One tree of errors; each can be shown to a person as it is."""

from __future__ import annotations

import pytest

from sdplay.core import errors
from sdplay.core.errors import BadRequest, SdplayError, UnknownName, shorten

EXIT_CODES = {
    "SdplayError": 1,
    "BadRequest": 2,
    "BadRequests": 2,
    "MemoryFailed": 1,
    "NumbersFailed": 1,
    "UnknownName": 2,
    "ModelNotFound": 2,
    "DeviceUnavailable": 2,
    "ModelBroken": 1,
    "RenderFailed": 1,
    "NotReproduced": 1,
    "StoreError": 1,
    "DiskFull": 4,
    "Stopped": 3,
}


def tree() -> dict[str, type[SdplayError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, SdplayError)]
    return {kind.__name__: kind for kind in found}


def test_every_error_has_the_exit_code_it_promises() -> None:
    assert {name: kind.exit_code for name, kind in tree().items()} == EXIT_CODES


def test_the_tree_drawn_in_the_module_is_the_tree() -> None:
    assert errors.__doc__ is not None
    root = next(line for line in errors.__doc__.splitlines() if line.startswith("SdplayError")).index("SdplayError")
    for name, kind in tree().items():
        line = next(line for line in errors.__doc__.splitlines() if name in line)
        depth = len(kind.__mro__) - len(SdplayError.__mro__)
        assert (line.index(name) - root) // 4 == depth


def test_bad_request_and_stopped_are_siblings_of_the_others() -> None:
    kinds = tree()
    assert issubclass(kinds["UnknownName"], kinds["BadRequest"])
    assert issubclass(kinds["DiskFull"], kinds["StoreError"])
    assert not issubclass(kinds["ModelBroken"], kinds["BadRequest"])


def test_a_message_holds_field_value_reason_and_hint() -> None:
    error = BadRequest("is too small", field="width", value=63, hint="take 64")
    assert str(error) == "width = 63: is too small\n  → take 64"
    assert (error.field, error.value, error.reason, error.hint) == ("width", 63, "is too small", "take 64")


def test_a_message_without_field_or_hint_is_the_reason_alone() -> None:
    assert str(SdplayError("the sky fell")) == "the sky fell"


def test_a_value_of_none_or_zero_is_shown() -> None:
    assert str(BadRequest("no", field="steps", value=0)) == "steps = 0: no"
    assert str(BadRequest("no", field="steps")) == "steps = None: no"


@pytest.mark.parametrize("length", [78, 79, 80, 81, 1000, 100_000])
def test_no_value_is_shown_longer_than_promised(length: int) -> None:
    shown = shorten("x" * length)
    assert len(shown) <= errors.LONGEST_VALUE_SHOWN
    if length + 2 <= errors.LONGEST_VALUE_SHOWN:
        assert shown == repr("x" * length)
    else:
        assert f"({length:,} characters)" in shown


def test_a_shown_value_has_no_raw_control_characters_or_surrogates() -> None:
    shown = str(BadRequest("no", field="prompt", value="\x1b[31m\0\udc80"))
    assert "\\x1b[31m\\x00\\udc80" in shown
    assert shown.encode()


@pytest.mark.parametrize(
    ("typed", "guess"), [("EULER", "euler"), ("eular", "euler"), ("dpmpp2m", "dpmpp_2m"), ("zzzzzz", None)]
)
def test_an_unknown_name_gets_the_nearest_known_one(typed: str, guess: str | None) -> None:
    error = UnknownName("sampler", typed, ["euler", "dpmpp_2m", "ddim"])
    assert (f"did you mean '{guess}'? " in error.hint) == (guess is not None)
    assert error.hint.endswith("known: euler, dpmpp_2m, ddim")
    assert error.reason == "there is no such sampler"


def test_of_many_names_the_five_nearest_are_listed() -> None:
    error = UnknownName("model", "lighthouse-7", [*(f"paper-{number}" for number in range(40)), "Lighthouse-8"])
    assert error.hint.startswith("did you mean 'Lighthouse-8'? nearest of 41: Lighthouse-8, paper-")
    assert error.hint.count(", ") == 4
    assert "nearest of 41: " in UnknownName("model", "ω", [f"m{number}" for number in range(41)]).hint


def test_every_kind_of_error_has_a_code_for_programs() -> None:
    codes = {name: kind("no").code for name, kind in tree().items() if name not in ("BadRequests", "UnknownName")}
    assert codes["BadRequest"] == "bad-request"
    assert codes["DiskFull"] == "disk-full"
    assert len(set(codes.values())) == len(codes)


def test_every_bad_request_lists_its_problems() -> None:
    one, other = BadRequest("is bad", field="a"), BadRequest("is worse", field="b")
    assert one.problems == (one,)
    assert errors.together([one, other]).problems == (one, other)


def test_a_value_of_several_lines_is_shown_on_one() -> None:
    class Array:
        def __repr__(self) -> str:
            return "array([[1,\n       2]])"

    assert shorten(Array()) == "array([[1, 2]])"


def test_a_name_out_of_an_empty_list_is_told_so() -> None:
    assert UnknownName("VAE", "soft", []).hint == "none is here"

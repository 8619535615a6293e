"""What is said of a request before it is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import SdplayError
from sdplay.core.warning import RequestWarning
from sdplay.executors.fake import FakeExecutor
from sdplay.jobs.resolve import Resolver
from sdplay.library.resolve import ResolvedModel
from sdplay.requests.base import make_request
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from sdplay.requests.warnings import request_warnings, size_warnings
from tests.support.builtin import FIRST, FOLDERS, SIDE
from tests.support.recipes import MODEL, recipe


@pytest.fixture
def taught() -> ResolvedModel:
    return replace(MODEL, path=FOLDERS[FIRST])


def said(model: ResolvedModel, prompt: str, **fields: Any) -> dict[str, RequestWarning]:
    return {warning.code: warning for warning in request_warnings(recipe(prompt, **fields), model)}


def test_words_that_the_model_does_not_know_are_named_with_the_nearest_things(taught: ResolvedModel) -> None:
    found = said(taught, "two apples on a table at sunset")
    unknown = found.pop("unknown-words")
    assert unknown.field == "prompt"
    assert dict(unknown.words) == {"table": (), "sunset": ("sun",)}
    assert unknown.message == (
        "'table', 'sunset' (nearest: sun) are not among the 327 things that pretend knows: see `sdplay things`"
    )
    assert found.pop("not-followed").message.startswith("pretend follows no numbers, sizes or places ('two')")
    assert not found


@pytest.mark.parametrize("letter", ["q", "猫", "7"])
@pytest.mark.parametrize("count", [1, 5])
def test_very_long_words_are_not_repeated(taught: ResolvedModel, letter: str, count: int) -> None:
    words = [letter * (5000 + more) for more in range(count)]
    for warning in said(taught, " ".join(words)).values():
        assert len(warning.message) <= 300
        assert "… " in warning.message
        assert set(warning.words) <= set(words)


def test_other_languages_are_said_to_be_other_languages(taught: ResolvedModel) -> None:
    assert "'кот' (it reads English: cat) is not among" in said(taught, "кот")["unknown-words"].message


def test_more_things_than_it_draws_are_said(taught: ResolvedModel) -> None:
    message = said(taught, "a cat and a pizza")["several-things"].message
    assert message == "pretend draws one thing in a picture, and the words name 2: cat, pizza"


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("a red apple, 3d render", {}),
        ("a (cat:1.2) [red|blue] <lora:none of these:0.5>", {}),
        ("a [cat:dog:0.5] AND a fox", {}),
        ("a cat", {"negative_prompt": "blurry, extra fingers"}),
        ("a cat", {"size": 2048}),  # whose card names no largest size
    ],
)
def test_what_it_can_draw_needs_no_word(taught: ResolvedModel, prompt: str, fields: dict[str, Any]) -> None:
    assert said(taught, prompt, **fields) == {}


def test_choices_are_read_of_every_picture(taught: ResolvedModel) -> None:
    assert dict(said(taught, "{cat|qwerty}", num=9)["unknown-words"].words) == {"qwerty": ()}


def test_many_words_are_counted_and_the_message_stays_short(taught: ResolvedModel) -> None:
    words = " ".join(f"q{letter}x{letter}q" for letter in "abcdefghij")
    warning = said(taught, words)["unknown-words"]
    assert "and 6 more are not among" in warning.message
    assert len(warning.message) <= 300
    assert len(warning.words) == 10


def test_a_model_without_a_list_says_nothing() -> None:
    assert said(MODEL, "a sunset over the sea, кот, seven cats and a dog") == {}


def test_sizes_that_it_cannot_draw_are_said() -> None:
    small = replace(MODEL, card=replace(MODEL.card, largest=64))
    asked = recipe("a cat", size=256)
    (warning,) = size_warnings(asked, small.card)
    assert (warning.code, warning.field) == ("too-large", "size")
    assert "is made for 64x64 pixels" in warning.message
    hole = replace(asked, request=make_request(Inpaint, prompt="a", image="p.png", extend="left=8"))
    assert [each.code for each in size_warnings(hole, small.card)] == ["too-large"]


def test_a_resolved_request_has_them_as_data(builtin: Path) -> None:
    resolved = Resolver(FakeExecutor()).resolve(make_request(Txt2Img, prompt="a yak", seed=1, size=4 * SIDE))
    assert [warning.code for warning in resolved.warnings] == ["enlarged", "unknown-words"]
    enlarged, own = resolved.warnings[0].message, f"{SIDE}x{SIDE}"
    assert enlarged.startswith(
        f"builtin is made for {own} pixels: drawn at {own}, then enlarged to {4 * SIDE}x{4 * SIDE} by "
    )
    assert enlarged.endswith("; `anyway` draws it as asked")


def test_a_broken_list_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "things.json").write_text("{")
    with pytest.raises(SdplayError, match="its list of things"):
        said(replace(MODEL, path=tmp_path), "a cat")

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
import pytest
from pydantic import Field

from sdplay.cli.flags import as_flags, in_the_words_of, request_fields, request_options
from sdplay.core.errors import BadRequest
from sdplay.core.values import read_size
from sdplay.requests.base import Request, make_request
from sdplay.requests.txt2img import Txt2Img


class Later(Txt2Img):
    """A request of a later version: fields of every kind that a flag can hold."""

    strength: float | None = Field(default=None, ge=0, le=1, description="How far to go.")
    hue_shift: int = Field(default=3, description="Around the wheel.")
    tiling: bool = Field(default=False, description="Edges that meet.")
    fill: Literal["original", "noise"] = Field(default="noise", description="What to start from.")
    source: str = Field(description="Where from.", json_schema_extra={"flag": "from", "short": "F"})


def parsed(kind: type[Request], arguments: list[str], *, for_new: bool = True) -> tuple[click.Context, dict[str, Any]]:
    command = click.Command("test", params=request_options(kind, positional="prompt", for_new=for_new))
    ctx = command.make_context("test", list(arguments))
    return ctx, request_fields(kind, ctx.params)


def test_the_flags_of_txt2img_are_these() -> None:
    options = request_options(Txt2Img, positional="prompt", for_new=True)
    assert [name for option in options for name in option.opts] == [
        *("-n", "--num", "--negative", "--seed", "--steps", "--guidance"),
        *("--style", "--styles-file", "--wildcards", "--anyway", "--latents"),
        *("--syntax", "--quality", "--sampler", "--schedule", "--eta", "--width", "--height", "--size"),
        *("--allow-pickle", "--lora", "--embedding", "--model", "--vae"),
        *("--hires-scale", "--hires-upscaler", "--hires-steps", "--hires-strength"),
        *("--control-image", "--controlnet", "--control-preprocessor", "--canny-low", "--canny-high"),
        *("--control-scale", "--control-start", "--control-end"),
        *("--device", "--precision", "--engine", "--low-memory", "--decode-tile"),
        *("--max-memory", "--allow-lossy", "--batch-size", "--guidance-rescale", "--clip-skip", "--noise"),
    ]


def test_a_new_field_is_a_new_flag() -> None:
    arguments = ["--strength", "0.5", "--hue-shift", "9", "--tiling", "--fill", "original", "--from", "a.png"]
    _, fields = parsed(Later, arguments)
    expected = {"strength": 0.5, "hue_shift": 9, "tiling": True, "fill": "original", "source": "a.png"}
    assert {name: fields[name] for name in expected} == expected


def test_a_new_field_left_out_keeps_its_default() -> None:
    _, fields = parsed(Later, ["-F", "a.png"])
    assert (fields["hue_shift"], fields["tiling"], fields["fill"]) == (3, False, "noise")
    assert "strength" not in fields


def test_a_required_field_is_a_required_flag() -> None:
    with pytest.raises(click.MissingParameter) as caught:
        parsed(Later, [])
    assert "--from" in caught.value.format_message()


def test_a_field_that_no_flag_can_hold_is_refused_by_name() -> None:
    class Odd(Txt2Img):
        table: dict[str, int] = Field(default_factory=dict)

    with pytest.raises(TypeError, match="dict"):
        request_options(Odd, positional="prompt", for_new=True)


def test_help_shows_description_and_default() -> None:
    ctx, _ = parsed(Later, ["--from", "x"])
    help_text = " ".join(ctx.get_help().split())
    assert "Around the wheel. [default: 3]" in help_text
    assert "[original|noise]" in help_text


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("256", (256, 256)),
        ("256x384", (256, 384)),
        ("256X384", (256, 384)),
        (" 256 × 384 ", (256, 384)),
        ("512,256", (512, 256)),
        ("512, 256", (512, 256)),
        ("512 256", (512, 256)),
        ("", None),
        ("x", None),
        ("256x", None),
        ("-8", None),
        ("1e3", None),
        ("256x384x3", None),
        ("9" * 5000, None),
    ],
)
def test_sizes(text: str, size: tuple[int, int] | None) -> None:
    assert read_size(text) == size


def test_size_sets_both_sides_and_a_side_of_its_own_wins() -> None:
    assert parsed(Txt2Img, ["--size", "256x384"])[1].items() >= {"width": 256, "height": 384}.items()
    assert parsed(Txt2Img, ["--size", "256", "--height", "64"])[1].items() >= {"width": 256, "height": 64}.items()


@pytest.mark.parametrize(("seed", "asked"), [("-1", None), ("0", 0), ("7", 7)])
def test_seed_minus_one_is_any_seed(seed: str, asked: int | None) -> None:
    assert parsed(Txt2Img, ["--seed", seed])[1]["seed"] == asked


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        (["--guidance", "nan"], {}, "--guidance"),
        (["-n", "0"], {}, "--num"),
        (["--width", "63"], {}, "--width"),
        (["--size", "63"], {}, "--size"),
        (["--size", "64x63"], {}, "--size"),
        (["--size", "64", "--height", "63"], {}, "--height"),
        ([], {"SDPLAY_GUIDANCE": "nan"}, "SDPLAY_GUIDANCE"),
        ([], {"SDPLAY_SIZE": "63"}, "SDPLAY_SIZE"),
        (["--steps", "0"], {"SDPLAY_STEPS": "4"}, "--steps"),
    ],
)
def test_errors_name_what_was_typed(
    arguments: list[str], environment: dict[str, str], named: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    ctx, fields = parsed(Txt2Img, arguments)
    with pytest.raises(BadRequest) as caught, in_the_words_of(ctx):
        make_request(Txt2Img, prompt="cat", **fields)
    assert caught.value.field == named


def test_errors_about_what_has_no_flag_stay_as_they_are() -> None:
    ctx, fields = parsed(Txt2Img, [])
    with pytest.raises(BadRequest) as caught, in_the_words_of(ctx):
        make_request(Txt2Img, prompt="", **fields)
    assert caught.value.field == "prompt"


def test_the_environment_stands_for_flags_only_where_a_picture_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDPLAY_STEPS", "4")
    assert parsed(Txt2Img, [])[1]["steps"] == 4
    assert parsed(Txt2Img, ["--steps", "5"])[1]["steps"] == 5
    assert parsed(Txt2Img, [], for_new=False)[1] == {}


def test_where_a_picture_is_changed_only_what_was_typed_counts() -> None:
    assert parsed(Later, [], for_new=False)[1] == {}
    assert parsed(Later, ["--no-tiling", "--fill", "noise"], for_new=False)[1] == {"tiling": False, "fill": "noise"}


@pytest.mark.parametrize(
    ("flags", "field", "hint"),
    [
        (["--size", "100"], "--size", "a side, or width and height in pixels: 256 or 256x384"),
        (["--size", "64x100"], "--size", "a side, or width and height in pixels: 256 or 256x384"),
        (["--width", "100"], "--width", "Width in pixels, a multiple of 8."),
        (["--size", "64", "--height", "100"], "--height", "Height in pixels, a multiple of 8."),
    ],
)
def test_a_wrong_size_is_explained_as_it_was_given(flags: list[str], field: str, hint: str) -> None:
    ctx, fields = parsed(Txt2Img, flags)
    with pytest.raises(BadRequest) as caught, in_the_words_of(ctx):
        make_request(Txt2Img, prompt="a cat", **fields)
    assert (caught.value.field, caught.value.hint) == (field, hint)


def test_fields_in_messages_are_spelled_as_flags() -> None:
    said = "take a smaller `hires_scale`, `prompt_syntax=plain` or `size=64x64`, see `make demo X=1`"
    assert as_flags(said) == "take a smaller --hires-scale, --syntax plain or --size 64x64, see `make demo X=1`"

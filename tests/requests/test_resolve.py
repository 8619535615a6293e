"""Only `settle` fills in what was left open, and it changes nothing that was asked."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.fields import LARGEST_SEED
from sdplay.core.machine import Machine
from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS
from sdplay.requests.base import make_request
from sdplay.requests.modes import MODES, Mode, import_object
from sdplay.requests.resolve import SAMPLER_ALIASES, SCHEDULE_ALIASES, check_known, resolve_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.sampling.samplers import SAMPLERS
from sdplay.sampling.sigmas import SCHEDULES
from tests.support.recipes import CARD, MACHINE, MODEL, recipe


def test_what_is_open_is_closed_by_the_card() -> None:
    made = recipe(new_seed=12345)
    assert (made.width, made.height, made.steps) == (CARD.size, CARD.size, CARD.steps)
    assert (made.guidance_scale, made.sampler, made.schedule) == (CARD.guidance_scale, CARD.sampler, CARD.schedule)
    assert made.seed == 12345
    assert made.model == MODEL.identity
    assert made.request.steps is None  # what was asked stays as it was asked


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("width", 72),
        ("height", 80),
        ("steps", 9),
        ("guidance_scale", 0.0),
        ("guidance_scale", 1.0),
        ("sampler", "ddim"),
        ("schedule", "karras"),
        ("seed", 0),
        ("seed", 5),
    ],
)
def test_what_is_asked_is_had_and_nothing_else_changes(field: str, value: object) -> None:
    asked, plain = recipe(**{field: value}), recipe()
    assert getattr(asked, field) == value
    assert replace(asked, **{field: getattr(plain, field)}, request=plain.request) == plain


def test_the_machine_becomes_the_numerics() -> None:
    machine = Machine(device="cuda:1", dtype="float16", threads=0)
    made = resolve_request(make_request(Txt2Img, prompt="a cat"), MODEL, machine, 0).numerics
    assert (made.device, made.dtype, made.decode_dtype, made.threads) == ("cuda", "float16", "float32", 0)
    in_fours = replace(MODEL, card=replace(CARD, tile=4))
    assert resolve_request(make_request(Txt2Img, prompt="a cat"), in_fours, MACHINE, 0).numerics.tile == 4


def test_the_networks_run_as_the_card_says_on_a_cpu_if_nobody_asks() -> None:
    def made(device: str, card: str, **asked: str) -> str:
        model = replace(MODEL, card=replace(CARD, precision=card))
        machine = Machine(device=device, dtype=asked.get("precision", "bfloat16"), threads=1)
        numerics = resolve_request(make_request(Txt2Img, prompt="a cat", **asked), model, machine, 0).numerics
        return f"{numerics.dtype}/{numerics.decode_dtype}"

    assert made("cpu", "float32") == "float32/float32"
    assert made("cpu", "auto") == "bfloat16/bfloat16"
    assert made("cpu", "float32", precision="bfloat16") == "bfloat16/bfloat16"
    assert made("cuda", "float32") == "bfloat16/bfloat16"


def test_the_codec_runs_as_its_card_says_and_never_in_float16() -> None:
    def made(dtype: str, decode: str, **machine_has: str) -> str:
        model = replace(MODEL, card=replace(CARD, decode=decode))
        machine = Machine(device="cpu", dtype=dtype, threads=1, **machine_has)  # type: ignore[arg-type]
        return resolve_request(make_request(Txt2Img, prompt="a cat"), model, machine, 0).numerics.decode_dtype

    assert [made(dtype, "same") for dtype in ("float32", "bfloat16", "float16")] == ["float32", "bfloat16", "float32"]
    assert made("bfloat16", "float32") == "float32"
    assert [made("int8", "same", beside_int8=one) for one in ("float32", "bfloat16")] == ["float32", "bfloat16"]


def test_the_last_seed_must_be_one_too() -> None:
    assert recipe(seed=LARGEST_SEED, num=1).seed == LARGEST_SEED
    assert recipe(seed=LARGEST_SEED - 9, num=10).seed == LARGEST_SEED - 9
    with pytest.raises(BadRequest, match=r"2\^63 - 1") as caught:
        recipe(seed=LARGEST_SEED - 8, num=10)
    assert caught.value.field == "seed"


@pytest.mark.parametrize(
    ("typed", "sampler"),
    [
        ("euler", "euler"),
        ("Euler", "euler"),
        (" EULER ", "euler"),
        ("k_euler", "euler"),
        ("Euler a", "euler_a"),
        ("euler_a", "euler_a"),
        ("Euler Ancestral", "euler_a"),
        ("DPM++ 2M", "dpmpp_2m"),
        ("dpmpp_2m", "dpmpp_2m"),
        ("DDIM", "ddim"),
    ],
)
def test_the_names_of_the_field_are_understood(typed: str, sampler: str) -> None:
    made = recipe(sampler=typed)
    assert (made.sampler, made.schedule) == (sampler, CARD.schedule)


@pytest.mark.parametrize(
    ("typed", "asked", "sampler", "schedule"),
    [
        ("DPM++ 2M Karras", None, "dpmpp_2m", "karras"),
        ("dpmpp_2m karras", None, "dpmpp_2m", "karras"),
        ("Euler a Exponential", None, "euler_a", "exponential"),
        ("DPM++ 2M Karras", "trailing", "dpmpp_2m", "trailing"),
        ("euler", "SGM Uniform", "euler", "trailing"),
        ("euler", "Normal", "euler", "linspace"),
        ("euler", "DDIM", "euler", "leading"),
        ("euler", " Karras", "euler", "karras"),
    ],
)
def test_a_schedule_comes_by_itself_or_in_the_samplers_name(
    typed: str, asked: str | None, sampler: str, schedule: str
) -> None:
    made = recipe(sampler=typed, schedule=asked)
    assert (made.sampler, made.schedule) == (sampler, schedule)


@pytest.mark.parametrize(
    ("field", "typed", "guess"),
    [
        ("sampler", "eular", "euler"),
        ("sampler", "dpmpp2m", "dpmpp_2m"),
        ("sampler", "", None),
        ("sampler", "karras", None),
        ("sampler", "x" * 100_000, None),
        ("schedule", "karas", "karras"),
        ("schedule", "", None),
    ],
)
def test_a_name_that_is_none_is_refused_with_a_guess(field: str, typed: str, guess: str | None) -> None:
    with pytest.raises(UnknownName) as caught:
        recipe(**{field: typed})
    assert caught.value.field == field
    assert (f"did you mean '{guess}'" in caught.value.hint) == (guess is not None)
    assert len(str(caught.value)) < 400


def test_names_of_samplers_and_schedules_agree_in_all_rooms() -> None:
    assert SAMPLER_ALIASES.keys() == SAMPLERS.keys() == SAMPLER_LABELS.keys()
    assert SCHEDULE_ALIASES.keys() == SCHEDULES.keys() == SCHEDULE_LABELS.keys()


def test_what_we_write_into_files_is_understood_when_it_is_typed() -> None:
    for name, label in SAMPLER_LABELS.items():
        assert recipe(sampler=label).sampler == name
    for name, label in SCHEDULE_LABELS.items():
        assert recipe(schedule=label).schedule == name


def test_no_alias_means_two_things() -> None:
    for known in (SAMPLER_ALIASES, SCHEDULE_ALIASES):
        spelled = [word for name, aliases in known.items() for word in (name, *aliases)]
        assert len(set(spelled)) == len(spelled)
        assert spelled == [word.casefold() for word in spelled]


@pytest.mark.parametrize("field", ["sampler", "schedule"])
def test_a_recipe_with_a_name_of_tomorrow_is_refused(field: str) -> None:
    check_known(recipe())
    with pytest.raises(UnknownName, match=f"{field} = 'tomorrow'"):
        check_known(replace(recipe(), **{field: "tomorrow"}))


@pytest.mark.parametrize("name", MODES)
def test_the_parts_of_every_mode_are_there(name: str) -> None:
    for part in fields(Mode):
        place = getattr(MODES[name], part.name)
        assert not place or callable(import_object(place))
    assert import_object(MODES[name].request).model_fields["mode"].default == name


@pytest.mark.parametrize(
    ("asked", "tile"),
    [
        ({}, 0),
        ({"low_memory": True}, 512),
        ({"decode_tile": 128}, 128),
        ({"low_memory": True, "decode_tile": 256}, 256),
        ({"low_memory": True, "decode_tile": 0}, 0),
    ],
)
def test_tiles_of_decoding_are_recorded(asked: dict[str, Any], tile: int) -> None:
    made = recipe(**asked)
    assert made.numerics.decode_tile == tile
    assert made.numerics.attention_slice == asked.get("low_memory", False)
    assert "decode_tile" not in made.request.to_dict()


@pytest.mark.parametrize("side", [100, 32, -64, 8192])
def test_tiles_of_decoding_are_multiples_of_64(side: int) -> None:
    with pytest.raises(BadRequest, match="decode_tile"):
        recipe(decode_tile=side)

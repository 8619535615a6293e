"""What may be asked, and what is said about the rest."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from sdplay.core.errors import BadRequest, BadRequests, UnknownName
from sdplay.core.fields import LARGEST_SEED, LONGEST_PROMPT
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.requests.base import Request, field_info, field_names, make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.modes import request_from
from sdplay.requests.txt2img import Txt2Img

BAD = {
    "empty prompt": ("prompt", "", "is empty"),
    "blank prompt": ("prompt", " \t\n ", "is empty"),
    "prompt of a hundred thousand characters": ("prompt", "x" * 100_000, f"at most {LONGEST_PROMPT} characters"),
    "prompt with a NUL": ("prompt", "a\0b", "contains a NUL"),
    "prompt with half a surrogate pair": ("prompt", "a\ud83c", "half a surrogate pair"),
    "prompt of bytes": ("prompt", b"apple", "valid string"),
    "prompt of None": ("prompt", None, "valid string"),
    "negative with a NUL": ("negative_prompt", "\0", "contains a NUL"),
    "negative too long": ("negative_prompt", "x" * 100_000, "at most"),
    "width 0": ("width", 0, "greater than or equal to 64"),
    "width 63": ("width", 63, "greater than or equal to 64"),
    "width 65": ("width", 65, "nearest are 64 and 72"),
    "width a thousand million": ("width", 10**9, "less than or equal to 4096"),
    "width negative": ("width", -64, "greater than or equal to 64"),
    "width True": ("width", True, "valid integer"),
    "width as a fraction": ("width", 64.0, "valid integer"),
    "width as text": ("width", "64", "valid integer"),
    "height 0": ("height", 0, "greater than or equal to 64"),
    "height 65": ("height", 65, "nearest are 64 and 72"),
    "height a thousand million": ("height", 10**9, "less than or equal to 4096"),
    "steps 0": ("steps", 0, "greater than or equal to 1"),
    "steps 1001": ("steps", 1001, "less than or equal to 1000"),
    "steps True": ("steps", True, "valid integer"),
    "guidance NaN": ("guidance_scale", float("nan"), "finite"),
    "guidance infinite": ("guidance_scale", float("inf"), "finite"),
    "guidance minus infinite": ("guidance_scale", float("-inf"), "finite"),
    "guidance negative": ("guidance_scale", -0.5, "greater than or equal to 0"),
    "guidance True": ("guidance_scale", True, "valid number"),
    "guidance as text": ("guidance_scale", "7", "valid number"),
    "seed negative": ("seed", -1, "greater than or equal to 0"),
    "seed too large": ("seed", LARGEST_SEED + 1, "less than or equal to"),
    "seed True": ("seed", True, "valid integer"),
    "num 0": ("num", 0, "greater than or equal to 1"),
    "num too large": ("num", 100_001, "less than or equal to 100000"),
    "num True": ("num", True, "valid integer"),
    "model empty": ("model", "", "at least 1 character"),
    "noise unknown": ("noise", "dice", "'philox' or 'torch'"),
    "precision unknown": ("precision", "float8", "'float32'"),
    "mode of another kind": ("mode", "img2img", "'txt2img'"),
}


@pytest.mark.parametrize(("field", "value", "reason"), BAD.values(), ids=BAD)
def test_a_bad_value_is_refused_with_field_value_and_reason(field: str, value: object, reason: str) -> None:
    with pytest.raises(BadRequest) as caught:
        make_request(Txt2Img, **{"prompt": "a cat", field: value})
    error = caught.value
    assert error.field == field
    assert error.value is value
    assert reason in error.reason
    assert error.exit_code == 2
    assert field in str(error)
    assert len(str(error)) < 400
    assert "\n  → " in str(error) or field == "mode"  # every field that a person sets says what it is for


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("stpes", "steps"), ("guidence_scale", "guidance_scale"), ("Prompt", "prompt"), ("negatve", "negative_prompt")],
)
def test_an_unknown_field_gets_a_guess(typed: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=rf"did you mean '{meant}'\? nearest of \d+: {meant}(, \w+){{4}}$") as caught:
        make_request(Txt2Img, **{"prompt": "a cat", typed: 3})
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("kind", [Txt2Img, Img2Img, Inpaint, Animate, Dream])
def test_whichever_door_a_wrong_field_is_an_error_of_ours(kind: type[Request]) -> None:
    needed = {"prompt": "a", "image": "a.png", "mask": "b.png", "animation_prompts": "a", "prompts": ["a", "b"]}
    fields = {name: value for name, value in needed.items() if name in kind.model_fields}
    doors: list[Callable[[dict[str, Any]], Request]] = [
        lambda wrong: kind(**fields, **wrong),
        lambda wrong: make_request(kind, **fields, **wrong),
        lambda wrong: kind.model_validate({**fields, **wrong}),
        lambda wrong: kind.model_validate_json(json.dumps({**fields, **wrong})),
        lambda wrong: TypeAdapter(kind).validate_python({**fields, **wrong}),
    ]
    for door in doors:
        for wrong, field in (({"steps": -1}, "steps"), ({"precision": "half"}, "precision"), ({"stepz": 1}, "option")):
            with pytest.raises(BadRequest) as caught:
                door(wrong)
            assert caught.value.field == field
        with pytest.raises(BadRequests) as several:
            door({"steps": -1, "guidance_scale": -1, "stepz": 1})
        assert {each.field for each in several.value.problems} == {"steps", "guidance_scale", "option"}


@pytest.mark.parametrize("name", ["kind", "self", "zzzz", "fields"])
def test_an_unknown_field_of_any_name_is_refused_in_the_same_way(name: str) -> None:
    with pytest.raises(UnknownName) as caught:
        make_request(Txt2Img, **{"prompt": "a cat", name: 3})
    assert caught.value.value == name


def test_nothing_asked_says_that_the_prompt_is_missing() -> None:
    with pytest.raises(BadRequest, match=r"^prompt = None: field required") as caught:
        make_request(Txt2Img)
    assert caught.value.field == "prompt"


@pytest.mark.parametrize("mode", ["txt2img2", "", None, 3, ["txt2img"], {}])
def test_an_unknown_mode_is_refused_by_name(mode: object) -> None:
    with pytest.raises(UnknownName) as caught:
        request_from({"mode": mode, "prompt": "a cat"})
    assert caught.value.field == "mode"
    assert "txt2img" in caught.value.hint


def test_an_unknown_mode_gets_a_guess() -> None:
    with pytest.raises(UnknownName, match="did you mean 'txt2img'"):
        request_from({"mode": "text2img", "prompt": "a cat"})


def test_the_mode_chooses_the_kind() -> None:
    assert type(request_from({"mode": "txt2img", "prompt": "a cat"})) is Txt2Img
    assert type(request_from({"prompt": "a cat"})) is Txt2Img


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", "x" * LONGEST_PROMPT),
        ("prompt", "🍎"),
        ("prompt", 'first line\nsecond "line", with: marks\r\n\x85'),
        ("negative_prompt", ""),
        ("width", 64),
        ("width", 4096),
        ("height", 72),
        ("steps", 1),
        ("steps", 1000),
        ("guidance_scale", 0.0),
        ("guidance_scale", 100.0),
        ("seed", 0),
        ("seed", LARGEST_SEED),
        ("num", 1),
        ("num", 100_000),
    ],
)
def test_values_at_the_edge_are_kept_as_they_are(field: str, value: object) -> None:
    request = make_request(Txt2Img, **{"prompt": "a cat", field: value})
    assert getattr(request, field) == value


def test_a_whole_number_is_a_guidance_too() -> None:
    assert make_request(Txt2Img, prompt="a cat", guidance_scale=7).guidance_scale == 7.0
    assert isinstance(make_request(Txt2Img, prompt="a cat", guidance_scale=7).guidance_scale, float)


def test_what_is_not_asked_stays_open() -> None:
    request = make_request(Txt2Img, prompt="a cat")
    open_fields = ("seed", "steps", "guidance_scale", "sampler", "schedule", "width", "height")
    assert [getattr(request, name) for name in open_fields] == [None] * len(open_fields)


def test_a_request_cannot_be_changed() -> None:
    request = make_request(Txt2Img, prompt="a cat")
    with pytest.raises(ValidationError, match="frozen"):
        request.seed = 3  # type: ignore[misc]


def test_every_field_has_a_description_and_a_flag_of_its_own() -> None:
    flags = []
    for name in field_names(Txt2Img):
        info = field_info(Txt2Img, name)
        if name == "mode":
            continue
        assert info.description, name
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        flags.append(str(extra.get("flag", name)))
    assert all(one != other for one, other in itertools.combinations(flags, 2))


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("None", "None"),
        ("Match Frame 0 RGB", "RGB"),
        ("match frame 0 hsv", "HSV"),
        ("  MatchFrame0 LAB ", "LAB"),
        ("lab mean", "LAB_mean"),
        ("video-input", "Video Input"),
    ],
)
def test_a_choice_is_known_in_any_spelling_and_by_deforums_names(text: str, mode: str) -> None:
    assert make_request(Animate, animation_prompts="a", color_coherence=text).color_coherence == mode


def test_a_choice_that_is_none_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRequest, match=r"'None', 'RGB', 'HSV', 'LAB', 'LAB_mean', 'Video Input' or 'Image'"):
        make_request(Animate, animation_prompts="a", color_coherence="Match Frame 1 RGB")


def test_one_text_where_several_may_stand_is_one_of_them() -> None:
    assert make_request(Txt2Img, prompt="a", lora="blueprint:0.8").lora == ("blueprint:0.8",)
    assert make_request(Txt2Img, prompt="a", lora=["blueprint", "framed"]).lora == ("blueprint", "framed")

"""A recipe keeps all that a picture depends on, and comes back from its JSON as it was."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.core.fields import LARGEST_SEED
from sdplay.core.sample import Asset, ClipAsset, FileAsset, ImageAsset
from sdplay.requests.base import Request, field_marks
from sdplay.requests.recipe import Numerics, Recipe, asset_from, canonical_json
from sdplay.requests.txt2img import Txt2Img
from tests.support.recipes import recipe

PROMPTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=200).filter(str.strip)
NEGATIVES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)


@given(
    prompt=PROMPTS,
    negative=NEGATIVES,
    seed=st.integers(0, LARGEST_SEED - 99_999),
    guidance=st.floats(0, 100),
    steps=st.integers(1, 1000),
    width=st.integers(8, 512).map(lambda n: n * 8),
)
def test_a_recipe_survives_its_json(
    prompt: str, negative: str, seed: int, guidance: float, steps: int, width: int
) -> None:
    before = recipe(prompt, negative_prompt=negative, seed=seed, guidance_scale=guidance, steps=steps, width=width)
    after = Recipe.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after.digest == before.digest
    assert after.to_dict() == before.to_dict()
    assert (after.request.prompt, after.request.negative_prompt) == (prompt, negative)
    assert (after.seed, after.steps, after.guidance_scale, after.width) == (seed, steps, guidance, width)


def test_seed_zero_is_a_seed() -> None:
    assert recipe(seed=0, new_seed=99).seed == 0
    assert recipe(seed=None, new_seed=99).seed == 99
    assert Recipe.from_dict(recipe(seed=0).to_dict()).request.seed == 0


def test_a_guidance_of_zero_is_a_guidance() -> None:
    assert recipe(guidance_scale=0.0).guidance_scale == 0.0


# Parts of the numerics that older recipes lack, with what they mean there.
LATER_PARTS = {part.name: part.metadata["if_absent"] for part in fields(Numerics) if "if_absent" in part.metadata}


def left_out(request: Request) -> set[str]:
    """The fields that older recipes lack and that ask for nothing in `request`, and those without an effect there."""
    marked = {name for name in type(request).model_fields if "if_absent" in field_marks(type(request), name)}
    return (marked | request.unused_fields()) - request.to_dict().keys() - {"prompt_syntax"}


def changed(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(ingredients: dict[str, Any]) -> None:
        *parents, last = path.split(".")
        for parent in parents:
            ingredients = ingredients[parent]
        assert ingredients.get(last, LATER_PARTS.get(last)) != value
        ingredients[last] = value

    return change


# Every ingredient with another allowed value: a test below holds that none is forgotten here.
OTHER = {
    "prompt": "a red apples",
    "negative_prompt": "blurry",
    "noise": "torch",
    "width": 72,
    "height": 72,
    "steps": 5,
    "guidance_scale": 3.5,
    "guidance_rescale": 0.7,
    "clip_skip": 2,
    "quality": "draft",
    "eta": 0.5,
    "vae": "mine",
    "sampler": "ddim",
    "schedule": "karras",
    "seed": 8,
    "model.name": "another",
    "model.digest": "cd" * 32,
    "model.family": "sdxl",
    "lora": ["x:0.5"],
    "embedding": ["x.safetensors"],
    "hires_scale": 1.5,
    "numerics.revision": 2,
    "numerics.engine": "openvino",
    "numerics.device": "cuda",
    "numerics.dtype": "bfloat16",
    "numerics.decode_dtype": "bfloat16",
    "numerics.tile": 4,
    "numerics.threads": 2,
    "numerics.decode_tile": 512,
    "numerics.attention_slice": True,
}
ONE_VALUE_SO_FAR = {"mode", "format"}
OF_A_SECOND_PASS = {"hires_upscaler": "lanczos", "hires_steps": 3, "hires_strength": 0.5}  # where there is one
NOT_SAID_WHERE_PLAIN = {"prompt_syntax"}  # see the tests of recipes without it below
NEVER_ALONE = {"control_image", "controlnet", "latents"}  # see test_control.py and test_latents.py
WITH_A_CONTROL_IMAGE = {  # see tests/jobs/test_add_ons.py
    *("control_preprocessor", "canny_low", "canny_high", "control_scale", "control_start", "control_end"),
}


@pytest.mark.parametrize(("path", "value"), OTHER.items(), ids=OTHER)
def test_every_ingredient_changes_the_digest(path: str, value: Any) -> None:
    before = recipe()
    ingredients = copy.deepcopy(before.to_dict())
    changed(path, value)(ingredients)
    after = Recipe.from_dict(ingredients)
    assert after.to_dict() == ingredients  # it was read, not dropped
    assert after.digest != before.digest


def test_no_ingredient_is_forgotten_above() -> None:
    ingredients = recipe().to_dict()
    paths = {
        f"{name}.{inner}" if inner else name
        for name, value in ingredients.items()
        for inner in (value if isinstance(value, dict) else [""])
    }
    known = OTHER.keys() | OF_A_SECOND_PASS.keys() | ONE_VALUE_SO_FAR | NOT_SAID_WHERE_PLAIN
    known |= NEVER_ALONE | WITH_A_CONTROL_IMAGE
    later = {f"numerics.{name}" for name in LATER_PARTS} | left_out(recipe().request)
    assert paths | later == known
    assert paths.isdisjoint(later)


@pytest.mark.parametrize(
    "change", [{"num": 5}, {"device": "cpu"}, {"precision": "float32"}, {"allow_pickle": True}], ids=str
)
def test_how_many_and_where_are_no_ingredients(change: dict[str, Any]) -> None:
    assert recipe(**change).digest == recipe().digest


@pytest.mark.parametrize(("name", "value"), OF_A_SECOND_PASS.items(), ids=OF_A_SECOND_PASS)
def test_how_a_second_pass_is_drawn_counts_where_there_is_one(name: str, value: Any) -> None:
    assert recipe(**{name: value}).digest == recipe().digest
    larger = recipe(hires_scale=2, **{name: value})
    assert larger.digest != recipe(hires_scale=2).digest
    assert Recipe.from_dict(larger.to_dict()).digest == larger.digest


def test_every_field_of_a_request_is_an_ingredient_or_is_known_not_to_be() -> None:
    settled = recipe()
    assert Txt2Img.model_fields.keys() - settled.to_dict().keys() - left_out(settled.request) == {
        *("num", "style", "styles_file", "wildcards", "anyway", "run"),
    }


class Txt2ImgOfTomorrow(Txt2Img):
    """A request with a field that older recipes do not have."""

    sharpness: float = Field(default=0.0, json_schema_extra={"if_absent": 0.0})


def test_a_field_that_came_later_leaves_older_recipes_as_they_were() -> None:
    today = recipe()
    asked = today.request.model_dump()
    tomorrow = replace(today, request=Txt2ImgOfTomorrow(**asked))
    assert tomorrow.to_dict() == today.to_dict()
    assert tomorrow.digest == today.digest
    sharper = replace(today, request=Txt2ImgOfTomorrow(**asked, sharpness=0.5))
    assert sharper.to_dict() == {**today.to_dict(), "sharpness": 0.5}
    assert sharper.digest != today.digest


def test_asking_for_the_defaults_by_name_gives_the_same_recipe() -> None:
    settled = recipe()
    spelled = recipe(
        seed=settled.seed,
        steps=settled.steps,
        guidance_scale=settled.guidance_scale,
        sampler=settled.sampler,
        schedule=settled.schedule,
        width=settled.width,
        height=settled.height,
    )
    assert spelled.digest == settled.digest


def without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(ingredients: dict[str, Any]) -> None:
        *parents, last = name.split(".")
        for parent in parents:
            ingredients = ingredients[parent]
        del ingredients[last]

    return change


DAMAGE = {
    "no format": without("format"),
    "a format of tomorrow": changed("format", 2),
    "no model": without("model"),
    "no model digest": without("model.digest"),
    "a model that is a list": changed("model", []),
    "a model whose name is a number": changed("model.name", 3),
    "no numerics": without("numerics"),
    "numerics that are null": changed("numerics", None),
    "numerics of tomorrow": lambda i: i["numerics"].update(cache="on"),
    "an empty tile": changed("numerics.tile", 0),
    "a tile beyond all memory": changed("numerics.tile", 10**9),
    "a tile that is true": lambda i: i["numerics"].update(tile=True),
    "a tile in letters": changed("numerics.tile", "1"),
    "a million threads": changed("numerics.threads", 10**6),
    "negative threads": changed("numerics.threads", -1),
    "a tile to decode of a few pixels": changed("numerics.decode_tile", 8),
    "slices that are a number": changed("numerics.attention_slice", 1),
    "a number format that is a function of torch": changed("numerics.dtype", "load"),
    "a device that is a path": changed("numerics.device", "../cpu"),
    "steps left open": changed("steps", None),
    "no steps": without("steps"),
    "a seed left open": changed("seed", None),
    "a guidance that is not a number": changed("guidance_scale", float("nan")),
    "a sampler left open": changed("sampler", None),
    "a width out of bounds": changed("width", 10**9),
    "no prompt": without("prompt"),
    "an unknown mode": changed("mode", "telepathy"),
    "an unknown field": lambda i: i.update(surprise=1),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_recipe_is_refused_with_an_error_of_ours(damage: Callable[[dict[str, Any]], None]) -> None:
    ingredients = copy.deepcopy(recipe().to_dict())
    damage(ingredients)
    with pytest.raises(BadRequest) as caught:
        Recipe.from_dict(ingredients)
    assert caught.value.field


def test_a_recipe_of_tomorrow_says_which_format_is_known() -> None:
    with pytest.raises(BadRequest, match=r"format = 2: .*\n.*this version reads format 1"):
        Recipe.from_dict({**recipe().to_dict(), "format": 2})


def test_a_recipe_cannot_be_changed_but_one_can_be_derived() -> None:
    first = recipe()
    with pytest.raises(FrozenInstanceError):
        first.steps = 9  # type: ignore[misc]
    second = replace(first, steps=9)
    assert (first.steps, second.steps) == (4, 9)
    assert second.digest != first.digest


def test_canonical_json_has_one_spelling() -> None:
    assert canonical_json({"b": 1, "a": [1.5, None, True, "é\n🍎"]}) == '{"a":[1.5,null,true,"é\\n🍎"],"b":1}'
    assert canonical_json({"a": 1, "b": 2}) == canonical_json({"b": 2, "a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": float("nan")})


def test_the_digest_of_a_known_recipe_does_not_drift() -> None:
    """A change here means that no file drawn so far is found again by its digest: raise `FORMAT` then."""
    settled = recipe("a red apple", seed=0, prompt_syntax="plain")
    assert canonical_json(settled.to_dict()) == (
        '{"format":1,"guidance_scale":3.0,"height":64,"mode":"txt2img","model":{"digest":"' + "ab" * 32 + '",'
        '"family":"sd","name":"pretend"},"negative_prompt":"","noise":"philox","numerics":{"decode_dtype":"float32",'
        '"device":"cpu","dtype":"float32","engine":"torch","revision":1,"threads":1,"tile":1},"prompt":"a red apple",'
        '"sampler":"euler","schedule":"trailing","seed":0,"steps":4,"width":64}'
    )


def test_numerics_have_a_default_for_every_part() -> None:
    ingredients = recipe().to_dict()["numerics"]
    assert {field.name for field in fields(Numerics)} == ingredients.keys() | LATER_PARTS.keys()
    assert {name: getattr(Numerics(), name) for name in LATER_PARTS} == LATER_PARTS
    assert Numerics() == Numerics(revision=1, engine="torch", device="cpu", dtype="float32", tile=1, threads=0)


def test_errors_of_reading_are_ours_whatever_the_json_is() -> None:
    for value in ({}, {"format": 1}, {"format": "1"}, {"format": None, "model": 1}):
        with pytest.raises(SdplayError):
            Recipe.from_dict(value)


def test_a_recipe_without_a_syntax_is_plain_and_keeps_its_digest() -> None:
    """Every recipe was, before prompts had a notation."""
    plain, noted = recipe("a (red:2) apple", prompt_syntax="plain"), recipe("a (red:2) apple")
    assert "prompt_syntax" not in plain.to_dict()
    back = Recipe.from_dict(plain.to_dict())
    assert (back.request.prompt_syntax, back.digest) == ("plain", plain.digest)
    assert noted.digest != plain.digest
    assert Recipe.from_dict(noted.to_dict()).request.prompt_syntax == "a1111"


def test_each_kind_of_file_comes_back_as_what_it_is() -> None:
    picture = ImageAsset(path="a.png", digest="ab" * 32, width=64, height=48)
    clip = ClipAsset(path="a.mp4", digest="cd" * 32, width=64, height=48)
    sound = FileAsset(path="a.wav", digest="ef" * 32)
    assets: dict[str, Asset] = {"init_image": picture, "video_init_path": clip, "audio": sound}
    kept = replace(recipe(), assets=assets).to_dict()["assets"]
    assert {role: asset_from(role, said) for role, said in kept.items()} == assets
    assert kept["audio"] == {"path": "a.wav", "digest": "ef" * 32, "width": 1, "height": 1}  # as it always was


def test_the_lines_of_wildcards_are_ingredients() -> None:
    one, other = (replace(recipe("a cat"), wildcards={"c": lines}) for lines in (("red",), ("red", "blue")))
    assert one.digest != other.digest
    back = Recipe.from_dict(json.loads(json.dumps(other.to_dict())))
    assert (back.wildcards, back.digest) == (other.wildcards, other.digest)
    with pytest.raises(BadRequest, match="damaged"):
        Recipe.from_dict(one.to_dict() | {"wildcards": {"c": [1]}})

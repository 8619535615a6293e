"""Choices, wildcards and styles in films: made once a prompt, from the film's seed, and recorded as made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.executors.fake import FakeExecutor
from sdplay.film.plan import AnyFilm
from sdplay.film.plan_dream import DreamPlan
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.prompts.template import resolved
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.studio import Studio
from tests.support.fakemodel import fake_model

LINES = {"color": ("red", "blue", "green", "{light|dark} gray")}
TEMPLATE = "a __color__ {apple|cat}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "wildcards").mkdir()
    (tmp_path / "wildcards" / "color.txt").write_text("\n".join(LINES["color"]), encoding="utf-8")
    styles = "name,prompt,negative_prompt\nicon,flat icon of {prompt},blurry\nsky,on a {blue|purple} background,\n"
    (tmp_path / "styles.csv").write_text(styles, encoding="utf-8")
    fake_model(tmp_path / "fake")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def settled(**fields: Any) -> Recipe:
    kind: type[AnyFilm] = Animate if "animation_prompts" in fields else Dream
    with Studio(FakeExecutor(), new_seed=lambda: 40) as studio:
        return studio.resolve(make_request(kind, model="fake", **fields)).recipe


def meant(seed: int, field: str = "prompt", text: str = TEMPLATE) -> str:
    return resolved(text, LINES, seed, field)


@pytest.mark.parametrize("seed", [3, None])
def test_prompt_j_makes_the_choices_of_picture_j_of_a_batch(desk: Path, seed: int | None) -> None:
    recipe = settled(prompts=[TEMPLATE] * 12, negative_prompt=TEMPLATE, seed=seed, num=12)
    first = 40 if seed is None else seed
    assert isinstance(recipe.request, Dream)
    assert recipe.request.prompts == tuple(meant(first + j) for j in range(12))
    assert len(set(recipe.request.prompts)) > 4
    assert recipe.request.negative_prompt == meant(first, "negative_prompt")
    assert Recipe.from_dict(recipe.to_dict()).digest == recipe.digest
    frames = [DreamPlan(recipe).key(j).prompt for j in range(12)]
    assert [words.prompt for words in frames] == list(recipe.request.prompts)


def test_keyframes_and_their_negatives_make_choices_too(desk: Path) -> None:
    keys = [{"frame": 0, "prompt": TEMPLATE, "negative": "{a|b|c}"}, {"frame": 5, "prompt": "a cat"}]
    recipe = settled(keyframes=keys, seed=8)
    assert isinstance(recipe.request, Dream)
    first, second = recipe.request.keyframes
    assert (first.prompt, first.negative) == (meant(8), meant(8, "negative_prompt", "{a|b|c}"))
    assert (second.prompt, second.negative) == ("a cat", None)


def test_prompts_of_an_animation_keep_frames_negatives_and_arithmetic(desk: Path) -> None:
    prompts = {"0": f"{TEMPLATE} (tree:`1+sin(t)`) --neg {{dark|dim}}", "10": "a [cat|dog]", "max_f-1": TEMPLATE}
    recipe = settled(animation_prompts=prompts, seed=5, max_frames=20)
    assert isinstance(recipe.request, Animate)
    assert json.loads(recipe.request.animation_prompts) == [
        ["0", f"{meant(5)} (tree:`1+sin(t)`) --neg {meant(5, 'negative_prompt', '{dark|dim}')}"],
        ["10", "a [cat|dog]"],
        ["max_f-1", meant(7)],
    ]


def test_styles_go_into_every_prompt_and_may_hold_choices(desk: Path) -> None:
    dream = settled(prompts=["a cat", "an apple"], style=("icon", "sky"), seed=1).request
    assert isinstance(dream, Dream)
    sky = [
        resolved(f"flat icon of {it}, on a {{blue|purple}} background", {}, 1 + j)
        for j, it in enumerate(("a cat", "an apple"))
    ]
    assert (dream.prompts, dream.negative_prompt, dream.style) == (tuple(sky), "blurry", ())
    moved = settled(animation_prompts={"0": "a cat", "5": "a hat --neg dark"}, style=("icon",)).request
    assert isinstance(moved, Animate)
    assert json.loads(moved.animation_prompts) == [
        ["0", "flat icon of a cat"],
        ["5", "flat icon of a hat --neg dark, blurry"],
    ]
    assert moved.negative_prompt == "blurry"


@pytest.mark.parametrize(
    "fields",
    [
        {"prompts": ["a (red:1.2) [cat|dog]", "snake_case {one}"], "negative_prompt": "dim"},
        {"animation_prompts": '{"0": "a [cat|dog]",  "7": "a hat --neg  x"}'},
        {"prompts": [TEMPLATE], "prompt_syntax": "plain"},
    ],
)
def test_a_film_without_any_of_it_is_the_film_it_was(desk: Path, fields: dict[str, Any]) -> None:
    asked = make_request(Animate if "animation_prompts" in fields else Dream, model="fake", seed=1, **fields)
    recipe = settled(seed=1, **fields)
    assert recipe.request == asked
    assert not {"style", "styles_file", "wildcards"} & recipe.to_dict().keys()


def test_what_is_not_there_is_refused_by_its_field(desk: Path) -> None:
    with pytest.raises(BadRequest, match=r"there is no colour\.txt"):
        settled(prompts=["a __colour__ cat"])
    with pytest.raises(UnknownName, match="icon"):
        settled(animation_prompts="a cat", style=("icons",))


@pytest.mark.parametrize("field", ["animation_prompts", "zoom", "seed_schedule"])
@pytest.mark.parametrize(("text", "why"), [("0:(1) \udcff", "half a surrogate pair"), ("0:(1) \0", "NUL")])
def test_what_is_no_character_is_refused_where_texts_are_made_from_other_values(
    field: str, text: str, why: str
) -> None:
    fields = {"animation_prompts": "a"} | {field: text}
    with pytest.raises(BadRequest, match=why) as caught:
        make_request(Animate, **fields)
    assert caught.value.field == field


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_a_device_without_an_end_is_no_sound(desk: Path) -> None:
    with pytest.raises(BadRequest, match="not a regular file") as caught:
        settled(animation_prompts="a", max_frames=2, audio="/dev/zero")
    assert caught.value.field == "audio"

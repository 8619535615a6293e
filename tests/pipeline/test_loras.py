"""Pictures drawn with LoRAs: a function of recipe and index like all others, whatever was drawn before them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest, NotReproduced, UnknownName
from sdplay.core.sample import LerpPrompt, PromptPair
from sdplay.engines.device import make_placement
from sdplay.families.base import load_family
from sdplay.film.request_dream import Dream
from sdplay.library.library import Library
from sdplay.pipeline.conditioning import text_loras, unet_loras
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe, plan
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import ResolvedRequest, Studio
from tests.support import child, loras
from tests.support.drawing import DEFAULTS, digests, each_alone

CHOICES = "a {red|blue} apple {<lora:one:0.7>|<lora:two:-1>|<lora:one:0.5:0><lora:two:0.2>|}"
IN_A_CHILD = """
import json, sys
from pathlib import Path
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.library.library import Library
from sdplay.studio import Studio
from tests.support.drawing import digests
root, fields = json.loads(sys.argv[1])
studio = Studio(library=Library(home=Path(root) / "home", roots=(Path(root),)))
print(json.dumps(digests(studio, studio.resolve(make_request(Txt2Img, **fields)), [4, 1])))
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """A folder with two LoRAs for the tiny model in its library, which touch network and text encoder, and one more."""
    root = tmp_path_factory.mktemp("loras")
    family = load_family("sd", tiny, make_placement("cpu", "float32", "float32"))
    for seed, name in enumerate(("one", "two"), start=1):
        loras.write(root / "loras" / f"{name}.safetensors", loras.kohya(loras.layers_of(family), seed))
    loras.write(root / "beside.safetensors", loras.peft(loras.layers_of(family), 3))
    return root


@pytest.fixture(scope="module")
def studio(root: Path) -> Iterator[Studio]:
    with Studio(library=Library(home=root / "home", roots=(root,))) as studio:
        yield studio


def asked(tiny: Path, prompt: str, **fields: Any) -> dict[str, Any]:
    numerics = {"precision": "float32", "device": "cpu", "width": 64, "height": 64}
    return {"prompt": prompt, "model": str(tiny), **DEFAULTS, **numerics, **fields}


def settled(studio: Studio, tiny: Path, prompt: str, **fields: Any) -> ResolvedRequest:
    return studio.resolve(make_request(Txt2Img, **asked(tiny, prompt, **fields)))


def first(studio: Studio, what: ResolvedRequest) -> str:
    return digests(studio, what, [0])[0]


@pytest.mark.parametrize("tile", [1, 4])
def test_the_same_bits_alone_in_any_batch_and_in_another_process(
    tile: int, studio: Studio, tiny: Path, root: Path
) -> None:
    what = settled(studio, tiny, CHOICES, num=8, batch_size=tile)
    batch = digests(studio, what, range(8))
    worn = {unet_loras(what.recipe, frame.prompt) for frame in plan(what.recipe, range(8))}
    assert len(worn) > 1  # pictures of one batch do not wear the same
    assert len(set(batch.values())) == 8
    assert digests(studio, what, [5, 0, 7, 1]) == {5: batch[5], 0: batch[0], 7: batch[7], 1: batch[1]}
    assert each_alone(studio, what, [0, 3]) == {0: batch[0], 3: batch[3]}
    if tile == 4:
        given = json.dumps([str(root), asked(tiny, CHOICES, num=8, batch_size=tile)])
        assert json.loads(child.run(IN_A_CHILD, given)) == {"4": batch[4], "1": batch[1]}


def test_every_weight_counts_and_none_leaves_a_trace(studio: Studio, tiny: Path, root: Path) -> None:
    prompts = [
        "",
        "<lora:one:1>",
        "<lora:one:0.5>",
        "<lora:one:-1>",
        "<lora:one:0:1>",
        "<lora:one:1:0>",
        "<lora:two:1>",
    ]
    prompts += ["<lora:one:1><lora:two:1>"]
    found = [first(studio, settled(studio, tiny, f"a red apple{notation}")) for notation in prompts]
    assert len(set(found)) == len(found)
    for nothing in ("", "<lora:one:0>", "<lora:one:0.5><lora:two:0><lora:one:-0.5>"):
        assert first(studio, settled(studio, tiny, f"a red apple{nothing}")) == found[0]
    swapped = settled(studio, tiny, "<lora:two:1>a red apple<lora:one:1>")
    assert first(studio, swapped) == found[-1]


def test_the_field_says_the_same_as_the_prompt(studio: Studio, tiny: Path, root: Path) -> None:
    in_prompt = first(studio, settled(studio, tiny, "a red apple<lora:one:0.3:0.6>"))
    assert first(studio, settled(studio, tiny, "a red apple", lora=("one:0.3:0.6",))) == in_prompt
    by_path = str(root / "loras" / "one.safetensors")
    assert first(studio, settled(studio, tiny, "a red apple", lora=(f"{by_path}:0.3:0.6",))) == in_prompt
    beside = settled(studio, tiny, "a red apple<lora:beside:0.5>", lora=(str(root / "beside.safetensors") + ":0.5",))
    alone = settled(studio, tiny, "a red apple", lora=(str(root / "beside.safetensors"),))
    assert first(studio, beside) == first(studio, alone)


# Files as people have them, and what a prompt calls each.
NAMES = {
    "with space": "with space",
    "comma, v1.2": "comma, v1.2",
    "rusty metal (style)": "rusty metal (style)",
    "[square] name": "[square] name",
    "dots.v1.5": "dots.v1.5",
    "v1.0": "v1.0.safetensors",
    "0.8": "0.8",
    "Größe 日本": "größe 日本",
    "trail ": "trail ",
    "AND, BREAK": "AND, BREAK",
    "a__b__c": r"a\__b\__c",
    "{curly} pi|pe": r"\{curly\} pi|pe",
    "styles/deep": "styles/deep",
    "styles/ink/deeper": r"ink\deeper.safetensors",
}


def test_names_with_spaces_commas_brackets_and_dots_are_names(studio: Studio, tiny: Path, root: Path) -> None:
    expected = first(studio, settled(studio, tiny, "a red apple<lora:one:0.3:0.6>"))
    file = (root / "loras" / "one.safetensors").read_bytes()
    for name, called in NAMES.items():
        path = root / "loras" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file)
        try:
            assert first(studio, settled(studio, tiny, f"a red apple<lora:{called}:0.3:0.6>")) == expected, name
            assert first(studio, settled(studio, tiny, "a red apple", lora=(f"{name}:0.3:0.6",))) == expected, name
        finally:
            path.unlink()


def test_folders_before_a_name_say_which_file_is_meant(
    studio: Studio, tiny: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("a", "one"), ("b", "two")):
        (root / "loras" / folder).mkdir()
        (root / "loras" / folder / "same.safetensors").write_bytes(
            (root / "loras" / f"{name}.safetensors").read_bytes()
        )
    by_name = [first(studio, settled(studio, tiny, f"an apple<lora:{name}:1>")) for name in ("one", "two")]
    assert [first(studio, settled(studio, tiny, f"an apple<lora:{x}/same:1>")) for x in "ab"] == by_name
    (kept,) = studio.draw(make_request(Txt2Img, **asked(tiny, "an apple<lora:b/same:1>")), out=tmp_path)
    (tmp_path / "b" / "same").mkdir(parents=True)  # a prompt's name is never a path, also when it is drawn again
    monkeypatch.chdir(tmp_path)
    (picture,) = tmp_path.glob("*.png")
    assert studio.verify(picture, model=str(tiny)).digest == kept.digest
    for elsewhere in ("c/same", "../b/same", str(root / "beside")):
        with pytest.raises(UnknownName, match="there is no such LoRA"):
            settled(studio, tiny, f"an apple<lora:{elsewhere}:1>")


def test_what_counts_is_the_file_and_not_where_it_is(studio: Studio, tiny: Path, root: Path) -> None:
    by_name = settled(studio, tiny, "a red apple", lora=("one:0.5",)).recipe
    by_path = settled(studio, tiny, "a red apple", lora=(f"{root}/loras/one.safetensors:0.5",)).recipe
    assert by_name.digest == by_path.digest
    assert by_name.digest != settled(studio, tiny, "a red apple", lora=("one:0.6",)).recipe.digest
    assert by_name.digest != settled(studio, tiny, "a red apple", lora=("two:0.5",)).recipe.digest
    again = Recipe.from_dict(json.loads(json.dumps(by_path.to_dict())))
    assert (again.digest, again.add_ons) == (by_name.digest, by_name.add_ons)
    plain = settled(studio, tiny, "a red apple").recipe
    assert {"lora", "add_ons"} & plain.to_dict().keys() == set()


def test_a_lora_that_changed_is_told(studio: Studio, tiny: Path, root: Path, tmp_path: Path) -> None:
    (kept,) = studio.draw(make_request(Txt2Img, **asked(tiny, "a red apple<lora:one:0.5>")), out=tmp_path)
    (path,) = tmp_path.glob("*.png")
    assert studio.verify(path, model=str(tiny)).digest == kept.digest
    file = root / "loras" / "one.safetensors"
    was = file.read_bytes()
    try:
        file.write_bytes((root / "loras" / "two.safetensors").read_bytes())
        with pytest.raises(NotReproduced, match="the LoRA 'one' is not the one it was drawn with"):
            studio.verify(path, model=str(tiny))
        file.unlink()
        with pytest.raises(UnknownName, match="there is no such LoRA"):
            studio.verify(path, model=str(tiny))
    finally:
        file.write_bytes(was)


def test_one_that_is_not_there_is_told_before_anything_is_loaded(studio: Studio, tiny: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        settled(studio, tiny, "a red apple <lora:twoo:1>")
    assert "did you mean 'two'?" in caught.value.hint
    with pytest.raises(BadRequest, match="'much' is not a weight of a LoRA"):
        settled(studio, tiny, "a red apple", lora=("one:much",))


def test_a_plain_prompt_and_a_negative_one_hold_no_loras(studio: Studio, tiny: Path) -> None:
    plain = settled(studio, tiny, "a red apple <lora:gone:1>", prompt_syntax="plain")
    negative = settled(studio, tiny, "a red apple", negative_prompt="<lora:gone:1>")
    for what in (plain, negative):
        assert what.recipe.add_ons == ()
        assert first(studio, what)


def test_between_two_pictures_of_a_film_there_is_as_much_as_lies_between(studio: Studio, tiny: Path) -> None:
    keys = ("a red apple", "a red apple <lora:one:0.5:0.8><lora:two:1>")
    film = {k: v for k, v in asked(tiny, "").items() if k != "prompt"} | {"prompts": keys, "num": 5, "batch_size": 4}
    what = studio.resolve(make_request(Dream, **film))
    one, two = (add_on.digest for add_on in what.recipe.add_ons)
    frames = list(plan(what.recipe, range(5)))
    weights = [dict(unet_loras(what.recipe, frame.prompt)) for frame in frames]
    assert [each.get(one, 0) for each in weights] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    assert [each.get(two, 0) for each in weights] == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert isinstance(frames[1].prompt, LerpPrompt)
    assert text_loras(what.recipe, frames[1].prompt) == ((), ((one, 0.5), (two, 1.0)))
    whole = digests(studio, what, range(5))
    assert len(set(whole.values())) == 5
    assert digests(studio, what, [3, 1]) == {3: whole[3], 1: whole[1]}


def test_a_recipe_without_the_file_is_refused(studio: Studio, tiny: Path) -> None:
    recipe = replace(settled(studio, tiny, "a red apple<lora:one:1>").recipe, add_ons=())
    with pytest.raises(BadRequest, match="the recipe holds no LoRA of this name"):
        unet_loras(recipe, PromptPair(prompt="<lora:one:1>", syntax="a1111"))

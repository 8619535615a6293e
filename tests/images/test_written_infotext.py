"""The `parameters` text as it is written, letter by letter, and as A1111's own rule reads it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sdplay.core.sample import Asset, ImageAsset
from sdplay.images.infotext import NOISE_LABELS, SAMPLER_LABELS, SCHEDULE_LABELS, UPSCALER_LABELS, infotext
from sdplay.images.infotext_grammar import quoted
from sdplay.interop import parse_infotext
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import Recipe
from sdplay.requests.resolve import resolve_request
from sdplay.requests.stills import prompt_of
from tests.support.recipes import MACHINE, MODEL, recipe

# The reader's pattern as conventions.md §4.1 has it.
A1111_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def called(name: str, made: Recipe) -> Recipe:
    return replace(made, model=replace(made.model, name=name))


def test_a_plain_picture() -> None:
    made = recipe("a red apple, 3d render", seed=7)
    assert infotext(made, 0, "0.1.0") == (
        "a red apple, 3d render\n"
        "Steps: 4, Sampler: Euler, Schedule type: SGM Uniform, CFG scale: 3.0, Seed: 7, Size: 64x64, "
        "Model hash: ababababab, Model: pretend, RNG: NV, Version: sdplay 0.1.0"
    )


def test_a_picture_with_everything() -> None:
    made = recipe(
        "a lighthouse (storm:1.2),\nsecond line",
        negative_prompt="blurry,\nlow quality",
        seed=965400086,
        steps=20,
        guidance_scale=7.5,
        sampler="DPM++ 2M Karras",
        width=512,
        height=768,
        noise="torch",
    )
    assert infotext(called("mine, v2: best", made), 3, "1.10.1") == (
        "a lighthouse (storm:1.2),\nsecond line\n"
        "Negative prompt: blurry,\nlow quality\n"
        "Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, Seed: 965400089, Size: 512x768, "
        'Model hash: ababababab, Model: "mine, v2: best", RNG: CPU, Version: sdplay 1.10.1'
    )


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (20, "20"),
        (7.0, "7.0"),
        ("512x768", "512x768"),
        ("v1-5 pruned_ema/only", "v1-5 pruned_ema/only"),
        ("Äpfel 🍎", "Äpfel 🍎"),
        ("a, b", '"a, b"'),
        ("a: b", '"a: b"'),
        ("a\nb", '"a\\nb"'),
        ('say "hi", you', '"say \\"hi\\", you"'),
        ("back\\slash, too", '"back\\\\slash, too"'),
        ("ünïcode, too", '"ünïcode, too"'),
        (True, "True"),
    ],
)
def test_a_value_is_quoted_exactly_where_a1111_quotes(value: object, written: str) -> None:
    assert quoted(value) == written


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1, max_size=40).filter(
    lambda name: name == name.strip() and "\u2028" not in name and "\u2029" not in name
)
PROMPTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)


@example(prompt="\\{", negative="\\}", name="0")
@given(prompt=PROMPTS, negative=st.text(st.characters(codec="utf-8", exclude_characters="\0")), name=NAMES)
def test_the_last_line_reads_back_by_a1111s_rule_whatever_the_words(prompt: str, negative: str, name: str) -> None:
    drawn = called(name, recipe(prompt, negative_prompt=negative, seed=5))
    text, words = infotext(drawn, 1, "0.1.0"), prompt_of(drawn, 1)
    pairs = {}
    for key, value in A1111_PAIR.findall(text.rpartition("\n")[2]):
        pairs[key] = json.loads(value) if value[:1] == value[-1:] == '"' else value
    assert pairs == {
        "Steps": "4",
        "Sampler": "Euler",
        "Schedule type": "SGM Uniform",
        "CFG scale": "3.0",
        "Seed": "6",
        "Size": "64x64",
        "Model hash": "ababababab",
        "Model": name,
        "RNG": "NV",
        **({"Template": prompt} if words.prompt != prompt else {}),  # "\\{" is a bracket, say
        **({"Negative Template": negative} if words.negative_prompt != negative else {}),
        "Version": "sdplay 0.1.0",
    }
    assert text.startswith(words.prompt.lstrip()[:1])
    assert (f"\nNegative prompt: {words.negative_prompt}\n" in text) == bool(words.negative_prompt)


GIVEN = {"image": "a.png", "mask": "m.png"}


def redrawn(kind: type[Img2Img] | type[Inpaint], **asked: Any) -> Recipe:
    """The recipe of a picture drawn from one of 64x64 that does not exist."""
    roles = [role for role in GIVEN if role in kind.model_fields]
    assets: dict[str, Asset] = {
        role: ImageAsset(path=GIVEN[role], digest="cd" * 32, width=64, height=64) for role in roles
    }
    request = make_request(kind, **{role: GIVEN[role] for role in roles}, prompt="a hat", seed=7, **asked)
    return resolve_request(request, MODEL, MACHINE, 0, assets)


def test_a_picture_from_a_picture() -> None:
    text = infotext(redrawn(Img2Img, strength=0.65), 0, "0.1.0")
    assert text.partition("Model: pretend, ")[2] == "Denoising strength: 0.65, RNG: NV, Version: sdplay 0.1.0"


def test_a_painted_picture_leaves_out_what_a1111_takes_for_granted() -> None:
    text = infotext(redrawn(Inpaint), 0, "0.1.0")
    assert text.partition("strength: ")[2] == "0.8, RNG: NV, Mask blur: 4, Version: sdplay 0.1.0"


def test_a_painted_picture_with_everything() -> None:
    made = redrawn(Inpaint, mask_blur=2.5, mask_invert=True, fill="noise", only_masked=True, padding=16)
    assert infotext(made, 0, "0.1.0").partition("RNG: NV, ")[2] == (
        "Mask blur: 2.5, Mask mode: Inpaint not masked, Masked content: latent noise, Inpaint area: Only masked, "
        "Masked area padding: 16, Version: sdplay 0.1.0"
    )


@given(
    strength=st.floats(0, 1),
    mask_blur=st.integers(0, 1024).map(lambda quarters: quarters / 4),
    mask_invert=st.booleans(),
    fill=st.sampled_from(["original", "noise", "nothing"]),
    only_masked=st.booleans(),
    padding=st.integers(0, 2048),
)
def test_what_inpainting_says_is_read_back(**asked: Any) -> None:
    found = parse_infotext(infotext(redrawn(Inpaint, **asked), 0, "0.1.0")).fields
    taken_for_granted = {"mask_invert": False, "fill": "original", "only_masked": False, "padding": 32}
    meant = taken_for_granted | {name: found[name] for name in asked if name in found}
    assert meant == asked | ({} if asked["only_masked"] else {"padding": 32})  # which pads nothing then


@given(
    hires_scale=st.integers(5, 32).map(lambda quarters: quarters / 4),
    hires_upscaler=st.sampled_from(list(UPSCALER_LABELS)),
    hires_steps=st.integers(1, 1000),
    hires_strength=st.integers(0, 100).map(lambda hundredths: hundredths / 100),
)
def test_what_a_second_pass_says_is_read_back(**asked: Any) -> None:
    assert asked.items() <= parse_infotext(infotext(recipe(**asked), 0, "0.1.0")).fields.items()


def test_a_second_pass_is_written_as_a1111_does() -> None:
    text = infotext(recipe(hires_scale=2, hires_strength=0.6), 0, "0.1.0")
    assert text.partition("Model: pretend, ")[2] == (
        "Denoising strength: 0.6, RNG: NV, Hires upscale: 2, Hires upscaler: Latent, Version: sdplay 0.1.0"
    )
    assert ", Size: 64x64, " in text  # that of the first pass


@given(share=st.integers(1, 1000).map(lambda part: part / 1000))
def test_guidance_rescale_is_read_back(share: float) -> None:
    text = infotext(recipe(guidance_rescale=share), 0, "0.1.0")
    assert f", CFG Rescale phi: {share:g}, Version" in text
    assert parse_infotext(text).fields["guidance_rescale"] == share


@pytest.mark.parametrize("clip_skip", [1, 2, 12])
def test_clip_skip_is_written_and_read_as_a1111_does(clip_skip: int) -> None:
    text = infotext(recipe(clip_skip=clip_skip), 0, "0.1.0")
    assert (f", Clip skip: {clip_skip}, RNG" in text) == (clip_skip != 1)
    assert parse_infotext(text).fields["clip_skip"] == clip_skip


def test_an_empty_negative_is_left_out_as_a1111_does() -> None:
    assert "Negative" not in infotext(recipe(), 0, "0")


def test_labels_are_different_from_each_other() -> None:
    for labels in (SAMPLER_LABELS, SCHEDULE_LABELS, NOISE_LABELS, UPSCALER_LABELS):
        assert len(set(labels.values())) == len(labels)


@pytest.mark.parametrize(("name", "label"), UPSCALER_LABELS.items())
def test_an_upscaler_may_be_asked_for_by_either_name(name: str, label: str) -> None:
    for asked in (name, label, label.upper()):
        request = recipe(hires_scale=2, hires_upscaler=asked).request
        assert request.model_dump()["hires_upscaler"] == name

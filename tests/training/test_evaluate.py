"""The list of prompts is fixed and covers what it should; the scores count what they say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training import evaluate, sheets, trials
from training.art import STYLES, read_concepts
from training.colours import BACKGROUNDS, OBJECT_COLOURS
from training.judge import Judge
from training.prompts import STYLE_PHRASES, WELL_KNOWN, Prompt, all_prompts, colour_prompts, concept_prompts, subsample

CONCEPTS = read_concepts()
LABELS = {
    "concept": ["apple", "cat", "car"],
    "style": list(STYLES),
    "background": list(BACKGROUNDS),
    "colour": list(OBJECT_COLOURS),
}
PROMPTS = [
    Prompt("a red apple, 3d render", 1, "apple", "3d", "white", "red"),
    Prompt("a cat, flat icon", 2, "cat", "flat", "blue"),
    Prompt("a car, cartoon", 3, "car", "cartoon", "green"),
]


def beliefs(concepts: list[int]) -> dict[str, np.ndarray]:
    """A judge that is sure of these concepts and of the right answer in every other head."""
    judge = Judge(LABELS)
    sure = {}
    for head, names in LABELS.items():
        right = trials.answers(judge, PROMPTS, head).clip(0)
        sure[head] = np.eye(len(names), dtype=np.float32)[concepts if head == "concept" else right]
    return sure


def test_list_is_the_same_every_time_and_no_seed_comes_twice() -> None:
    one, other = all_prompts(CONCEPTS), all_prompts(CONCEPTS)
    assert one == other
    assert len({p.seed for p in one}) == len(one)


def test_every_concept_style_and_background_is_asked_for() -> None:
    prompts = concept_prompts(CONCEPTS)
    assert [p.concept for p in prompts] == [c.name for c in CONCEPTS]
    assert {(p.style, p.background) for p in prompts} == {(s, b) for s in STYLES for b in BACKGROUNDS}
    own = {c.name: c.colour for c in CONCEPTS}
    assert all(p.background != own[p.concept] for p in prompts)


def test_words_say_what_is_asked() -> None:
    for prompt in all_prompts(CONCEPTS):
        assert prompt.concept in prompt.text
        assert STYLE_PHRASES[prompt.style] in prompt.text
        assert prompt.background in prompt.text or prompt.background == "white"
        assert prompt.colour is None or f"{prompt.colour} {prompt.concept}" in prompt.text


def test_coloured_things_have_another_colour_than_their_own_and_than_the_background() -> None:
    prompts = colour_prompts(CONCEPTS)
    own = {c.name: c.colour for c in CONCEPTS}
    assert len(prompts) == 80
    assert {p.colour for p in prompts} == set(OBJECT_COLOURS)
    assert len({p.concept for p in prompts}) == 80
    assert all(p.colour not in (own[p.concept], p.background) for p in prompts)


@pytest.mark.parametrize("limit", [1, 50, 10_000, None])
def test_subsample_is_even_and_never_longer(limit: int | None) -> None:
    prompts = all_prompts(CONCEPTS)
    some = subsample(prompts, limit)
    assert len(some) == min(limit or len(prompts), len(prompts))
    assert len(set(some)) == len(some)


def test_well_known_things_are_taught() -> None:
    assert len(WELL_KNOWN) == 24
    assert set(WELL_KNOWN) <= {c.name for c in CONCEPTS}


def test_accuracy_counts_right_answers_where_one_is_asked() -> None:
    judge, sure = Judge(LABELS), beliefs([0, 1, 0])
    assert trials.accuracy(sure, judge, PROMPTS, "concept") == pytest.approx(2 / 3)
    assert trials.accuracy(sure, judge, PROMPTS, "concept", best=3) == 1
    assert trials.accuracy(sure, judge, PROMPTS, "colour") == 1
    assert np.isnan(trials.accuracy({"colour": sure["colour"][1:]}, judge, PROMPTS[1:], "colour"))
    assert trials.belief_in_concept(sure, judge, PROMPTS) == pytest.approx(2 / 3)


def test_confusion_counts_every_picture_once() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3)).astype(np.uint8)
    styles = trials.confusion(Judge(LABELS), pictures, PROMPTS, "style")
    assert list(styles) == list(STYLES)
    assert all(sum(seen.values()) == 1 for seen in styles.values())
    assert list(trials.confusion(Judge(LABELS), pictures, PROMPTS, "colour")) == ["red"]


def test_redness_rises_with_red() -> None:
    red, gray = np.zeros((1, 4, 4, 3), np.uint8), np.full((1, 4, 4, 3), 128, np.uint8)
    red[..., 0] = 255
    assert trials.redness(red) == 1
    assert trials.redness(gray) == 0


def test_drafts_are_held_against_the_pictures_of_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    class Drafter:
        def draw(self, prompts: Sequence[Prompt], **fields: Any) -> np.ndarray:
            asked.append(fields)
            return np.zeros((len(prompts), 8, 8, 3), np.uint8)

    def scores(judge: Judge, pictures: np.ndarray, prompts: Sequence[Prompt]) -> dict[str, float]:
        return {"concept": float(pictures.mean()), "style": float(len(prompts))}

    monkeypatch.setattr(trials, "scores", scores)
    whole = np.ones((3, 8, 8, 3), np.uint8)
    lora, sheet = tmp_path / "few.safetensors", tmp_path / "few.png"
    found = evaluate.four_steps(Drafter(), Judge(LABELS), PROMPTS, whole, lora, sheet)  # type: ignore[arg-type]
    assert found == {"prompts": 3, "concept": 0, "style": 3, "concept, whole": 1, "style, whole": 3}
    assert asked == [{"lora": (str(lora),), "steps": 4, "guidance_scale": 1.0, "sampler": "ddim"}]
    assert sheet.exists()


def test_sheet_holds_the_first_pictures_as_they_are(tmp_path: Path) -> None:
    from PIL import Image

    pictures = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3)).astype(np.uint8)
    sheets.save_sheet(tmp_path / "sheet.png", pictures, PROMPTS, Judge(LABELS))
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (128 + sheets.CAPTION_HEIGHT, 12 * 128, 3)
    assert np.array_equal(sheet[64:128, 128:256], pictures[1, 64:])


def test_concepts_by_name_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("apple\ncat\n")
    named = evaluate.chosen_concepts("apple, cat")
    assert [c.name for c in named] == ["apple", "cat"]
    assert evaluate.chosen_concepts(str(tmp_path / "names.txt")) == named
    assert evaluate.chosen_concepts(None) == CONCEPTS

"""The words of the page: every language has them all, and each person gets the language that they read."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sdplay.server.page.words import ENGLISH, WORDS, languages, preferred, words_of

FORMS = {  # the plural forms of Intl.PluralRules
    "en": {"one", "other"},
    "de": {"one", "other"},
    "es": {"one", "many", "other"},
    "fr": {"one", "many", "other"},
    "ja": {"other"},
    "zh-Hans": {"other"},
}
FORM = re.compile(r"\.(?:zero|one|two|few|many|other)$")
PLACEHOLDER = re.compile(r"\{\w+\}")
OTHERS = [name for name in languages() if name != ENGLISH]
ADD_IT = "add the key to de, fr, es, ja, zh-Hans too"
# Prompts: the models that there are read English, so what is offered as a prompt is English everywhere.
PROMPTS = re.compile(r"draw\.(?:suggestion\.\d|example\.prompt)|live\.prompt\.example|films\.(?:card|words)\.like.*")
# Names and words of the field that are the same everywhere, and words that a language happens to share with English.
NAMES = {
    "Auto", "Canny", "Clip", "Clip skip", "ControlNet", "Embeddings", "Guidance rescale", "Hires", "Inpainting", "LoRA",
    "Eta", "Prompt", "Sampler", "Stable Diffusion", "Stable Diffusion XL", "VAE", "Zoom", "auto", "embedding",
    "wildcard", "{count} LoRA", "{size} px",
}  # fmt: skip
SAME = {
    "de": {
        "Animation", "ControlNets", "Details", "Film", "Filter", "Frame", "Frame {frame}", "Frames", "Lasso", "Latents",
        "Live", "LoRAs", "Notation", "Original", "Pause", "Seed", "Seed {seed}", "Seeds", "VAEs", "Version {number}",
        "{count} LoRAs",
    },
    "es": {"No", "no", "Original"},
    "fr": {
        "Angle", "Animation", "Arcs", "Centre x", "Centre y", "Date", "Film", "Films", "Lasso", "Latents", "Notation",
        "Original", "Pause", "Rectangle", "Style", "Suggestions", "Version {number}", "Versions", "style",
        "{count} pixels",
    },
    "ja": set[str](),
    "zh-Hans": {"“{words}”"},
}  # fmt: skip


def named(languages_of: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("language", languages_of)


def own_words(language: str) -> dict[str, str]:
    """The words of a language alone, without English for what it lacks."""
    found: dict[str, str] = {}
    for path in sorted((WORDS / language).glob("*.json")):
        found |= {f"{path.stem}.{key}": word for key, word in json.loads(path.read_bytes()).items()}
    return found


def without_form(key: str, known: set[str]) -> str:
    """The key that plural forms belong to: `draw.button` of `draw.button.one`; others as they are."""
    stem = FORM.sub("", key)
    return stem if stem != key and f"{stem}.other" in known else key


def stems(keys: set[str]) -> set[str]:
    return {without_form(key, keys) for key in keys}


@named(OTHERS)
def test_no_language_lacks_a_word_or_has_one_too_many(language: str) -> None:
    english, theirs = set(own_words(ENGLISH)), set(own_words(language))
    assert sorted(stems(english) - stems(theirs)) == [], ADD_IT
    assert sorted(stems(theirs) - stems(english)) == [], "nothing asks for these: take them away"


@named(languages())
def test_every_form_of_a_plural_is_there_and_no_other(language: str) -> None:
    keys = set(own_words(language))
    for stem in {FORM.sub("", key) for key in keys if key.endswith(".other")}:
        forms = {key.removeprefix(f"{stem}.") for key in keys if FORM.sub("", key) == stem and key != stem}
        assert FORMS[language] - {"many"} <= forms <= FORMS[language], stem


@named(OTHERS)
def test_placeholders_are_those_of_english(language: str) -> None:
    english, theirs = own_words(ENGLISH), own_words(language)
    for key, word in theirs.items():
        like = english.get(key) or english.get(f"{FORM.sub('', key)}.other", "")
        assert set(PLACEHOLDER.findall(word)) == set(PLACEHOLDER.findall(like)), f"{language} {key}: {word}"


@named(OTHERS)
def test_every_word_is_said_in_the_language(language: str) -> None:
    english, theirs = own_words(ENGLISH), own_words(language)
    same = {key: word for key, word in theirs.items() if word and word == english.get(key) and word[0].strip()}
    left = {
        key: word for key, word in same.items() if not PROMPTS.fullmatch(key) and word not in NAMES | SAME[language]
    }
    assert left == {}, "say it in the language, or put a name that stays into SAME"
    assert [key for key, word in theirs.items() if not word.strip() and english.get(key)] == []
    assert SAME[language] <= set(theirs.values()), "these are not there any more"


@named(OTHERS)
def test_files_are_those_of_english_in_its_order(language: str) -> None:
    for path in sorted((WORDS / ENGLISH).glob("*.json")):
        places = {key: place for place, key in enumerate(json.loads(path.read_bytes()))}
        found = list(json.loads((WORDS / language / path.name).read_bytes()))
        order = [places.get(key, places.get(f"{FORM.sub('', key)}.other", -1)) for key in found]
        assert order == sorted(order), path
    assert {path.name for path in (WORDS / language).iterdir()} == {path.name for path in (WORDS / ENGLISH).iterdir()}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("*", "en"),
        ("xx-YY, en-GB;q=0.5", "en"),
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-de", "de"),
        ("en;q=0.3, de;q=0.8", "de"),
        ("de;q=0, en", "en"),
        ("de;q=rubbish, en;q=0.1", "en"),
        ("pt-BR, pt;q=0.9, de;q=0.5", "de"),
    ],
)
def test_the_language_is_the_one_liked_best(accepted: str, language: str) -> None:
    assert preferred(None, accepted) == language


def test_what_was_chosen_counts_more_than_what_the_browser_says() -> None:
    assert preferred("en", "de") == "en"
    assert preferred("../en", "de") == "de"
    assert preferred("xx", "") == "en"


def test_a_missing_word_is_said_in_english(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for language, words in {"en": {"a": "one", "b": "two"}, "de": {"a": "eins"}}.items():
        (tmp_path / language).mkdir()
        (tmp_path / language / "view.json").write_text(json.dumps(words))
    monkeypatch.setattr("sdplay.server.page.words.WORDS", tmp_path)
    assert words_of("de") == {"view.a": "eins", "view.b": "two"}

"""The LoRAs that come with the program do what they are called, and words made of the model's own vectors are those."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from sdplay.images.own import read_own
from sdplay.images.picture import Picture
from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.import_settings import import_settings
from sdplay.library.library import Library
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.builtin import SIDE

NAVY, GOLD = (23, 66, 148), (242, 184, 46)  # of training/lora.py
FRAME = SIDE * 3 // 32  # pixels of the frame that are looked at


@pytest.fixture(scope="module")
def studio(builtin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio(library=Library(home=tmp_path_factory.mktemp("home"))) as studio:
        yield studio


def drawn(studio: Studio, prompt: str, **fields: Any) -> Picture:
    asked = {"seed": 3, "steps": 6, "precision": "float32", "device": "cpu", **fields}
    return studio.draw(make_request(Txt2Img, prompt=prompt, **asked))[0]


def distance(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    """How far the middle of these pixels is from a colour, 0..255."""
    return float(np.abs(np.median(pixels.reshape(-1, 3), axis=0) - colour).mean())


def test_blueprint_is_bluer_the_more_there_is_of_it(studio: Studio) -> None:
    away = [
        distance(drawn(studio, f"a castle, 3d render <lora:blueprint:{weight}>").pixels, NAVY) for weight in (0, 0.5, 1)
    ]
    assert away[0] > 2 * away[1] > 2 * away[2]
    assert away[2] < 30


def test_framed_puts_gold_around_and_leaves_the_middle(studio: Studio) -> None:
    without, framed = (drawn(studio, "a red apple, 3d render", lora=lora).pixels for lora in ((), ("framed",)))
    edge = distance(framed[:FRAME], GOLD)
    assert edge < 60 < distance(without[:FRAME], GOLD)
    middle = slice(SIDE * 5 // 16, SIDE * 11 // 16)
    assert np.abs(framed[middle, middle].astype(int) - without[middle, middle]).mean() < 50


def test_a_word_of_copied_vectors_draws_what_the_words_draw(studio: Studio, builtin: Path, tmp_path: Path) -> None:
    from transformers import CLIPTokenizer

    tokens = CLIPTokenizer.from_pretrained(builtin / "tokenizer")("red apple", add_special_tokens=False).input_ids
    weights = load_file(builtin / "text_encoder" / "model.safetensors")
    vectors = weights["text_model.embeddings.token_embedding.weight"][tokens].float()
    save_file({"emb_params": vectors}, tmp_path / "fruity.safetensors")
    field = {"embedding": (str(tmp_path / "fruity.safetensors"),)}
    same, other = drawn(studio, "a (fruity:1.2), 3d render", **field), drawn(studio, "a (red apple:1.2), 3d render")
    assert same.digest == other.digest
    assert same.recipe.digest != other.recipe.digest


def test_what_was_used_is_in_a_pictures_text_and_taken_over(studio: Studio, tmp_path: Path) -> None:
    asked = {"seed": 3, "steps": 2, "num": 2, "lora": ("framed:0.5:0.7",)}
    request = make_request(Txt2Img, prompt="a cat {<lora:blueprint:0.8>|<lora:blueprint:0.3>}", **asked)
    studio.draw(request, tmp_path)
    digests = {one.identity.name: one.identity.digest[:12] for one in studio.resolve(request).model.add_ons}
    for path in sorted(tmp_path.glob("*.png")):
        found = parse_infotext(text_of(path))
        assert found.other["Lora hashes"] == digests
        assert found.prompt.startswith("a cat <lora:blueprint:0.")
        assert found.prompt.endswith("> <lora:framed:0.5:0.7>")
        adopted = import_settings(found, {}, studio.resolver.library)
        assert adopted.request.prompt == found.prompt
        assert adopted.request.lora == ()  # they are in the prompt now, and draw the same
        assert studio.draw(adopted.request)[0].digest == read_own(path)[0].digest


def text_of(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        return image.info["parameters"]

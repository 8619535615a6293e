"""Both sides of a pair do the same work: in float32 they agree, so a difference in time is one of speed alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from benchmarks.__main__ import main
from benchmarks.compute import repainted
from benchmarks.contestants import Ours, Stock, Work
from benchmarks.given import write_given
from benchmarks.measure import psnr, relative_l2
from benchmarks.sd15_shape import save_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture
def work(tiny_v: Path) -> Work:
    return Work(model=str(tiny_v), threads=1, steps=3, schedule="trailing")


def test_the_network_calls_agree_in_float32(work: Work) -> None:
    ours = Ours(work, dtype="float32", decode_dtype="float32")
    x = ours.start()
    one, other = ours.step(x, 500.0)(), Stock(ours).step(x, 500.0)()
    assert relative_l2(one.numpy(), other.numpy()) < 1e-5


def test_the_pictures_agree_in_float32(work: Work) -> None:
    ours = Ours(work, dtype="float32", decode_dtype="float32")
    assert psnr(ours.pictures()[0], Stock(ours).picture()) > 50


@pytest.mark.parametrize("mode", ["img2img", "inpaint"])
def test_the_pictures_drawn_from_pictures_agree_in_float32(mode: str, tiny: Path, tmp_path: Path) -> None:
    given = write_given(tmp_path, 64)[mode]
    work = Work(model=str(tiny), threads=1, side=64, steps=4, schedule="leading", mode=mode, given=given)
    ours = Ours(work, dtype="float32", decode_dtype="float32")
    stock = Stock(ours)
    assert psnr(repainted(work, ours.pictures()[0]), repainted(work, stock.picture())) > 50
    stock.ours = Ours(replace(work, given=given | {"strength": 1.0}), dtype="float32", decode_dtype="float32")
    assert psnr(repainted(work, ours.pictures()[0]), repainted(work, stock.picture())) < 45


def test_the_whole_thing_runs_and_writes_its_page(tiny_v: Path, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "benchmarks.md"
    which = ["--only", "drawing", "pictures", "--sd15-side", "0", "--cache", str(tmp_path)]
    main(["--model", str(tiny_v), "--rounds", "1", *which, "--out", str(page)])
    text = page.read_text(encoding="utf-8")
    assert "one network call with guidance, the model in the box" in text
    assert "whole picture, inpaint at strength 0.75, the small model, 64×64" in text
    assert "Measured on: " in text


def test_the_tokenizer_of_the_sd15_shape_reads_any_text_into_77_places(tmp_path: Path) -> None:
    save_tokenizer(tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    for text in ("a red apple, 3d render", "ein Apfel 🍎 und größer", ""):
        ids = tokenizer(text, padding="max_length", truncation=True, max_length=77).input_ids
        assert (ids[0], ids[-1], len(ids)) == (49406, 49407, 77)

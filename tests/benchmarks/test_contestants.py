"""Both sides of a pair do the same work: in float32 they agree, so a difference in time is one of speed alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import CLIPTokenizer

from benchmarks.__main__ import main
from benchmarks.contestants import Ours, Stock, Work
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


def test_the_whole_thing_runs_and_writes_its_page(tiny_v: Path, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "benchmarks.md"
    arguments = ["--model", str(tiny_v), "--rounds", "1", "--only", "drawing", "--sd15-side", "0", "--out", str(page)]
    main(arguments)
    text = page.read_text(encoding="utf-8")
    assert "one network call with guidance, the model in the box" in text
    assert "Measured on: " in text


def test_the_tokenizer_of_the_sd15_shape_reads_any_text_into_77_places(tmp_path: Path) -> None:
    save_tokenizer(tmp_path)
    tokenizer = CLIPTokenizer.from_pretrained(tmp_path)
    for text in ("a red apple, 3d render", "ein Apfel 🍎 und größer", ""):
        ids = tokenizer(text, padding="max_length", truncation=True, max_length=77).input_ids
        assert (ids[0], ids[-1], len(ids)) == (49406, 49407, 77)

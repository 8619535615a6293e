"""Pictures that are there already: found by their recipe, taken only where their pixels prove it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from sdplay.images.own import read_own
from sdplay.images.reuse import Changed, Reusable, find_reusable
from sdplay.images.writer import ImageWriter
from sdplay.requests.recipe import in_more_precision, picture_key
from tests.support.recipes import picture, recipe

WANTED = recipe(seed=7, steps=3)


def found(folder: Path, *wanted: tuple[object, int]) -> list[Reusable]:
    every = list(find_reusable(folder, wanted))  # type: ignore[arg-type]
    assert all(isinstance(each, Reusable) for each in every)
    return every  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_what_was_kept_is_found_with_its_pixels(tmp_path: Path, kind: str) -> None:
    writer = ImageWriter(tmp_path, kind, "0.1.0")
    kept = [writer.write(picture(WANTED, index)) for index in range(3)]
    writer.write(picture(recipe(seed=7, steps=4)))
    (one,) = found(tmp_path, (WANTED, 1))
    assert (one.path, one.key) == (kept[1].path, picture_key(WANTED, 1))
    assert (one.pixels == picture(WANTED, 1).pixels).all()
    assert len(found(tmp_path, (WANTED, 0), (WANTED, 1), (WANTED, 2), (recipe(seed=8, steps=5), 0))) == 3
    assert not found(tmp_path / "none", (WANTED, 0))


def test_picture_i_of_a_seed_is_the_first_of_seed_plus_i(tmp_path: Path) -> None:
    ImageWriter(tmp_path, "png", "0.1.0").write(picture(WANTED, 2))
    assert len(found(tmp_path, (recipe(seed=9, steps=3), 0))) == 1
    assert not found(tmp_path, (recipe(seed=7, steps=3), 0))
    assert picture_key(recipe(seed=5, num=9), 4) == picture_key(recipe(seed=9), 0)


def test_what_was_drawn_in_more_precision_is_taken_for_what_is_missing_only(tmp_path: Path) -> None:
    half = replace(WANTED, numerics=replace(WANTED.numerics, dtype="bfloat16", decode_dtype="bfloat16"))
    codec, whole = in_more_precision(half)
    assert whole == WANTED
    writer = ImageWriter(tmp_path, "png", "0.1.0")
    paths = [writer.write(picture(each)).path for each in (whole, codec, half)]
    (exact,) = found(tmp_path, (half, 0))
    assert (exact.path, exact.numerics) == (paths[2], half.numerics)
    paths[2].unlink()
    both = {each.key: each for each in found(tmp_path, (half, 0), (whole, 0))}
    assert {key: (each.path, each.numerics) for key, each in both.items()} == {
        picture_key(whole, 0): (paths[0], whole.numerics),
        picture_key(half, 0): (paths[1], codec.numerics),
    }
    paths[1].unlink()
    (only,) = found(tmp_path, (half, 0), (whole, 0))
    assert only.key == picture_key(whole, 0)
    (mended,) = found(tmp_path, (half, 0))
    assert (mended.key, mended.path) == (picture_key(half, 0), paths[0])
    assert not found(tmp_path, (replace(half, seed=8), 0))


def test_a_file_with_another_name_is_found_too_and_only_once(tmp_path: Path) -> None:
    path = ImageWriter(tmp_path, "png", "0.1.0").write(picture(WANTED)).path
    shutil.copy(path, tmp_path / "the best one.png")
    assert len(found(tmp_path, (WANTED, 0))) == 1
    path.unlink()
    assert found(tmp_path, (WANTED, 0))[0].path.name == "the best one.png"


def changed(path: Path) -> None:
    """One value of one pixel, with the recipe left in."""
    with Image.open(path) as image:
        pixels, info = np.asarray(image).copy(), image.info
    pixels[3, 4, 1] ^= 1
    text = PngImagePlugin.PngInfo()
    text.add_itxt("sdplay", info["sdplay"])
    Image.fromarray(pixels).save(path, pnginfo=text)


def test_a_file_whose_pixels_are_others_now_is_told_and_not_taken(tmp_path: Path) -> None:
    writer = ImageWriter(tmp_path, "png", "0.1.0")
    path = writer.write(picture(WANTED)).path
    changed(path)
    assert read_own(path)[0].recipe.digest == WANTED.digest
    (only,) = find_reusable(tmp_path, [(WANTED, 0)])
    assert only == Changed(path)
    writer.write(picture(WANTED))
    kinds = [type(each) for each in find_reusable(tmp_path, [(WANTED, 0)])]
    assert kinds == [Changed, Reusable]


def test_jpeg_files_prove_nothing_and_what_is_no_picture_is_passed_over(tmp_path: Path) -> None:
    ImageWriter(tmp_path, "jpeg", "0.1.0").write(picture(WANTED))
    (tmp_path / "00001-7.png").write_bytes(b"\x89PNG\r\n\x1a\n and nothing more")
    (tmp_path / "00002-7.png").mkdir()
    (tmp_path / "00003-7.webp").write_text("no picture")
    Image.new("RGB", (4, 4)).save(tmp_path / "00004-7.png")
    whole = ImageWriter(tmp_path, "png", "0.1.0").write(picture(WANTED)).path
    torn = tmp_path / "00009-7.png"
    torn.write_bytes(whole.read_bytes()[:-3000])
    whole.unlink()
    assert list(find_reusable(tmp_path, [(WANTED, 0)])) == [Changed(torn)]
    torn.unlink()
    assert not found(tmp_path, (WANTED, 0))


def test_files_of_other_seeds_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ImageWriter(tmp_path, "png", "0.1.0")
    for seed in range(20):
        writer.write(picture(recipe(seed=seed, steps=3)))
    opened: list[Path] = []
    from sdplay.images import reuse

    honest = reuse.open_own
    monkeypatch.setattr(reuse, "open_own", lambda path: opened.append(path) or honest(path))
    assert len(found(tmp_path, (WANTED, 0))) == 1
    assert {path.name for path in opened} == {"00007-7.png"}

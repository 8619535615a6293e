"""One model in its three forms (diffusers folder, single file, pickle) draws one picture."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from sdplay.core.errors import ModelBroken
from sdplay.images.writer import ImageWriter
from sdplay.library.library import Library
from sdplay.requests.base import make_request
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.version import VERSION
from tests.support.given import mask, photo
from tests.support.kinds import build_kind
from tests.support.original import write_original
from tests.support.pickles import hostile, pickled
from tests.support.tiny import build_tiny

FEW = {"steps": 2, "seed": 5, "width": 64, "height": 64, "device": "cpu", "precision": "float32"}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(home=tmp_path / "home", cache=tmp_path / "cache")


@pytest.mark.parametrize("kind", ["sd15", "sd2 v", "sdxl"])
def test_three_forms_draw_one_picture(kind: str, kinds: dict[str, Path], tmp_path: Path, library: Library) -> None:
    """The pickle says nothing of what SD 2.x predicts, which only a `.safetensors` file has words for."""
    single = write_original(kinds[kind], kind[:4].strip(), tmp_path / "model.safetensors", metadata=said(kind))
    checkpoint = pickled(single, tmp_path / "model.ckpt", global_step=470_000, zipped=kind != "sd15")
    if kind == "sd2 v":
        content = torch.load(checkpoint, weights_only=True)
        content["state_dict"]["v_pred"] = torch.tensor([])
        torch.save(content, checkpoint)
    with Studio(library=library) as studio:
        pixels = [
            studio.draw(
                make_request(Txt2Img, prompt="a red apple", model=str(path), allow_pickle=path == checkpoint, **FEW)
            )
            for path in (kinds[kind], single, checkpoint)
        ]
    folder, *others = [pictures[0].pixels for pictures in pixels]
    assert folder.std() > 1
    assert all(np.array_equal(folder, other) for other in others)


def said(kind: str) -> dict[str, str] | None:
    return {"modelspec.prediction_type": "v"} if kind == "sd2 v" else None


def test_a_single_file_made_for_inpainting_sees_the_mask(tmp_path: Path, library: Library) -> None:
    folder = build_kind(tmp_path / "inpainting", "sd15", channels=9)
    single = write_original(folder, "sd15", tmp_path / "nine.safetensors")
    given = {"image": str(photo(tmp_path / "photo.png", (64, 64))), "strength": 1.0}
    masks = [str(mask(tmp_path / f"{x}.png", (64, 64), (x, 16, x + 32, 48))) for x in (8, 24)]
    with Studio(library=library) as studio:
        one, same, other = (
            studio.draw(make_request(Inpaint, prompt="a hat", model=str(path), mask=where, **given, **FEW))[0].pixels
            for path, where in ((folder, masks[0]), (single, masks[0]), (single, masks[1]))
        )
    assert np.array_equal(one, same)
    inside = (slice(24, 40), slice(28, 36))  # well within both masks: noise is the same there, what is seen is not
    assert not np.array_equal(one[inside], other[inside])


def test_latents_of_16_channels_that_are_a_16th_of_a_picture_are_drawn(tmp_path: Path, library: Library) -> None:
    """Sides that are multiples of 8 and not of 16 too: what is drawn beyond them is cut off."""
    vae = {"latent_channels": 16, "vae_widths": (8, 8, 8, 8, 16)}
    plain = build_tiny(tmp_path / "plain", **vae)
    inpainting = build_tiny(tmp_path / "inpainting", inpainting=True, **vae)
    given = {"image": str(photo(tmp_path / "photo.png", (72, 72))), "strength": 1.0}
    where = str(mask(tmp_path / "mask.png", (72, 72), (8, 16, 40, 48)))
    sizes = FEW | {"width": 72, "height": 72}
    with Studio(library=library) as studio:
        (drawn,) = studio.draw(make_request(Txt2Img, prompt="a hat", model=str(plain), **sizes))
        assert drawn.pixels.shape == (72, 72, 3)
        assert drawn.pixels.std() > 1
        for folder in (plain, inpainting):
            asked = make_request(Inpaint, prompt="a hat", model=str(folder), mask=where, **given, **sizes)
            (filled,) = studio.draw(asked)
            assert filled.pixels.shape == (72, 72, 3)


def test_what_cannot_be_loaded_leaves_the_model_in_place(tiny: Path, tmp_path: Path, library: Library) -> None:
    trace = tmp_path / "it ran"
    bad = {
        "hostile.ckpt": hostile(tmp_path / "hostile.ckpt", trace).read_bytes(),
        "empty.ckpt": b"",
        "page.ckpt": b"<!DOCTYPE html><html>",
        "cut.ckpt": hostile(tmp_path / "whole.ckpt", trace).read_bytes()[:-100],
    }
    with Studio(library=library) as studio:
        wanted = make_request(Txt2Img, prompt="a cat", model=str(tiny), **FEW)
        before = studio.draw(wanted)[0]
        loaded = studio.resolver.executor._models._loaded  # type: ignore[attr-defined]
        for name, content in bad.items():
            (tmp_path / name).write_bytes(content)
            with pytest.raises(ModelBroken):
                studio.draw(make_request(Txt2Img, prompt="a cat", model=str(tmp_path / name), allow_pickle=True, **FEW))
            after = studio.draw(wanted)[0]
            assert np.array_equal(before.pixels, after.pixels)
            assert studio.resolver.executor._models._loaded is loaded  # type: ignore[attr-defined]
    assert not trace.exists()


def test_a_picture_of_a_pickle_is_proved_where_pickles_may_be_opened(
    kinds: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sdplay.cli.main import main

    monkeypatch.setenv("SDPLAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SDPLAY_MODELS", str(tmp_path))
    single = write_original(kinds["sd15"], "sd15", tmp_path / "m.safetensors")
    checkpoint = pickled(single, tmp_path / "dreamy.ckpt")
    with Studio() as studio:
        request = make_request(Txt2Img, prompt="a cat", model="dreamy", allow_pickle=True, **FEW)
        (drawn,) = studio.draw(request)
    assert drawn.recipe.model.name == "dreamy"
    assert "allow_pickle" not in drawn.recipe.to_dict()
    kept = ImageWriter(tmp_path / "out", "png", VERSION).write(drawn).path
    assert main(["verify", str(kept)]) == 2
    assert main(["verify", str(kept), "--allow-pickle"]) == 0
    assert main(["again", str(kept), "--quiet", "--out", str(tmp_path / "more")]) == 1
    assert main(["again", str(kept), "--allow-pickle", "--quiet", "--out", str(tmp_path / "more")]) == 0
    checkpoint.unlink()
    assert main(["verify", str(kept), "--allow-pickle"]) == 2


def test_loading_draws_no_bars_of_a_library_and_leaves_them_to_others(
    tiny: Path, library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import CLIPTextModel
    from transformers.utils import logging

    logging.enable_progress_bar()  # as it is when nobody has switched it off in this process
    with Studio(library=library) as studio:
        studio.draw(make_request(Txt2Img, prompt="a cat", model=str(tiny), **FEW))
    assert "Loading" not in capsys.readouterr().err
    CLIPTextModel.from_pretrained(tiny / "text_encoder", local_files_only=True)
    assert "Loading weights" in capsys.readouterr().err


def test_loading_a_single_file_says_nothing(kinds: dict[str, Path], tmp_path: Path, library: Library) -> None:
    from diffusers.utils import logging as diffusers_logging

    said: list[str] = []
    listener = logging.Handler(logging.WARNING)
    listener.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    diffusers_logging.add_handler(listener)
    try:
        single = write_original(kinds["sd15"], "sd15", tmp_path / "m.safetensors", dtype=torch.float16)
        with Studio(library=library) as studio:
            studio.draw(make_request(Txt2Img, prompt="a cat", model=str(single), **FEW))
    finally:
        diffusers_logging.remove_handler(listener)
    assert said == []

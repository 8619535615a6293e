"""Every kind of picture a person may have becomes upright 8-bit RGB, and what is none is refused by name."""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from sdplay.core.errors import BadRequest
from sdplay.images.open import MOST_PIXELS
from sdplay.images.read import padded, read_image, resized, resized_mask

ORIENTATION = 0x0112
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255)]


def corners() -> Image.Image:
    """3 wide and 2 high, every pixel a colour of its own."""
    image = Image.new("RGB", (3, 2))
    image.putdata(COLOURS)
    return image


def saved(image: Image.Image, path: Path, **options: object) -> Path:
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "webp", "tiff", "bmp", "ppm"])
def test_lossless_files_are_read_to_the_bit(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    read = read_image(saved(corners(), tmp_path / f"a.{suffix}", **options))
    assert np.array_equal(read, np.asarray(corners()))


def test_the_name_may_end_in_anything(tmp_path: Path) -> None:
    path = saved(corners(), tmp_path / "a.png")
    assert read_image(path.rename(tmp_path / "a.jpg")).shape == (2, 3, 3)


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@pytest.mark.parametrize("orientation", [1, *TURNS])
@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_a_turned_photograph_is_put_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    read = read_image(saved(corners(), tmp_path / f"a.{suffix}", exif=exif))
    upright = corners().transpose(TURNS[orientation]) if orientation in TURNS else corners()
    assert np.array_equal(read, np.asarray(upright))


def test_what_is_transparent_becomes_white(tmp_path: Path) -> None:
    image = Image.new("RGBA", (3, 1))
    image.putdata([(10, 20, 30, 255), (10, 20, 30, 0), (0, 0, 0, 51)])
    assert read_image(saved(image, tmp_path / "a.png")).tolist() == [[[10, 20, 30], [255] * 3, [204] * 3]]


def test_transparent_gray_palette_and_colour_key(tmp_path: Path) -> None:
    gray = Image.new("LA", (1, 1), (7, 0))
    assert read_image(saved(gray, tmp_path / "la.png")).tolist() == [[[255] * 3]]
    palette = corners().convert("P", palette=Image.Palette.ADAPTIVE, colors=6)
    assert np.array_equal(read_image(saved(palette, tmp_path / "p.png")), np.asarray(corners()))
    number = palette.getpixel((0, 0))
    see_through = read_image(saved(palette, tmp_path / "t.gif", transparency=number))
    assert see_through[0, 0].tolist() == [255] * 3
    assert see_through[0, 1].tolist() == [0, 255, 0]
    keyed = read_image(saved(corners(), tmp_path / "k.png", transparency=(0, 255, 0)))
    assert keyed[0, 1].tolist() == [255] * 3


def test_sixteen_bits_are_scaled(tmp_path: Path) -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    for suffix in ("png", "tiff"):
        read = read_image(saved(Image.fromarray(values), tmp_path / f"a.{suffix}"))
        assert read[..., 0].tolist() == [[0, 1, 128, 255]]
        assert (read == read[..., :1]).all()
    wide = Image.fromarray(np.array([[0, 2**20]], np.int32))
    assert read_image(saved(wide, tmp_path / "wide.tiff"))[..., 0].tolist() == [[0, 255]]


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255]),
        ([0.0, 100.0, 200.0], [0, 100, 200]),
        ([0.0, 32896.0, 60000.0], [0, 128, 233]),
        ([0.0, 1e6, 2e6], [0, 128, 255]),
        ([-5.0, float("nan"), 255.0], [0, 0, 255]),
        ([float("-inf"), 0.25, float("inf")], [0, 64, 0]),
    ],
)
def test_floating_point_is_scaled_by_the_white_it_seems_to_have(
    tmp_path: Path, values: list[float], read: list[int]
) -> None:
    image = Image.fromarray(np.array([values], np.float32))
    assert read_image(saved(image, tmp_path / "a.tiff"))[0, :, 0].tolist() == read


@pytest.mark.parametrize("suffix", ["tiff", "jpg"])
def test_cmyk_is_colour_and_not_a_negative(tmp_path: Path, suffix: str) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red = read_image(saved(image, tmp_path / f"a.{suffix}"))[8, 8]
    assert red[0] > 245
    assert max(red[1:]) < 10


@pytest.mark.parametrize("mode", ["1", "L", "YCbCr", "LAB", "RGBX"])
def test_other_modes(tmp_path: Path, mode: str) -> None:
    assert read_image(saved(Image.new(mode, (4, 5)), tmp_path / "a.tiff")).shape == (5, 4, 3)


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    Image.new("RGB", (2, 2), "red").save(path, save_all=True, append_images=[Image.new("RGB", (2, 2), "blue")])
    assert read_image(path)[0, 0].tolist() == [255, 0, 0]


def refused(path: Path) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read_image(path)
    assert (caught.value.field, caught.value.value) == ("image", str(path))
    return caught.value


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("<html>not found</html>")
    (tmp_path / "empty.png").touch()
    os.mkfifo(tmp_path / "pipe.png")
    for name, why in {
        "nowhere.png": "no such file",
        "text.png": "is not a picture",
        "empty.png": "is not a picture",
        "pipe.png": "is not a regular file",
        "nul\0.png": "no such file",
        "long" * 200: "is not a picture",
    }.items():
        assert refused(tmp_path / name).reason.startswith(why), name
    assert refused(tmp_path).reason == "is a folder"


@pytest.mark.parametrize("side", [8193, 10_000, 60_000])
def test_a_huge_picture_is_refused_before_it_is_read(tmp_path: Path, side: int) -> None:
    small = io.BytesIO()
    Image.new("L", (1, 1)).save(small, "PNG")
    data = bytearray(small.getvalue())
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    (tmp_path / "bomb.png").write_bytes(data)
    assert side * side > MOST_PIXELS
    reason = refused(tmp_path / "bomb.png").reason
    assert "pixels" in reason


def test_a_file_too_large_is_refused_unopened(tmp_path: Path) -> None:
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(2**28 + 1)
    assert refused(tmp_path / "large.png").reason == "is larger than 256 MiB"


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "gif", "bmp", "tiff", "ppm"])
def test_damaged_files_are_refused_or_read_and_nothing_else(tmp_path: Path, suffix: str) -> None:
    chance = random.Random(suffix)
    whole = saved(corners().resize((24, 16)), tmp_path / f"a.{suffix}").read_bytes()
    for attempt in range(60):
        data = bytearray(whole[: chance.randrange(len(whole))] if attempt % 3 == 0 else whole)
        for _ in range(attempt % 5):
            data[chance.randrange(len(data))] = chance.randrange(256) if data else 0
        (tmp_path / "damaged").write_bytes(data)
        try:
            read = read_image(tmp_path / "damaged")
        except BadRequest:
            continue
        assert read.dtype == np.uint8
        assert read.shape[2] == 3


def test_resizing_keeps_the_proportions_and_crops_around_the_centre() -> None:
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 255
    assert resized(pixels, 20, 20)[:, 1:-1].min() > 240
    assert resized(pixels, 30, 10) is pixels
    assert resized_mask(pixels[..., 0], 20, 20).shape == (20, 20)


def test_padding_repeats_the_edge_and_keeps_the_rest() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert padded(pixels, 4, 3).tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5]]
    assert padded(np.zeros((2, 3, 3), np.uint8), 8, 8).shape == (8, 8, 3)


CASES = Path(__file__).parent / "cases"


def test_display_p3_becomes_srgb() -> None:
    pixels = read_image(CASES / "p3.png")
    assert pixels.shape == (64, 64, 3)
    assert np.abs(pixels[3, 5].astype(int) - (252, 0, 5)).max() <= 2


@pytest.mark.parametrize("mode", ["RGBA", "P"])
def test_a_profile_counts_in_other_modes_too(mode: str, tmp_path: Path) -> None:
    with Image.open(CASES / "p3.png") as image:
        profile = image.info["icc_profile"]
        changed = image.quantize(4) if mode == "P" else image.convert(mode)
    if mode == "RGBA":
        changed.putpixel((0, 0), (230, 40, 40, 0))
    changed.save(tmp_path / "x.png", icc_profile=profile)
    pixels = read_image(tmp_path / "x.png").astype(int)
    assert np.abs(pixels[3, 5] - (252, 0, 5)).max() <= 2
    assert mode == "P" or pixels[0, 0].tolist() == [255, 255, 255]  # what is transparent is white


@pytest.mark.parametrize("profile", ["sRGB", "damaged", "gray", "none"])
def test_numbers_stay_where_no_other_profile_counts(profile: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    content = {
        "sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        "damaged": b"x" * 200,
        "gray": bytes(16) + b"GRAY" + bytes(200),
        "none": None,
    }[profile]
    Image.fromarray(noise).save(tmp_path / "x.png", icc_profile=content)
    assert np.array_equal(read_image(tmp_path / "x.png"), noise)


def test_a_mask_has_numbers_and_no_colours(tmp_path: Path) -> None:
    from sdplay.images.mask import read_mask

    with Image.open(CASES / "p3.png") as image:
        image.save(tmp_path / "mask.png", icc_profile=image.info["icc_profile"])
    assert set(read_mask(tmp_path / "mask.png", (64, 64)).ravel()) == {97}  # the brightness of (230, 40, 40) itself


@pytest.mark.parametrize("name", ["08b-avif.avif", "08-heic.heic"])
def test_avif_and_heic(name: str) -> None:
    pixels = read_image(CASES / name).astype(int)
    assert pixels.shape == (64, 96, 3)
    assert np.abs(pixels[40, 80] - (80 * 255 // 96, 40 * 255 // 64, 40)).max() < 24  # a gradient, stored with loss


def test_heic_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(BadRequest, match="pip install 'sdplay") as caught:
        read_image(CASES / "08-heic.heic")
    assert caught.value.field == "image"


def test_devices_are_never_opened() -> None:
    assert refused(Path("/dev/zero")).reason == "is not a regular file"

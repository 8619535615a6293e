"""A recipe inside a file: out again as it went in, for every format and any words; damage is told, not suffered."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from sdplay.core.errors import BadRequest
from sdplay.images.formats import LOSSY, MEDIA_TYPES, SUFFIXES, Format
from sdplay.images.infotext import infotext
from sdplay.images.own import format_of, read_own
from sdplay.images.write import EXIF_IFD, USER_COMMENT, chunk, encode, own_chunk, parse_chunk, stored_pixels
from sdplay.requests.recipe import canonical_json
from tests.support.recipes import picture, recipe

FORMATS: list[Format] = ["png", "webp", "jpeg", "avif"]
LETTERS = st.characters(codec="utf-8", exclude_characters="\0")
AWKWARD = st.sampled_from(
    [
        "\n",
        "\r\n",
        '"',
        "'",
        "\\",
        "Steps: 20, Sampler: Euler, Seed: 1",
        "\nNegative prompt: ",
        "🍎",
        "👩‍👩‍👧‍👦",
        "\u2028",
        "\x85",
        "\x01",
        '{"sdplay":',
        "</x:xmpmeta>",
    ]
)
WORDS = st.lists(st.text(LETTERS, max_size=20) | AWKWARD, min_size=1, max_size=8).map("".join)


def read(content: bytes) -> tuple[Image.Image, str | None]:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image, own_chunk(image)


def user_comment(image: Image.Image) -> str:
    raw: Any = image.getexif().get_ifd(EXIF_IFD)[USER_COMMENT]
    assert raw[:8] == b"UNICODE\0"
    return raw[8:].decode("utf-16-be")


@pytest.mark.parametrize("kind", FORMATS)
@given(prompt=WORDS.filter(str.strip), negative=WORDS | st.just(""), index=st.integers(0, 99_999))
@settings(max_examples=40)
def test_recipe_index_and_words_come_back_exactly(kind: Format, prompt: str, negative: str, index: int) -> None:
    made = picture(recipe(prompt, negative_prompt=negative, seed=0), index)
    image, text = read(encode(made, kind, "0.1.0"))
    assert text is not None
    embedded = parse_chunk(text)
    assert embedded.recipe.digest == made.recipe.digest
    assert embedded.recipe.request.prompt == prompt
    assert embedded.recipe.request.negative_prompt == negative
    assert (embedded.index, embedded.digest, embedded.version) == (index, made.digest, "0.1.0")
    world = image.info["parameters"] if kind == "png" else user_comment(image)
    assert world == infotext(made.recipe, index, "0.1.0")


@pytest.mark.parametrize("kind", FORMATS)
def test_pixels_in_a_file_are_those_it_is_said_to_hold(kind: Format) -> None:
    made = picture(recipe(width=72))
    image, _ = read(encode(made, kind, "0"))
    assert (image.format, image.mode, image.size) == (kind.upper(), "RGB", (72, 64))
    assert Image.MIME[kind.upper()] == MEDIA_TYPES[kind]
    pixels = np.asarray(image)
    assert np.array_equal(pixels, stored_pixels(made, kind, "0"))
    assert np.array_equal(pixels, made.pixels) == (kind not in LOSSY)


@pytest.mark.parametrize(("prompt", "latin"), [("café, déjà vu", True), ("a cat", True), ("яблоко 🍎", False)])
def test_a_png_holds_parameters_as_other_programs_look_for_it(prompt: str, latin: bool) -> None:
    content = encode(picture(recipe(prompt)), "png", "0.1.0")
    assert (b"tEXtparameters\0" in content) == latin
    assert (b"iTXtparameters\0" in content) != latin
    assert b"iTXtsdplay\0" in content


def test_the_chunk_is_canonical_json_with_four_entries() -> None:
    made = picture(recipe(seed=3), 2)
    value = json.loads(chunk(made, "0.1.0"))
    assert value == {"sdplay": "0.1.0", "index": 2, "pixels": made.digest, "recipe": made.recipe.to_dict()}
    assert chunk(made, "0.1.0") == canonical_json(value)


def test_no_chunk_holds_the_place_on_somebodys_disk() -> None:
    text = chunk(picture(recipe(model="/home/somebody/models/pretend")), "0.1.0")
    assert "somebody" not in text


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_the_longest_words_there_are_fit(kind: Format) -> None:
    made = picture(recipe("🍎" * 32_000, negative_prompt="🍏" * 32_000))
    _, text = read(encode(made, kind, "0"))
    assert text is not None
    assert parse_chunk(text).recipe.digest == made.recipe.digest


def test_words_too_long_for_a_jpeg_are_refused_by_name_and_nearly_too_long_ones_fit() -> None:
    with pytest.raises(BadRequest, match=r"format = 'jpeg': .*no room for a prompt this long") as caught:
        encode(picture(recipe("x" * 32_000)), "jpeg", "0")
    assert "png or webp" in caught.value.hint
    longest = 0
    for length in range(20_000, 23_000, 50):  # each letter takes one byte in our JSON and two in A1111's text
        try:
            _, text = read(encode(picture(recipe("x" * length)), "jpeg", "0"))
        except BadRequest:
            break
        assert text is not None
        assert len(parse_chunk(text).recipe.request.prompt) == length
        longest = length
    assert 20_000 < longest < 22_000


NO_CHUNKS: dict[str, Any] = {
    "no object": [],
    "a number": 3,
    "nothing in it": {},
    "no recipe": {"sdplay": "0", "index": 0, "pixels": "x"},
}
WRONG_ENTRIES: dict[str, dict[str, Any]] = {
    "a recipe that is a list": {"recipe": []},
    "a recipe that is text": {"recipe": "format"},
    "a recipe that is empty": {"recipe": {}},
    "an index below zero": {"index": -1},
    "an index of millions": {"index": 10**9},
    "an index that is text": {"index": "0"},
    "an index that is true": {"index": True},
    "an index that is a fraction": {"index": 0.5},
    "a digest that is no text": {"pixels": None},
    "a version that is no text": {"sdplay": 1},
}


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize("value", NO_CHUNKS.values(), ids=NO_CHUNKS)
def test_a_chunk_that_is_none_is_told_by_reading(value: Any, kind: Format, tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        read_own(write_with_chunk(json.dumps(value), kind, tmp_path))


@pytest.mark.parametrize("wrong", WRONG_ENTRIES.values(), ids=WRONG_ENTRIES)
def test_a_chunk_with_a_wrong_entry_is_told_by_reading(wrong: dict[str, Any], tmp_path: Path) -> None:
    whole = json.loads(chunk(picture(recipe()), "0"))
    assert read_own(write_with_chunk(json.dumps(whole), "png", tmp_path))
    with pytest.raises(BadRequest):
        read_own(write_with_chunk(json.dumps(whole | wrong), "png", tmp_path))


def write_with_chunk(text: str, kind: Format, folder: Path) -> Path:
    path = folder / f"made-up{SUFFIXES[kind]}"
    image = Image.fromarray(picture(recipe()).pixels)
    if kind == "png":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("sdplay", text)
        image.save(path, pnginfo=info)
    else:
        exif = Image.Exif()
        exif[0x010E] = text
        image.save(path, exif=exif)
    return path


def test_bottomless_nesting_is_told_by_reading(tmp_path: Path) -> None:
    path = write_with_chunk('{"sdplay":' + "[" * 100_000, "png", tmp_path)
    with pytest.raises(BadRequest):
        read_own(path)


def test_a_picture_of_another_program_holds_no_recipe(tmp_path: Path) -> None:
    for name in ("a.png", "a.webp", "a.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
        with pytest.raises(BadRequest, match="holds no recipe of ours"):
            read_own(tmp_path / name)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff\xe0"])
def test_what_is_no_picture_is_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(BadRequest, match="is not a picture that can be read"):
        read_own(tmp_path / "a.png")


def test_missing_files_and_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no such file"):
        read_own(tmp_path / "nowhere.png")
    with pytest.raises(BadRequest, match="is not a picture that can be read"):
        read_own(tmp_path)
    with pytest.raises(BadRequest):
        read_own(tmp_path / ("x" * 5000))


def test_other_formats_are_not_even_tried(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", "TIFF")
    with pytest.raises(BadRequest, match="is not a picture that can be read"):
        read_own(tmp_path / "a.png")


@pytest.mark.parametrize("kind", FORMATS)
def test_the_format_is_told_by_content_and_not_by_name(kind: Format, tmp_path: Path) -> None:
    (tmp_path / "a.xyz").write_bytes(encode(picture(recipe()), kind, "0"))
    assert format_of(tmp_path / "a.xyz") == kind
    assert read_own(tmp_path / "a.xyz")[0].recipe.digest == recipe().digest


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.*")  # PIL says what it thinks of torn EXIF data
@pytest.mark.parametrize("kind", FORMATS)
@given(data=st.data())
@settings(max_examples=80)
def test_no_damage_to_a_file_raises_anything_but_errors_of_ours(
    kind: Format, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(encode(picture(recipe(width=64)), kind, "0"))
    if data.draw(st.booleans(), label="truncate"):
        del content[data.draw(st.integers(0, len(content) - 1), label="length") :]
    for _ in range(data.draw(st.integers(0, 4), label="flips")):
        if content:
            # the first kilobyte holds all the structure there is
            where = data.draw(st.integers(0, min(len(content), 1200) - 1), label="where")
            content[where] = data.draw(st.integers(0, 255), label="byte")
    path = tmp_path_factory.getbasetemp() / f"damaged{SUFFIXES[kind]}"
    path.write_bytes(content)
    try:
        embedded, pixels = read_own(path)
    except BadRequest:
        return  # any other error would come through
    assert embedded.recipe.digest
    assert pixels.ndim == 3


@pytest.mark.parametrize("text", ['{"sdplay":' + "[" * 100_000, '{"sdplay": "\\ud83d"}', '{"sdplay": NaN}'])
def test_a_hostile_chunk_is_no_crash(text: str, tmp_path: Path) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("sdplay", text)
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png", pnginfo=info)
    with pytest.raises(BadRequest):
        read_own(tmp_path / "x.png")

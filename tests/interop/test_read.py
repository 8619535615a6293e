"""Picture files of every program, whole and damaged."""

from __future__ import annotations

import json
import os
import random
import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.images.formats import SUFFIXES, Format
from sdplay.images.own import is_ours, read_sheet
from sdplay.images.write import encode
from sdplay.interop import ParsedMetadata, parse_infotext, read_found
from sdplay.interop.parsed import LARGEST_TEXT
from sdplay.interop.read import SILENT, why_silent
from sdplay.interop.texts import decoded_user_comment
from tests.interop import samples
from tests.interop.samples import DESCRIPTION, MAKE, MODEL, USER_COMMENT, commented, png, tagged
from tests.support.recipes import picture, recipe
from tests.support.refusals import few_lines

LINES_A_CHARACTER = 3  # of the program; a pair is seven characters and ten lines
CHUNKS = {
    "A1111": {"parameters": samples.A1111},
    "Fooocus": {"parameters": json.dumps(samples.FOOOCUS), "fooocus_scheme": "fooocus"},
    "Fooocus as A1111": {"parameters": samples.FOOOCUS_INFOTEXT, "fooocus_scheme": "a1111"},
    "Fooocus of a fork": {"Comment": json.dumps({**samples.FOOOCUS, "width": 64})},
    "InvokeAI": {"invokeai_metadata": json.dumps(samples.INVOKEAI)},
    "InvokeAI 2": {"sd_metadata": json.dumps(samples.SD_METADATA), "Dream": samples.DREAM},
    "InvokeAI 1": {"Dream": samples.DREAM},
    "ComfyUI": {"prompt": json.dumps(samples.COMFYUI), "workflow": json.dumps(samples.WORKFLOW)},
    "ComfyUI drawing": {"workflow": json.dumps(samples.WORKFLOW)},
    "NovelAI": samples.NOVELAI,
}
PROMPTS = ('a "cat"\nSteps: 1, Seed: 2, Size: 3x4\nlast, line: it', "猫 👩‍👩‍👧", "café")


def read(path: Path) -> ParsedMetadata:
    found = read_found(path)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", SUFFIXES)
@pytest.mark.parametrize("prompt", PROMPTS)
def test_our_own_files(kind: Format, prompt: str, tmp_path: Path) -> None:
    drawn = picture(recipe(prompt, negative_prompt=prompt, seed=3), 4)
    path = tmp_path / f"x{SUFFIXES[kind]}"
    path.write_bytes(encode(drawn, kind, "1.2"))
    found = read(path)
    assert (found.program, found.version, found.prompt, found.negative_prompt) == ("sdplay", "1.2", prompt, prompt)
    assert (found.fields["seed"], found.fields["width"]) == (7, 64)


@pytest.mark.parametrize("program", CHUNKS)
def test_png_files_of_every_program(program: str, tmp_path: Path) -> None:
    found = read(png(tmp_path / "x.png", **CHUNKS[program]))
    assert found.program == program.split()[0]
    assert found.prompt
    assert {"steps", "seed", "width", "height"} <= set(found.fields)


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
@pytest.mark.parametrize("text", [samples.A1111, samples.FOOOCUS_INFOTEXT, json.dumps(samples.FOOOCUS)])
def test_user_comments_in_the_exif_folder_or_outside(suffix: str, text: str, tmp_path: Path) -> None:
    proper = commented(tmp_path / f"a.{suffix}", b"UNICODE\0" + text.encode("utf-16-be"))
    loose = tagged(tmp_path / f"b.{suffix}", {USER_COMMENT: text})
    assert read(proper) == read(loose)
    assert read(proper).text == text


@pytest.mark.parametrize(
    "comment",
    [
        b"UNICODE\0" + samples.A1111.encode("utf-16-be"),
        b"UNICODE\0" + samples.A1111.encode("utf-16-le"),
        b"UNICODE\0" + samples.A1111.encode("utf-16"),
        b"UNICODE\0\xfe\xff" + samples.A1111.encode("utf-16-be") + b"\0\0",
        b"ASCII\0\0\0" + samples.A1111.encode(),
        bytes(8) + samples.A1111.encode() + b"\0",
        samples.A1111.encode(),
    ],
)
def test_user_comments_in_every_encoding(comment: bytes) -> None:
    assert decoded_user_comment(comment) == samples.A1111


def test_a_user_comment_of_few_latin_letters() -> None:
    text = "猫" * 200 + "\nSteps: 20, Seed: 1, Size: 8x8"
    for order in ("be", "le"):
        assert decoded_user_comment(b"UNICODE\0" + text.encode(f"utf-16-{order}")) == text


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        (b"UNICODE\0" + "a café 桜".encode(), "a café 桜"),
        (b"UNICODE\0" + "a café 桜".encode("utf-16-le"), "a café 桜"),
        (b"ASCII\0\0\0" + "a café 桜".encode("utf-16-be"), "a café 桜"),
        ("a café 桜".encode("utf-16-le"), "a café 桜"),
        (bytes(8) + "a café".encode("latin-1"), "a café"),
        (b"\xef\xbb\xbfa caf\xc3\xa9", "a café"),
        (b"charset=Unicode a cafe", "a cafe"),
        (b"JIS\0\0\0\0\0" + "桜の木".encode("cp932"), "桜の木"),
        (b"", ""),
        (b"UNICODE\0", ""),
    ],
)
def test_a_user_comment_in_another_encoding_than_it_says(comment: bytes, text: str) -> None:
    assert decoded_user_comment(comment) == text


@pytest.mark.parametrize("suffix", ["avif", "tif", "webp"])
def test_user_comments_of_other_formats(suffix: str, tmp_path: Path) -> None:
    path = commented(tmp_path / f"x.{suffix}", b"UNICODE\0" + samples.A1111.encode("utf-16-be"))
    assert read(path).fields["seed"] == 965400086


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (json.dumps({"prompt": samples.COMFYUI, "workflow": samples.WORKFLOW}), "ComfyUI"),
        (json.dumps(samples.COMFYUI), "ComfyUI"),
        (json.dumps(samples.WORKFLOW), "ComfyUI"),
        (json.dumps({"parameters": samples.A1111}), "A1111"),
        (json.dumps({"parameters": json.dumps({"parameters": samples.A1111})}), "A1111"),
        (json.dumps(samples.INVOKEAI), "InvokeAI"),
        (json.dumps(samples.SD_METADATA), "InvokeAI"),
        (json.dumps(samples.NOVELAI), "NovelAI"),
        (samples.NOVELAI["Comment"], "NovelAI"),
        (json.dumps({"prompt": "a fox", "num_inference_steps": 3, "seed": 1}), "Easy Diffusion"),
        (json.dumps({"c": "a fox", "uc": "", "steps": 3, "lora": [{"model": "x.ckpt", "weight": 0.5}]}), "Draw Things"),
    ],
)
def test_json_of_every_program_in_every_place(text: str, program: str, tmp_path: Path) -> None:
    for path in (
        png(tmp_path / "a.png", parameters=text),
        png(tmp_path / "b.png", Comment=text),
        commented(tmp_path / "c.jpg", b"UNICODE\0" + text.encode("utf-16-le")),
        commented(tmp_path / "d.webp", text.encode()),
    ):
        assert read(path).program == program


def test_what_is_there_and_not_read_is_said(tmp_path: Path) -> None:
    assert "Comment: 'Created with GIMP'" in why_silent(png(tmp_path / "a.png", Comment="Created with GIMP"))
    assert 'parameters: \'{"by"' in why_silent(png(tmp_path / "b.png", parameters='{"by": "others"}'))
    for chunks in ({}, {"Software": "a scanner"}):
        assert why_silent(png(tmp_path / "c.png", **chunks)) == SILENT


def test_what_is_no_ordinary_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "huge.png").touch()
    os.truncate(tmp_path / "huge.png", 2**40)
    for path, reason in (
        (tmp_path / "pipe.png", "is not a regular file"),
        (Path("/dev/zero"), "is not a regular file"),
        (tmp_path, "is a folder"),
        (tmp_path / "huge.png", "is larger than 256 MiB"),
    ):
        with pytest.raises(BadRequest, match=reason):
            read_found(path)
        assert not is_ours(path)
        assert read_sheet(path) is None


def test_a_user_comment_that_is_no_text_is_no_obstacle(tmp_path: Path) -> None:
    comment = b"UNICODE\0" + samples.A1111.encode("utf-16-be") + b"\xd8\x00\x00"
    assert read(commented(tmp_path / "x.jpg", comment)).fields["seed"] == 965400086
    assert read_found(commented(tmp_path / "y.jpg", b"UNICODE\0\xd8")) is None


def test_gif_and_jpeg_comments(tmp_path: Path) -> None:
    for suffix in ("gif", "jpg"):
        path = tmp_path / f"x.{suffix}"
        Image.new("RGB", (16, 8)).save(path, comment=(samples.A1111 + " é").encode("latin-1"))
        assert read(path).fields["seed"] == 965400086


def test_comfyui_in_webp_tags(tmp_path: Path) -> None:
    graph, drawing = json.dumps(samples.COMFYUI), json.dumps(samples.WORKFLOW)
    core = tagged(tmp_path / "a.webp", {MODEL: f"prompt:{graph}", MAKE: f"workflow:{drawing}"})
    node = tagged(tmp_path / "b.webp", {MAKE: f"Prompt: {graph}", DESCRIPTION: f"Workflow: {drawing}"})
    assert read(core).prompt == read(node).prompt == "a cat\nsitting on a log"
    assert read(tagged(tmp_path / "c.webp", {MAKE: f"workflow:{drawing}"})).prompt == "a boat"
    assert read(tagged(tmp_path / "d.webp", {MAKE: f"workflow:{drawing}", MODEL: "prompt: a car"})).prompt == "a boat"


def test_parameters_come_before_all_others(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", **CHUNKS["ComfyUI"], **CHUNKS["InvokeAI"], parameters=samples.A1111)
    assert read(path).program == "A1111"


def test_chunks_behind_the_pixels_are_found(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", Software="a scanner")
    whole = path.read_bytes()
    body = b"tEXtparameters\0" + samples.A1111.encode()
    late = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    path.write_bytes(whole[:-12] + late + whole[-12:])
    assert read(path) == parse_infotext(samples.A1111)


@pytest.mark.parametrize(
    "chunks",
    [
        {},
        {"Comment": "Created with GIMP"},
        {"Software": "a camera", "Description": "a cat"},
        {"prompt": "a cat, said by nobody"},
        {"prompt": '{"by": "others"}'},
        {"parameters": '{"sui_image_params": {}}'},
        {"Comment": '{"made by": "aa: b, cc: d, ee: f"}'},
    ],
)
def test_a_picture_that_says_nothing_of_the_kind(chunks: dict[str, str], tmp_path: Path) -> None:
    assert read_found(png(tmp_path / "x.png", **chunks)) is None


def test_a_damaged_text_gives_way_to_a_sound_one(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", invokeai_metadata="{", prompt=json.dumps(samples.COMFYUI))
    assert read(path).program == "ComfyUI"


def test_a_damaged_text_alone_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", prompt="{")
    with pytest.raises(BadRequest, match=r"x\.png'.*: its metadata is damaged JSON") as caught:
        read_found(path)
    assert caught.value.field == "file"


def test_a_text_of_more_than_a_megabyte_is_refused(tmp_path: Path) -> None:
    path = png(tmp_path / "x.png", parameters="a" * (LARGEST_TEXT + 1))
    with pytest.raises(BadRequest, match="its metadata is 1,048,577 characters long"):
        read_found(path)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no such file"), (b"", "not a picture"), (b"GIF89a", "not a picture")]
)
def test_what_is_no_picture(content: bytes | None, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRequest, match=reason):
        read_found(path)


@pytest.mark.filterwarnings("ignore")
def test_flipped_bytes_never_crash(tmp_path: Path) -> None:
    comment = b"UNICODE\0" + samples.A1111.encode("utf-16-be")
    files = [
        png(tmp_path / "x.png", **CHUNKS["ComfyUI"]),
        commented(tmp_path / "x.jpg", comment),
        commented(tmp_path / "x.webp", comment),
    ]
    chance = random.Random(0)
    for path in files:
        whole = path.read_bytes()
        for _ in range(150):
            spoiled = bytearray(whole[: chance.choice([len(whole), chance.randrange(len(whole))])])
            for _ in range(chance.randrange(4)):
                spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
            path.write_bytes(spoiled)
            with suppress(BadRequest):
                assert isinstance(read_found(path), ParsedMetadata | None)


@pytest.mark.parametrize(
    "line",
    [
        "a" * LARGEST_TEXT,
        " " * (LARGEST_TEXT - 1) + "a",
        "a:" * (LARGEST_TEXT // 2),
        'aa: "' * (LARGEST_TEXT // 5),
        'aa: "\\' * (LARGEST_TEXT // 6),
        "aa: 1," * (LARGEST_TEXT // 6),
        "Hashes: [" * (LARGEST_TEXT // 9),
        'Hashes: ["Hashes: [", ' * (LARGEST_TEXT // 22),
        "\n" * LARGEST_TEXT,
        "- /" * (LARGEST_TEXT // 3),
    ],
)
def test_no_text_takes_more_than_linear_time(line: str) -> None:
    text = "x" + line[1:]
    with few_lines(LINES_A_CHARACTER * len(text)):
        found = parse_infotext(text)
    assert found.text == text
    assert found.prompt == text.strip() or found.other  # pairs, or else a prompt alone

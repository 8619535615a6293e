"""Wildcard and style files: what is read of them, and everything that can be wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.core.errors import BadRequest
from sdplay.prompts.styles import Style, read_styles
from sdplay.prompts.wildcards import LARGEST, read_wildcards


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "wildcards"
    (folder / "art").mkdir(parents=True)
    (folder / "color.txt").write_text("\ufeff# warm\nred\n\n  orange \r\n", encoding="utf-8")
    (folder / "art" / "old.txt").write_text("a __color__ fresco\n{oil|chalk}\n", encoding="utf-8")
    (folder / "art" / "new.txt").write_text("collage\n", encoding="utf-8")
    (folder / "empty.txt").write_text("# nothing\n\n", encoding="utf-8")
    (folder / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (folder / "nul.txt").write_bytes(b"a\0b\n")
    (tmp_path / "secret.txt").write_text("secret\n", encoding="utf-8")
    return folder


def test_the_lines_of_all_that_is_named_are_read(folder: Path) -> None:
    assert read_wildcards(["a __color__ cat"], folder) == {"color": ("red", "orange")}
    assert read_wildcards(["{a|__art/old__}", "b"], folder) == {
        "art/old": ("a __color__ fresco", "{oil|chalk}"),
        "color": ("red", "orange"),
    }
    assert read_wildcards(["__art/*__"], folder)["art/*"] == ("collage", "a __color__ fresco", "{oil|chalk}")
    assert read_wildcards(["a cat", r"\__color__ snake_case__"], folder) == {}
    assert read_wildcards(["a cat"], folder / "nowhere") == {}


YAML = """
color: [mauve, 3::teal, ""]
people:
  painters:
    finnish: [Gallen-Kallela]
    french: [Corot, Monet]
  clothes: a hat
years: [1850, 1900.5, yes]
nothing:
"""


def test_yaml_files_stand_beside_text_files(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "all.yaml").write_text(YAML, encoding="utf-8")

    def read(name: str) -> tuple[str, ...]:
        return read_wildcards([f"a __{name}__"], folder)[name]

    assert read("people/painters/french") == ("Corot", "Monet")
    assert read("people/painters/*") == ("Gallen-Kallela", "Corot", "Monet")
    assert read("people/clothes") == ("a hat",)
    assert read("years") == ("1850", "1900.5", "True")
    assert read("color") == ("red", "orange", "mauve", "3::teal")  # of both
    for name in ("people", "painters/french", "deep/all", "nothing", "people/painters/../clothes"):
        with pytest.raises(BadRequest, match="and no such key in its YAML files"):
            read(name)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} {{{', '.join(f'k{i}: *{before}' for i in range(10))}}}\n"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "more than 200,000 options"),
        ("a: " + "[" * 2_000, "nested too deeply|cannot be read"),
        ("a: [unclosed", "cannot be read"),
        ("[red, blue]", "it is not a list of texts"),
        ("a: [[red]]", "a is not a list of texts"),
        ("a: [{b: c}]", "a is not a list of texts"),
        ("a: !!python/object/apply:os.getcwd []", "cannot be read"),
        ('a: ["\\0"]', "NUL"),
    ],
    ids=["bomb", "deep", "unclosed", "no keys", "lists", "mapping", "object", "nul"],
)
def test_a_hostile_yaml_file_is_refused(folder: Path, text: str, said: str) -> None:
    (folder / "bad.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadRequest, match=said) as caught:
        read_wildcards(["a __color__"], folder)
    assert caught.value.field == "wildcards"


def test_lines_that_are_known_are_not_read_again(folder: Path) -> None:
    assert read_wildcards(["__color__ __gone__"], folder, {"color": ("mauve",), "gone": ("x",)}) == {
        "color": ("mauve",),
        "gone": ("x",),
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("colour", "there is no colour.txt"),
        ("empty", "holds no option"),
        ("binary", "cannot be read"),
        ("nul", "cannot be read: it holds a NUL"),
        ("art/../../secret", "there is no"),
        ("x/../../secret", "there is no"),
    ],
)
def test_what_cannot_be_read_is_said(folder: Path, name: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said) as caught:
        read_wildcards([f"a __{name}__"], folder)
    assert caught.value.field == "wildcards"
    assert caught.value.hint


def test_what_is_there_is_named(folder: Path) -> None:
    with pytest.raises(BadRequest, match=r"known: art/new, art/old, binary, color"):
        read_wildcards(["__colour__"], folder)


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, tmp_path: Path) -> None:
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(BadRequest, match=r"there is no out\.txt"):
        read_wildcards(["__out__"], folder)


def test_files_that_no_picture_could_carry_are_refused(folder: Path) -> None:
    (folder / "big.txt").write_text("word\n" * (LARGEST // 4 + 1), encoding="utf-8")
    with pytest.raises(BadRequest, match="and 500,000 is the most"):
        read_wildcards(["__big__"], folder)


def test_styles_are_read_as_a1111_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "styles.csv"
    path.write_text(
        '\ufeffname,prompt,negative_prompt\nphoto,"photo of {prompt}, 35mm",drawing\n'
        'night,at night,\n"two\nlines",a,b\n',
        encoding="utf-8",
    )
    assert read_styles(path) == {
        "photo": Style(prompt="photo of {prompt}, 35mm", negative_prompt="drawing"),
        "night": Style(prompt="at night"),
        "two\nlines": Style(prompt="a", negative_prompt="b"),
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file"),
        (b"", "holds no styles"),
        (b"a,b\n1,2\n", "holds no styles"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b'name,prompt\na,"b', "cannot be read"),
    ],
)
def test_styles_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "styles.csv").write_bytes(content)
    with pytest.raises(BadRequest, match=said) as caught:
        read_styles(tmp_path / "styles.csv")
    assert caught.value.field == "styles_file"


def test_names_with_spaces_old_code_pages_and_folders_in_folders(folder: Path) -> None:
    (folder / "two words.txt").write_bytes("café\n".encode("cp1252"))
    (folder / "art" / "more").mkdir()
    (folder / "art" / "more" / "odd.txt").write_text("a __even__ thing\n", encoding="utf-8")
    (folder / "art" / "more" / "even.txt").write_text("even\n", encoding="utf-8")
    assert read_wildcards(["__two words__"], folder) == {"two words": ("café",)}
    everything = read_wildcards(["__art/**__"], folder)
    assert set(everything["art/**"]) == {
        "collage",
        "a __color__ fresco",
        "{oil|chalk}",
        "a __art/more/even__ thing",
        "even",
    }
    assert everything["art/more/even"] == ("even",)
    assert "red" in read_wildcards(["__c**__"], folder)["c**"]

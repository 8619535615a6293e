"""Notation, wildcards and styles on the command line, and `sdplay explain`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from sdplay.core.errors import BadRequest
from sdplay.families.common.tokenizer import read_tokenizer
from sdplay.images.own import read_own
from sdplay.images.write import own_chunk, parse_chunk
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.commandline import Sdplay


@pytest.fixture
def desk(here: Path) -> Path:
    (here / "wildcards").mkdir()
    (here / "wildcards" / "color.txt").write_text("red\nblue\ngreen\n", encoding="utf-8")
    (here / "styles.csv").write_text(
        'name,prompt,negative_prompt\nicon,"flat icon of {prompt}, {gold|silver}",blurry\nnight,at night,\n',
        encoding="utf-8",
    )
    return here


def said_by(path: Path) -> str:
    """The text that other programs read."""
    with Image.open(path) as image:
        return image.info["parameters"]


def test_a_file_says_what_was_drawn_and_what_it_was_drawn_by(desk: Path, sdplay: Sdplay) -> None:
    files = sdplay("a __color__ cat", "-n", "6", "--seed", "3", "--negative", "{x|y}").paths
    texts = [said_by(file).splitlines() for file in files]
    assert {text[0] for text in texts} <= {"a red cat", "a blue cat", "a green cat"}
    assert len({text[0] for text in texts}) > 1
    assert {text[1] for text in texts} == {"Negative prompt: x", "Negative prompt: y"}
    assert all("Template: a __color__ cat, Negative Template: {x|y}, Version: sdplay" in text[2] for text in texts)
    recipe = read_own(files[0])[0].recipe
    assert recipe.request.prompt == "a __color__ cat"  # type: ignore[union-attr]
    assert recipe.wildcards == {"color": ("red", "blue", "green")}


def test_a_file_needs_no_wildcard_files_to_be_made_again(desk: Path, sdplay: Sdplay) -> None:
    file = sdplay("a __color__ cat", "-n", "2", "--seed", "3").paths[1]
    words = said_by(file).splitlines()[0]
    (desk / "wildcards" / "color.txt").unlink()
    here = ("--model", str(desk.parent / "models" / "fake"))
    assert sdplay("verify", str(file), *here).code == 0
    (again,) = sdplay("again", str(file), "--steps", "7", *here).paths
    assert said_by(again).splitlines()[0] == words
    other = sdplay("again", str(file), "--wildcards", "wildcards", *here)
    assert other.code == 2
    assert "there is no color.txt" in other.err


def test_styles_stand_in_the_prompt_and_may_hold_choices(desk: Path, sdplay: Sdplay) -> None:
    (file,) = sdplay("a cat", "--style", "icon", "--style", "night", "--seed", "1").paths
    request = read_own(file)[0].recipe.request
    assert isinstance(request, Txt2Img)
    assert request.prompt == "flat icon of a cat, {gold|silver}, at night"
    assert request.negative_prompt == "blurry"
    assert said_by(file).splitlines()[0] in {f"flat icon of a cat, {metal}, at night" for metal in ("gold", "silver")}
    wrong = sdplay("a cat", "--style", "icno")
    assert (wrong.code, "did you mean 'icon'" in wrong.err) == (2, True)


def test_plain_syntax_keeps_the_text_as_it_stands(desk: Path, sdplay: Sdplay) -> None:
    (file,) = sdplay("a __nobody__ {b|c} (d:2)", "--syntax", "plain").paths
    assert said_by(file).splitlines()[0] == "a __nobody__ {b|c} (d:2)"
    assert "Template" not in said_by(file)
    model = str(desk.parent / "models" / "fake")
    (again,) = sdplay("again", str(file), "--steps", "3", "--model", model).paths
    assert said_by(again).splitlines()[0] == "a __nobody__ {b|c} (d:2)"


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("a __colour__ cat", "there is no colour.txt in wildcards"),
        ("(" * 10_000, "nested more than 64 deep"),
        ("{a|b}" * 3_000, "more than 1,000 choices"),
        ("x" * 1_000_000, "at most 32000 characters"),
        ("(x:500)", "a weight in it comes to 500"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_reason(desk: Path, sdplay: Sdplay, prompt: str, said: str) -> None:
    for command in ("txt2img", "explain"):
        outcome = sdplay(command, prompt)
        assert outcome.code == 2
        assert said in outcome.err
        assert len(outcome.err) < 600


def test_wildcards_of_a_file_are_not_trusted(desk: Path, sdplay: Sdplay) -> None:
    """A damaged recipe is told as damaged."""
    (file,) = sdplay("a __color__ cat", "--seed", "3").paths
    with Image.open(file) as image:
        chunk = json.loads(own_chunk(image) or "")
    for bad in (["red"], {"color": "red"}, {"color": [1]}, {"color": None}):
        chunk["recipe"]["wildcards"] = bad
        with pytest.raises(BadRequest, match="damaged"):
            parse_chunk(json.dumps(chunk))


# --- explain ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def explain(desk: Path, tiny: Path, sdplay: Sdplay) -> Sdplay:
    return lambda *arguments: sdplay("explain", "--model", str(tiny), "--seed", "3", *arguments)


def test_explain_shows_weights_chunks_and_steps(explain: Sdplay) -> None:
    outcome = explain("a (red:1.2) [apple:cat:0.5] BREAK on a render AND blue :0.5", "--steps", "10")
    assert outcome.code == 0
    lines = [line.strip() for line in outcome.out.splitlines()]
    assert "towards, part 1 of 2 ×1" in lines
    assert "towards, part 2 of 2 ×0.5" in lines
    assert lines[lines.index("steps 1-5 of 10") + 1] == "chunk 1: 3 tokens: a | red ×1.2 | apple"
    assert lines[lines.index("steps 6-10 of 10") + 1] == "chunk 1: 3 tokens: a | red ×1.2 | cat"
    assert lines.count("chunk 2: 3 tokens: on a render") == 2
    assert "chunk 1: 1 token: blue" in lines
    assert lines[-2:] == ["away from", "chunk 1: empty"]


def test_explain_is_told_in_json_too(explain: Sdplay) -> None:
    found = json.loads(explain("a (red:1.2) [apple:cat:0.5] AND blue :0.5", "--steps", "10", "--json").out)
    assert (found["seed"], found["steps"], found["words"]["syntax"]) == (3, 10, "a1111")
    first, second = found["parts"]
    assert [(one["text"], len(one["steps"])) for one in first["readings"]] == [
        ("a (red:1.2) apple", 5),
        ("a (red:1.2) cat", 5),
    ]
    assert {"text": "red", "weight": 1.2} in first["readings"][0]["chunks"][0]["fragments"]
    assert second["weight"] == 0.5


def test_explain_makes_the_choices_that_a_picture_makes(explain: Sdplay, sdplay: Sdplay) -> None:
    (file,) = sdplay("a __color__ {cat|apple}", "--seed", "3").paths
    words = said_by(file).splitlines()[0]
    assert explain("a __color__ {cat|apple}").out.splitlines()[0].split(maxsplit=1)[1] == words


def test_explain_tells_what_is_lost(explain: Sdplay) -> None:
    out = explain("red " * 22 + "apple cat", "--syntax", "plain").out
    assert "cut off: apple cat" in out
    assert "cut off" not in explain("red " * 22 + "apple cat").out
    assert "in pieces, since the vocabulary does not have them whole: cats (ca t s)" in explain("red cats").out


def test_explain_steers_no_terminal(explain: Sdplay) -> None:
    assert "\x1b" not in explain("a \x1b[31mred cat", "--syntax", "plain").out


def test_explain_takes_no_torch_and_so_no_weights(tiny: Path) -> None:
    code = (
        "import sys; from sdplay.cli.main import main; "
        f"code = main(['explain', 'a (red:1.2) cat', '--model', {str(tiny)!r}]); "
        "sys.exit(code or 10 * ('torch' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "red ×1.2" in done.stdout) == (0, True), done.stderr


def test_explain_reads_single_files_too(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    speller = read_tokenizer(tmp_path / "model.safetensors")
    assert speller.size == 75
    assert list(speller.split_words(speller.encode("a lighthouse"))) == []


def test_a_studio_explains(tiny: Path) -> None:
    with Studio() as studio:
        found = studio.explain(make_request(Txt2Img, prompt="a [red|blue] cat", model=str(tiny), steps=4, seed=0))
    (part,) = found.parts
    assert [(reading.text, reading.steps) for reading in part.readings] == [
        ("a red cat", (1, 3)),
        ("a blue cat", (2, 4)),
    ]

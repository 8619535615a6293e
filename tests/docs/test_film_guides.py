"""Every command in the guides about films runs, in the order of the page, and leaves a whole film."""

from __future__ import annotations

import json
import shlex
import wave
from pathlib import Path

import pytest

from sdplay.cli.main import main
from sdplay.film.video.container import verify_film
from tests.docs.pages import OF_THE_FILMS, ROOT, blocks
from tests.support.given import photo
from tests.support.settings import DEFORUM, ORIGINAL_CONFIG

GUIDES = ROOT / "docs" / "guides"
NAMES = sorted(name.removesuffix(".md") for name in OF_THE_FILMS)


def commands(guide: str) -> list[list[str]]:
    """The words of each line of a guide's shell blocks."""
    text = blocks(GUIDES / f"{guide}.md", "sh")
    return [shlex.split(line) for block in text for line in block.splitlines() if line.strip()]


@pytest.fixture
def desk(tmp_path: Path, builtin: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the settings that the guides name, where films are drawn in flat colours, 64 px and few steps."""
    for guide, name in (("animate", "castle.toml"), ("dream", "day.toml")):
        (settings,) = blocks(GUIDES / f"{guide}.md", "toml")
        (tmp_path / name).write_text(settings, encoding="utf-8")
    (tmp_path / "config.py").write_text(ORIGINAL_CONFIG, encoding="utf-8")
    (tmp_path / "deforum_settings.txt").write_text(json.dumps(DEFORUM), encoding="utf-8")
    with wave.open(str(tmp_path / "song.wav"), "wb") as song:
        song.setparams((1, 2, 8000, 0, "NONE", ""))
        song.writeframes(b"".join(beating.to_bytes(2, "little") * 500 for beating in [0, 9000] * 8))
    photo(tmp_path / DEFORUM["init_image"], (64, 64))
    monkeypatch.chdir(tmp_path)
    for name, value in {"EXECUTOR": "fake", "STEPS": "2", "WIDTH": "64", "HEIGHT": "64"}.items():
        monkeypatch.setenv(f"SDPLAY_{name}", value)
    return tmp_path


@pytest.mark.parametrize("guide", NAMES)
def test_every_command_of_the_guide_runs(desk: Path, guide: str) -> None:
    lines = commands(guide)
    ended = {" ".join(words): main(words[1:]) for words in lines}
    assert {line: code for line, code in ended.items() if code != 0} == {}
    jobs = {Path(words[words.index("--out") + 1]) for words in lines if "--out" in words}
    assert len(jobs) > 1
    for job in jobs:
        output = json.loads((job / "job.json").read_text(encoding="utf-8"))["description"]["output"]
        film, drawn = job / f"video.{output['kind']}", len(list((job / "frames").glob("*.png")))
        assert drawn > 1
        played = 2 * drawn - 2 if output["loop"] == "pingpong" else drawn
        facts = verify_film(film)
        # a WebP stores neighbours that are equal as one, longer frame
        shown = round(facts.seconds * float(output["rate"])) if film.suffix == ".webp" else facts.frames
        assert shown == played


def test_the_python_of_the_guide_runs(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SDPLAY_EXECUTOR")
    (block,) = blocks(GUIDES / "dream.md", "python")
    exec(compile(block, "dream.md", "exec"), {})
    assert (desk / "films" / "from-python" / "video.mp4").exists()


def test_the_guides_name_every_field_of_their_own() -> None:
    from sdplay.film.plan import FILMS
    from sdplay.requests.modes import request_type

    words = request_type("txt2img").model_fields
    for mode in ("dream", "animate"):
        text = (GUIDES / f"{mode}.md").read_text(encoding="utf-8")
        own = FILMS[mode].model_fields.keys() - words.keys()
        assert not {field for field in own if field not in text and f"--{field.replace('_', '-')}" not in text}


def test_other_settings_in_a_job_are_refused_and_named(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, *_ = commands("films-that-survive")
    assert main(first[1:]) == 0
    changed = [word.replace("0:(3)", "0:(9)") for word in first[1:]]
    assert main(changed) == 2
    said = capsys.readouterr().err
    assert "belongs to another job" in said
    assert "angle: '0:(3)' then, '0:(9)' now" in said


def test_the_exit_codes_in_the_guide_are_those_of_the_program() -> None:
    from sdplay.core.errors import BadRequest, DiskFull, RenderFailed, Stopped

    text = (GUIDES / "films-that-survive.md").read_text(encoding="utf-8")
    for error, words in ((RenderFailed, "failed"), (BadRequest, "wrong"), (Stopped, "stopped"), (DiskFull, "disk")):
        row = next(line for line in text.splitlines() if line.startswith(f"| {error.exit_code} |"))
        assert words in row

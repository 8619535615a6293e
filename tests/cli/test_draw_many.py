"""A folder of pictures, a file of prompts: one request each, and one bad file spoils no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from sdplay.core.errors import ModelBroken, Stopped
from sdplay.images.own import read_own
from tests.support.commandline import MODULE, InTerminal, Sdplay
from tests.support.given import mask, photo


def asked(path: Path) -> tuple[str, str | None]:
    request = read_own(path)[0].recipe.request
    return request.prompt, getattr(request, "image", None)


@pytest.fixture
def folder(here: Path) -> Path:
    """Three pictures, named against the order they were made in, and other things."""
    (here / "in").mkdir()
    for name, size in (("c.PNG", (64, 64)), ("a.png", (80, 64)), ("b.webp", (64, 72))):
        photo(here / "in" / name, size)
    (here / "in" / "notes.txt").write_text("no picture")
    (here / "in" / "below.png").mkdir()
    return here / "in"


@pytest.mark.usefixtures("folder")
def test_a_folder_is_worked_through_in_order(sdplay: Sdplay) -> None:
    outcome = sdplay("img2img", "a cat", "--image", "in", "--num", "2", "--seed", "7")
    assert outcome.code == 0, outcome.err
    assert [path.name for path in outcome.paths] == [f"{name}-{seed}.png" for name in "abc" for seed in (7, 8)]
    assert [asked(path)[1] for path in outcome.paths] == [
        f"in/{name}" for name in ("a.png", "b.webp", "c.PNG") for _ in "12"
    ]


@pytest.mark.usefixtures("folder")
def test_what_comes_of_a_folder_is_called_as_in_it(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("img2img", "a cat", "--image", "in")
    assert [path.name for path in outcome.paths] == ["a.png", "b.png", "c.png"]
    assert outcome.err.count("drawing ") == 1
    assert "drawing 3 pictures for 3 requests with fake" in outcome.err
    assert "2/3 'in/b.webp' in " in outcome.err
    before = (here / "in" / "a.png").read_bytes()
    again = sdplay("img2img", "a cat", "--image", "in", "--out", "in")
    assert [path.name for path in again.paths] == ["a-2.png", "b.png", "c.png"]
    assert (here / "in" / "a.png").read_bytes() == before


def test_a_bad_file_is_told_and_the_rest_is_drawn(sdplay: Sdplay, folder: Path) -> None:
    (folder / "aa.jpg").write_bytes(b"no picture")
    outcome = sdplay("img2img", "a cat", "--image", "in", "-q")
    assert outcome.code == 1
    assert [asked(path)[1] for path in outcome.paths] == ["in/a.png", "in/b.webp", "in/c.PNG"]
    told, count = outcome.err.splitlines()
    assert told.startswith("skipped: --image = 'in/aa.jpg': is not a picture that can be read")
    assert count == "error: 1 of 4 requests could not be drawn"


def test_pictures_that_a_mask_does_not_fit_are_skipped(sdplay: Sdplay, folder: Path) -> None:
    mask(Path("mask.png"), (64, 64), (0, 0, 9, 9))
    outcome = sdplay("inpaint", "a cat", "--image", "in", "--mask", "mask.png")
    assert outcome.code == 1
    assert [asked(path)[1] for path in outcome.paths] == ["in/c.PNG"]
    assert "--mask = 'mask.png': the mask is 64x64 and the picture 80x64" in outcome.err


def test_a_single_bad_file_is_an_ordinary_error(sdplay: Sdplay, here: Path) -> None:
    outcome = sdplay("img2img", "a cat", "--image", "nowhere.png")
    assert (outcome.code, outcome.err) == (2, "error: --image = 'nowhere.png': no such file\n")
    assert not list(here.iterdir())


def test_a_folder_without_pictures(sdplay: Sdplay, here: Path) -> None:
    (here / "empty").mkdir()
    outcome = sdplay("img2img", "a cat", "--image", "empty")
    assert outcome.code == 2
    assert outcome.err.startswith("error: --image = 'empty': the folder holds no picture")


def test_what_is_no_files_fault_stops_everything(sdplay: Sdplay, folder: Path) -> None:
    for flags in (["--sampler", "eulr"], ["--model", "nowhere"], ["--strength", "2"]):
        outcome = sdplay("img2img", "a cat", "--image", "in", *flags)
        assert (outcome.code, outcome.out) == (2, "")
        assert outcome.err.count(flags[0]) == 1


PROMPTS = "\ufeff# what to draw\na red apple\n\n   a blue cat  \n#\nein Käse 🧀\n"


@pytest.fixture
def lines(here: Path) -> Path:
    (here / "prompts.txt").write_text(PROMPTS, encoding="utf-8")
    return here / "prompts.txt"


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("command", [["txt2img"], []])
def test_a_prompt_a_line(sdplay: Sdplay, command: list[str]) -> None:
    outcome = sdplay(*command, "--prompts-from", "prompts.txt", "-n", "2", "--seed", "5")
    assert outcome.code == 0, outcome.err
    assert [asked(path)[0] for path in outcome.paths] == [
        text for text in ("a red apple", "a blue cat", "ein Käse 🧀") for _ in range(2)
    ]
    assert [path.name[6:] for path in outcome.paths] == ["5.png", "6.png"] * 3


@pytest.mark.usefixtures("lines")
def test_prompts_and_a_folder_together(sdplay: Sdplay, folder: Path) -> None:
    outcome = sdplay("img2img", "--prompts-from", "prompts.txt", "--image", "in", "--json")
    assert outcome.code == 0
    assert len(outcome.out.splitlines()) == 9


def test_prompts_for_inpainting(sdplay: Sdplay, lines: Path, here: Path) -> None:
    photo(here / "p.png")
    outcome = sdplay("inpaint", "--prompts-from", str(lines), "--image", "p.png", "--extend", "left=8")
    assert [asked(path) for path in outcome.paths][1] == ("a blue cat", "p.png")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "no such file"),
        (b"# nothing\n\n", "holds no prompt"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"a\0b", "NUL"),
    ],
)
def test_a_file_without_prompts(sdplay: Sdplay, here: Path, content: bytes | None, why: str) -> None:
    if content is not None:
        (here / "p.txt").write_bytes(content)
    outcome = sdplay("txt2img", "--prompts-from", "p.txt")
    assert outcome.code == 2
    assert why in outcome.err
    assert not (here / "images").exists()


@pytest.mark.usefixtures("lines")
@pytest.mark.parametrize("arguments", [["txt2img"], ["txt2img", "a cat", "--prompts-from", "prompts.txt"]])
def test_one_of_the_two(sdplay: Sdplay, arguments: list[str]) -> None:
    outcome = sdplay(*arguments)
    assert outcome.code == 2
    assert "say what to draw, or give --prompts-from FILE" in outcome.err


@pytest.mark.usefixtures("lines")
def test_stopping_says_how_many_requests_were_done(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdplay.cli import batch

    follow, seen = batch.follow, []

    def second_stops(*arguments: object) -> object:
        seen.append(arguments)
        if len(seen) == 2:
            raise Stopped("stopped; 0 of 1 pictures are kept in images", hint="to go on, …")
        return follow(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(batch, "follow", second_stops)
    outcome = sdplay("--prompts-from", "prompts.txt", "-q")
    assert outcome.code == 3
    assert outcome.err == "stopped; 0 of 1 pictures are kept in images; 1 of 3 requests were done\n"


@pytest.mark.usefixtures("folder")
def test_a_failure_while_drawing_is_no_bad_file(sdplay: Sdplay, monkeypatch: pytest.MonkeyPatch) -> None:
    from sdplay.studio import Studio

    def broken(*_: object) -> None:
        raise ModelBroken("no unet")

    monkeypatch.setattr(Studio, "run", broken)
    assert sdplay("img2img", "a cat", "--image", "in").code == 1


@pytest.mark.usefixtures("lines")
def test_a_bar_for_every_request(in_terminal: InTerminal) -> None:
    outcome = in_terminal([*MODULE, "--prompts-from", "prompts.txt"])
    assert outcome.code == 0
    assert outcome.out.count("drawing ") == 1
    assert all(
        f"{n}/3 '{text}' in " in outcome.out for n, text in enumerate(("a red apple", "a blue cat", "ein Käse 🧀"), 1)
    )


def lined(here: Path, *lines: str) -> str:
    (here / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    return "lines.txt"


def test_lines_with_flags_stand_beside_plain_ones(sdplay: Sdplay, here: Path) -> None:
    file = lined(
        here,
        '--prompt "a red cat" --steps 5 --negative_prompt "dog" --cfg_scale 3',
        "a -- plain line",
        "--n_iter 2 --batch_size 2 --prompt 'two' --seed 9",
    )
    outcome = sdplay("--prompts-from", file, "--steps", "7", "--seed", "5")
    assert outcome.code == 0, outcome.err
    recipes = [read_own(path)[0].recipe for path in outcome.paths]
    first, plain, *last = recipes
    assert (asked(outcome.paths[0])[0], first.steps, first.guidance_scale, first.seed) == ("a red cat", 5, 3.0, 5)
    assert first.request.negative_prompt == "dog"
    assert (asked(outcome.paths[1])[0], plain.steps, plain.request.negative_prompt) == ("a -- plain line", 7, "")
    assert [(recipe.steps, recipe.seed) for recipe in last] == [(7, 9)] * 4
    assert [path.stem[6:] for path in outcome.paths[2:]] == ["9", "10", "11", "12"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--steps 5", 'line 2 of --prompts-from: it has flags, and no --prompt "…" among them'),
        ('--prompt "a cat', "line 2 of --prompts-from: no closing quotation"),
        ("--prompt cat --stepz 5", "line 2 of --prompts-from: no such option"),
        (
            "--prompt cat --restore_faces true",
            "line 2 of --prompts-from: no such option --restore-faces: faces are not",
        ),
        ("--prompt cat --steps many", "line 2 of --prompts-from: invalid value for '--steps'"),
        ("--prompt a red cat", "line 2 of --prompts-from: got unexpected extra arguments"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_drawn(sdplay: Sdplay, here: Path, line: str, why: str) -> None:
    outcome = sdplay("--prompts-from", lined(here, "a plain one", line))
    assert (outcome.code, outcome.out) == (2, "")
    assert f"error: {why}" in outcome.err
    assert not (here / "images").exists()


def test_the_prompt_may_be_a_flag_and_only_one_is_taken(sdplay: Sdplay) -> None:
    assert asked(sdplay("txt2img", "--prompt", "a cat").paths[0])[0] == "a cat"
    assert "typed twice" in sdplay("txt2img", "a dog", "--prompt", "a cat").err

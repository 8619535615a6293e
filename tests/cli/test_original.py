"""Transcripts of the original command line, typed into a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sdplay.cli.original import DOING
from sdplay.film.job.description import described_recipe
from sdplay.film.job.folder import JobFolder
from sdplay.images.own import read_own
from sdplay.interop.settings_file import read_settings
from sdplay.library.library import Library
from sdplay.library.resolve import ResolvedModel, resolve
from tests.support.commandline import InTerminal
from tests.support.fakemodel import fake_model
from tests.support.films import decoded
from tests.support.given import mask, photo
from tests.support.headers import write_header
from tests.support.settings import ORIGINAL_CONFIG

ROOT = Path(__file__).resolve().parents[2]
RUN = [sys.executable, str(ROOT / "run.py")]
TOKEN, PROMPT, SIZE = "Enter Hugging face user access token:", "Enter prompt:", "Enter height and width of image:"
IMAGE, MASK = "Enter initial image path:", "Enter mask image path:"
STRENGTH = "Enter strength in [0, 1] range:"


@pytest.fixture
def local(here: Path) -> Path:
    return fake_model(here / "stable-diffusion-v1-4")


def pictures(folder: Path) -> list[Path]:
    return sorted((folder / "images").glob("*"))


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    "flags",
    [
        ["--mode", "txt2img", "--local", "--device", "cpu", "--num", "2", "--save", "--limit"],
        ["-m", "txt2img", "-l", "-d", "cpu", "-n", "2", "-s", "-limit"],
    ],
)
def test_txt2img_asks_the_questions_of_the_original(in_terminal: InTerminal, here: Path, flags: list[str]) -> None:
    outcome = in_terminal([*RUN, *flags], [(PROMPT, "a red apple"), (SIZE, "72 64")])
    assert outcome.code == 0, outcome.out
    said = ["Loading model...", "Model loaded successfully", PROMPT, SIZE, "one picture at a time", "images/00001-"]
    places = [outcome.out.index(part) for part in said]
    assert places == sorted(places)
    assert TOKEN not in outcome.out
    assert [Image(path).size for path in pictures(here)] == [(64, 72), (64, 72)]


DIALOGUES = {
    "img2img": [(IMAGE, "photo.png"), (PROMPT, "a red apple"), (STRENGTH, "0.6")],
    "inpaint": [(IMAGE, "'photo.png'"), (MASK, "mask.png"), (PROMPT, "a red apple"), (STRENGTH, "")],
}


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("mode", DIALOGUES)
@pytest.mark.parametrize("limit", [True, False])
def test_modes_from_pictures_ask_the_questions_of_the_original(
    in_terminal: InTerminal, here: Path, mode: str, limit: bool
) -> None:
    photo(here / "photo.png", (72, 50))
    mask(here / "mask.png", (72, 50), (8, 8, 30, 30))
    flags = ["-m", mode, "-l", "-d", "cpu", "-n", "2", "-s", *(["-limit"] if limit else [])]
    outcome = in_terminal([*RUN, *flags], DIALOGUES[mode])
    assert outcome.code == 0, outcome.out
    asked = [question for question, _ in DIALOGUES[mode]]
    said = ["Loading model...", "Model loaded successfully", *asked, DOING[mode]]
    places = [outcome.out.index(part) for part in said]
    assert places == sorted(places)
    assert SIZE not in outcome.out
    assert (MASK in outcome.out) == (mode == "inpaint")
    assert ("Plan: one picture at a time, 72x50, " in outcome.out) == limit
    assert [Image(path).size for path in pictures(here)] == [(72, 50)] * 2
    recipe = read_own(pictures(here)[0])[0].recipe
    assert recipe.request.mode == mode
    assert recipe.request.strength == (0.6 if mode == "img2img" else 0.8)  # type: ignore[union-attr]
    assert set(recipe.assets) == ({"image", "mask"} if mode == "inpaint" else {"image"})


def test_limit_draws_one_at_a_time_whatever_the_card_says(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sdplay.cli import original
    from sdplay.jobs import resolve as drawing

    def in_fours(name: str, library: Library, *, allow_pickle: bool) -> ResolvedModel:
        found = resolve(name, library, allow_pickle=allow_pickle)
        return replace(found, card=replace(found.card, tile=4))

    monkeypatch.setattr(drawing, "resolve", in_fours)
    fake_model(here / "stable-diffusion-v1-4")
    for limit in (False, True):
        typed = iter(["a cat", ""])
        monkeypatch.setattr("builtins.input", lambda question, typed=typed: next(typed))
        wishes = original.Wishes(mode="txt2img", local=True, device="cpu", num=2, save=True, limit=limit)
        assert original.converse(wishes) == 0
    numerics = [read_own(path)[0].recipe.numerics for path in pictures(here)]
    assert [(one.tile, one.attention_slice, one.decode_tile) for one in numerics] == [
        *[(4, False, 0)] * 2,
        *[(1, True, 512)] * 2,
    ]
    assert capsys.readouterr().err.count("Plan: one picture at a time, 64x64") == 1


@pytest.mark.usefixtures("local")
def test_a_gpu_that_is_not_there(here: Path) -> None:
    import torch

    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("this machine has a GPU")
    environment = os.environ | {"SDPLAY_EXECUTOR": "inline"}
    done = subprocess.run(
        [*RUN, "-l", "--device", "gpu"], capture_output=True, text=True, check=False, env=environment, input=""
    )
    assert done.returncode == 2
    assert "device = 'gpu': this machine has no such GPU" in done.stderr
    assert "use --device cpu" in done.stderr


class Image:
    def __init__(self, path: Path) -> None:
        from PIL import Image as Pillow

        with Pillow.open(path) as image:
            self.size = image.size


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("answer", "size"), [("", (64, 64)), ("128", (128, 128)), ("72,128", (128, 72)), ("72x128", (128, 72))]
)
def test_sizes_in_any_spelling_height_first(here: Path, answer: str, size: tuple[int, int]) -> None:
    done = subprocess.run([*RUN, "-l", "-s"], input=f"a cat\n{answer}\n", capture_output=True, text=True, check=True)
    assert [Image(path).size for path in pictures(here)] == [size]
    assert "one picture at a time" not in done.stdout
    assert done.stderr.startswith("--mode is not given: txt2img.")


@pytest.mark.usefixtures("local")
def test_without_save_nothing_is_kept_but_shown(in_terminal: InTerminal, here: Path) -> None:
    outcome = in_terminal([*RUN, "-l"], [(PROMPT, "a cat"), (SIZE, "")], {"COLORTERM": "truecolor"})
    assert outcome.code == 0
    assert "▀" in outcome.out
    assert "--save" in outcome.out
    assert not (here / "images").exists()


def run_with_hub(hub: str) -> list[str]:
    """The command that runs `run.py` with a hub whose client is the Python function body `hub`."""
    program = (
        f"import runpy, sys; sys.argv = [{RUN[1]!r}, '--save', '--device', 'cpu', '-m', 'txt2img']\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "import sdplay.library.fetch as hub\n"
        f"def download(name, *, token, revision, **asked):\n    {hub}\n"
        "hub._client = lambda: download\n"
        f"runpy.run_path({RUN[1]!r}, run_name='__main__')"
    )
    return [sys.executable, "-c", program]


@pytest.mark.parametrize("token", ["hf_secret", ""])
def test_without_local_the_model_comes_from_the_hub_with_the_token(
    in_terminal: InTerminal, here: Path, tmp_path: Path, token: str
) -> None:
    """The token is asked for first, is never echoed, and none is fine."""
    folder = fake_model(tmp_path / "hub")
    write_header(folder / "unet" / "diffusion_pytorch_model.safetensors", {"conv_in.weight": (320, 4, 3, 3)})
    note = tmp_path / "asked.json"
    hub = f"import json; open({str(note)!r}, 'w').write(json.dumps([name, token, revision])); return {str(folder)!r}"
    outcome = in_terminal(run_with_hub(hub), [(TOKEN, token), (PROMPT, "a red apple"), (SIZE, "72 64")])
    assert outcome.code == 0, outcome.out
    assert outcome.out.startswith(TOKEN)
    said = [TOKEN, "Loading model...", "Model loaded successfully", PROMPT, SIZE, "images/00000-"]
    places = [outcome.out.index(part) for part in said]
    assert places == sorted(places)
    assert "hf_secret" not in outcome.out
    assert json.loads(note.read_text()) == ["CompVis/stable-diffusion-v1-4", token or None, None]
    (picture,) = pictures(here)
    assert read_own(picture)[0].recipe.model.name == "CompVis/stable-diffusion-v1-4"
    assert b"hf_secret" not in picture.read_bytes()


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        ("raise ConnectionError('no route to host')", "the hub cannot be reached"),
        ("from huggingface_hub.errors import OfflineModeIsEnabled as E; raise E('x')", "HF_HUB_OFFLINE forbids"),
        ("from huggingface_hub.errors import GatedRepoError as E; raise E.__new__(E)", "accepted its licence"),
    ],
)
def test_without_a_network_the_way_on_is_said(in_terminal: InTerminal, here: Path, hub: str, said: str) -> None:
    outcome = in_terminal(run_with_hub(hub), [(TOKEN, "hf_secret")])
    assert outcome.code == 2
    assert said in outcome.out
    assert "to go on offline: --local takes ./stable-diffusion-v1-4 or else the built-in model" in outcome.out
    assert outcome.out.count("to go on offline") == 1
    assert ("set HF_TOKEN to a token of https://huggingface.co/settings/tokens" in outcome.out) == ("Gated" in hub)
    assert PROMPT not in outcome.out
    assert "Traceback" not in outcome.out
    assert "hf_secret" not in outcome.out
    assert not (here / "images").exists()


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("limit", [True, False])
def test_a_dream_asks_the_questions_of_the_original(in_terminal: InTerminal, here: Path, limit: bool) -> None:
    flags = ["--mode", "dream", "--local", "--device", "cpu", "--num", "7", "--save", *(["--limit"] if limit else [])]
    outcome = in_terminal([*RUN, *flags], [(PROMPT, "a bowl of ramen, fantasy art"), (SIZE, "72 64")])
    assert outcome.code == 0, outcome.out
    said = ["Loading model...", "Model loaded successfully", PROMPT, SIZE, "Dreaming...", "images/dream-1/video.mp4"]
    places = [outcome.out.index(part) for part in said]
    assert places == sorted(places)
    assert TOKEN not in outcome.out
    assert ("Plan: one picture at a time, 64x72, " in outcome.out) == limit
    frames = decoded(here / "images" / "dream-1" / "video.mp4")
    assert [frame.shape for frame in frames] == [(72, 64, 3)] * 7
    recipe = described_recipe(JobFolder.open(here / "images" / "dream-1").description)
    assert recipe.request.prompts == ("a bowl of ramen, fantasy art",)  # type: ignore[union-attr]
    assert len({frame.tobytes() for frame in frames}) > 1


@pytest.mark.usefixtures("local")
def test_films_that_are_kept_never_take_each_others_folder(here: Path) -> None:
    for number in (1, 2):
        done = subprocess.run(
            [*RUN, "-m", "dream", "-l", "-n", "2", "-s"], input="a cat\n\n", capture_output=True, text=True, check=True
        )
        assert done.stdout.endswith(f"images/dream-{number}/video.mp4\n")


@pytest.mark.usefixtures("local")
def test_a_film_without_save_is_shown_and_gone(in_terminal: InTerminal, here: Path, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    shows = {"COLORTERM": "truecolor", "TMPDIR": str(tmp_path / "tmp")}
    outcome = in_terminal([*RUN, "-m", "dream", "-l", "-n", "2"], [(PROMPT, "a cat"), (SIZE, "")], shows)
    assert outcome.code == 0, outcome.out
    assert "▀" in outcome.out
    assert "The film is not kept: --save writes it to ./images." in outcome.out
    assert list(here.iterdir()) == [here / "stable-diffusion-v1-4"]
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.usefixtures("local")
def test_animate_makes_the_film_of_its_settings(in_terminal: InTerminal, here: Path) -> None:
    (here / "animation_mode").mkdir()
    ran = here / "ran"
    spy = f"open({str(ran)!r}, 'w')\nmax_frames = 5\nwidth = 64\nheight = 64\n"
    (here / "animation_mode" / "config.py").write_text(ORIGINAL_CONFIG.replace("max_frames=300", "") + spy)
    outcome = in_terminal([*RUN, "--mode", "animate", "--local", "--save"])
    assert outcome.code == 0, outcome.out
    said = ["Settings: animation_mode/config.py", "Loading model...", "Model loaded successfully", "Animating..."]
    places = [outcome.out.index(part) for part in [*said, "images/animate-1/video.mp4"]]
    assert places == sorted(places)
    assert "border: 'warp' is none" in outcome.out
    assert PROMPT not in outcome.out
    assert len(decoded(here / "images" / "animate-1" / "video.mp4")) == 5
    assert not ran.exists()


@pytest.mark.usefixtures("local")
def test_animate_takes_the_settings_that_come_with_it_or_a_file(here: Path) -> None:
    run = [*RUN, "-m", "animate", "-l", "-s"]
    done = subprocess.run([*run, "-n", "2"], capture_output=True, text=True, check=True)
    assert f"Settings: {ROOT / 'animation_mode' / 'config.py'}" in done.stdout
    ours = described_recipe(JobFolder.open(here / "images" / "animate-1").description)
    (here / "theirs.py").write_text(ORIGINAL_CONFIG)
    done = subprocess.run([*run, "-n", "2", "--config", "theirs.py"], capture_output=True, text=True, check=True)
    assert "Settings: theirs.py" in done.stdout
    theirs = described_recipe(JobFolder.open(here / "images" / "animate-2").description)
    still = {"zoom": "0:(1.0)", "translation_y": "0:(0)"}  # where the original says the same in other words
    assert theirs.request.model_copy(update=still) == ours.request
    assert ours.request.max_frames == 2  # type: ignore[union-attr]
    assert read_settings(ROOT / "animation_mode" / "config.py").notes == []


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("flags", "typed", "said"),
    [
        (["-m", "dream", "-n", "0"], "", "num = 0: "),
        (["-m", "dream"], "\n\n", "prompts = '': is empty"),
        (["-m", "dream"], "a cat\n63\n", "= 63: "),
        (["-m", "animate", "-n", "0"], "", "max_frames = 0: "),
        (["-m", "animate", "--config", "nowhere.py"], "", "settings = 'nowhere.py': cannot be read"),
        (["-m", "animate", "--config", "broken.py"], "", "is no Python at line 1"),
        (["-m", "animate", "--config", "wrong.py"], "", "zoom = '0:(foo)': there is no name 'foo'"),
        (["-m", "dream", "--config", "wrong.py"], "", "--config holds the settings of --mode animate"),
    ],
)
def test_films_that_cannot_be(here: Path, flags: list[str], typed: str, said: str) -> None:
    (here / "broken.py").write_text("max_frames = = 3")
    (here / "wrong.py").write_text("animation_prompts = {'0': 'a'}\nzoom = '0:(foo)'\nfov = 200\n")
    done = subprocess.run([*RUN, "-l", "-s", *flags], input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert ("fov = 200" in done.stderr) == (flags[-1] == "wrong.py" and "animate" in flags)
    assert "Traceback" not in done.stderr
    assert "Model loaded" not in done.stdout or typed
    assert not (here / "images").exists()


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize(
    ("flags", "typed", "code", "said"),
    [
        ([], "a cat\nwide\n", 2, "height and width = 'wide': is not a size"),
        ([], "a cat\n63\n", 2, "= 63: "),
        ([], "\n\n", 2, "prompt = '': is empty"),
        (["-n", "0"], "", 2, "num = 0"),
        ([], "a cat\n", 2, "the input ended"),
        (["-m", "img2img"], "nowhere.png\na cat\n0.5\n", 2, "image = 'nowhere.png': no such file"),
        (["-m", "img2img"], "\na cat\n0.5\n", 2, "image = ''"),
        (["-m", "img2img"], "a.png\na cat\nhalf\n", 2, "strength = 'half': is not a number"),
        (["-m", "img2img"], "a.png\na cat\n1.5\n", 2, "strength = 1.5"),
        (["-m", "inpaint"], "a.png\n\na cat\n\n", 2, "mask = ''"),
    ],
)
def test_answers_that_cannot_be(here: Path, flags: list[str], typed: str, code: int, said: str) -> None:
    done = subprocess.run([*RUN, "-l", "-s", *flags], input=typed, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (here / "images").exists()

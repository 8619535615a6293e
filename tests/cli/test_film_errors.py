"""Every setting of a film that cannot be had is refused before a model is loaded, in a line of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.refusing import HOSTILE
from sdplay.executors.fake import FakeExecutor
from sdplay.film.plan import FILMS, ask_film, film_plan
from sdplay.film.request import ALIASES
from sdplay.studio import Studio
from tests.support.commandline import Sdplay
from tests.support.refusals import refused_at_once

FULL = ("animate", "a castle", "--seed", "1")
DREAM = ("dream", "a pear", "a plum", "--seed", "1")

ANIMATE: list[tuple[list[str], str, str]] = [
    (["--width", "63"], "--width = 63", "greater than or equal to 64"),
    (["--height", "4097"], "--height = 4097", "less than or equal to 4096"),
    (["--size", "32"], "--size = 32", "greater than or equal to 64"),
    (["--width", "wide"], "--width", "not a valid integer"),
    (["--max-frames", "0"], "--max-frames = 0", "greater than or equal to 1"),
    (["--max-frames", "1000001"], "--max-frames = 1000001", "less than or equal to 1000000"),
    (["--max-frames", "2.5"], "--max-frames", "not a valid integer"),
    (["--fps", "0"], "--fps = '0'", "above 0 and at most 240"),
    (["--fps", "241"], "--fps = '241'", "above 0 and at most 240"),
    (["--fps", "nan"], "--fps = 'nan'", "no number of frames a second"),
    (["--seed", "-2"], "--seed = -2", "greater than or equal to 0"),
    (["--seed", str(2**63)], f"--seed = {2**63}", "less than or equal to"),
    (["--seed", "1.5"], "--seed", "not a valid integer"),
    (["--seed-behavior", "odd"], "--seed-behavior = 'odd'", "'iter', 'fixed', 'random', 'ladder'"),
    (["--animation-mode", "4D"], "--animation-mode = '4D'", "'2D', '3D' or 'Video Input'"),
    (["--border", "warp"], "--border = 'warp'", "'wrap', 'replicate', 'reflection' or 'zeros'"),
    (["--color-coherence", "CMYK"], "--color-coherence = 'CMYK'", "'RGB', 'HSV', 'LAB'"),
    (["--smooth", "very"], "--smooth = 'very'", "'None', 'Smooth' or 'Smooth_more'"),
    (["--padding-mode", "x"], "--padding-mode = 'x'", "'border', 'zeros', 'reflection' or 'wrap'"),
    (["--sampling-mode", "x"], "--sampling-mode = 'x'", "'bicubic', 'bilinear' or 'nearest'"),
    (["--warp", "x"], "--warp = 'x'", "'composed' or 'sequential'"),
    (["--warp-geometry", "x"], "--warp-geometry = 'x'", "'deforum' or 'pinhole'"),
    (["--steps-mode", "x"], "--steps-mode = 'x'", "'scaled' or 'exact'"),
    (["--on-bad-frame", "x"], "--on-bad-frame = 'x'", "'reroll', 'previous', 'keep' or 'error'"),
    (["--keyframe-interpolation", "x"], "--keyframe-interpolation = 'x'", "'linear' or 'step'"),
    (["--flow-cadence", "x"], "--flow-cadence = 'x'", "'none' or 'dis'"),
    (["--loop-mode", "crossfade"], "--loop-mode = 'crossfade'", "none, pingpong or crossfade:N"),
    (["--prompt-interpolation", "crossfade:0"], "--prompt-interpolation = 'crossfade:0'", "crossfade:N"),
    (["--prompt-interpolation", "melt"], "--prompt-interpolation = 'melt'", "hold, blend, or crossfade:N"),
    (["--guidance", "-1"], "--guidance = -1.0", "greater than or equal to 0"),
    (["--guidance", "nan"], "--guidance = nan", "finite number"),
    (["--guidance-schedule", "0:(3), 5:(-1)"], "--guidance-schedule = '0:(3)'", "at frame 4 it is -0.2"),
    (["--steps", "0"], "--steps = 0", "greater than or equal to 1"),
    (["--steps", "1001"], "--steps = 1001", "less than or equal to 1000"),
    (["--steps-schedule", "0:(10), 5:(0)"], "--steps-schedule = '5:(0)'", "at frame 5 it is 0"),
    (["--strength-schedule", "0:(0.5), 7:(1.5)"], "--strength-schedule", "at frame"),
    (["--strength-schedule", "0:(-0.1)"], "--strength-schedule = '0:(-0.1)'", "at frame 0 it is -0.1"),
    (["--init-strength", "1.2"], "--init-strength = 1.2", "less than or equal to 1"),
    (["--diffusion-cadence", "0"], "--diffusion-cadence = 0", "greater than or equal to 1"),
    (["--diffusion-cadence", "1.5"], "--diffusion-cadence", "not a valid integer"),
    (["--zoom", "0:(1), 8:(-1)"], "--zoom", "at frame"),
    (["--zoom", "0:(1), 8:(0)"], "--zoom = '8:(0)'", "at frame 8 it is 0, and must be above 0"),
    (["--fov", "0"], "--fov = 0.0", "greater than 0"),
    (["--fov", "180"], "--fov = 180.0", "less than 180"),
    (["--fov-schedule", "0:(40), 9:(200)"], "--fov-schedule", "at frame"),
    (["--near-plane", "0"], "--near-plane = 0.0", "greater than 0"),
    (["--near-plane", "20000"], "--far-plane = 10000.0", "must lie beyond near_plane = 20000"),
    (["--far-plane", "100"], "--far-plane = 100.0", "must lie beyond near_plane = 200"),
    (["--midas-weight", "1.1"], "--midas-weight = 1.1", "less than or equal to 1"),
    (["--midas-weight", "-0.1"], "--midas-weight = -0.1", "greater than or equal to 0"),
    (["--extract-nth-frame", "0"], "--extract-nth-frame = 0", "greater than or equal to 1"),
    (["--animation-mode", "video"], "--video-init-path = ''", "needs a clip"),
    (["--animation-mode", "video", "--video-init-path", "no.mp4"], "--video-init-path = 'no.mp4'", "no such file"),
    (["--animation-mode", "video", "--video-init-path", "text.mp4"], "--video-init-path = 'text.mp4'", ""),
    (["--animation-mode", "video", "--video-init-path", "sound.wav"], "--video-init-path = 'sound.wav'", ""),
    (
        ["--animation-mode", "video", "--video-init-path", "clip.mp4", "--extract-from-frame", "50"],
        "--video-init-path = 'clip.mp4'",
        "has frames 0 to 4; from 50",
    ),
    (["--init-image", "no.png"], "--init-image = 'no.png'", "no such file"),
    (["--init-image", "text.mp4"], "--init-image = 'text.mp4'", ""),
    (["--audio", "no.wav"], "--audio = 'no.wav'", "cannot be read"),
    (["--audio", "text.mp4", "--zoom", "0:(1+amp)"], "--audio = 'text.mp4'", ""),
    (["--zoom", "0:(1+amp)"], "--zoom = '0:(1+amp)'", "known only where there is sound"),
    (["--angle", "0:(10"], "--angle = '0:(10'", "never closed"),
    (["--angle", "0:(foo)"], "--angle = '0:(foo)'", "no name 'foo'"),
    (["--angle", "0:(1), 0:(2)"], "--angle = '0:(2)'", "a value for frame 0 already"),
    (["--angle", "0:(1/t)"], "--angle = '0:(1/t)'", "at frame 0"),
    (["--angle", ""], "--angle", ""),
    (["--angle", "0:(1) quickly"], "--angle", "quickly"),
    (["--format", "avi"], "--format", "'avi' is not one of"),
    (["--model", "nowhere"], "--model = 'nowhere'", "no model has this name"),
    (["--sampler", "magic"], "--sampler = 'magic'", "no such sampler"),
    (["--out", "text.mp4"], "--out = 'text.mp4'", "is a file"),
    (["--out", "full"], "--out = 'full'", "holds files already and no job"),
    (["--config", "no.toml"], "settings = 'no.toml'", "cannot be read"),
]
DREAMS: list[tuple[list[str], str, str]] = [
    (["--num", "0"], "--num = 0", "greater than or equal to 1"),
    (["--num", "1000001"], "--num = 1000001", "less than or equal to 1000000"),
    (["a hat", "--num", "2"], "--num = 2", "3 prompts need at least 3 frames"),
    (["a hat", "--num", "2", "--loop"], "--num = 2", "3 prompts need at least 3 frames"),
    (["--seeds", "1,-2"], "--seeds", "greater than or equal to 0"),
    (["--seeds", "1,2,3"], "", "there are 2 prompts and 3 seeds"),
    (["--frames-per-key", "0"], "--frames-per-key = 0", "greater than or equal to 1"),
    (["--loop", "--frames-per-key", "5", "--num", "12"], "--num = 12", "where its first key would be again"),
    (["--path", "zigzag"], "--path = 'zigzag'", "'slerp', 'smooth' or 'circle'"),
    (["--path", "circle", "--seeds", "1,2,3"], "", "prompts and 3 seeds"),
    (["--hold", "0.96"], "--hold = 0.96", "less than or equal to 0.95"),
    (["--easing", "bouncy"], "--easing", ""),
    (["--audio", "no.wav"], "--audio = 'no.wav'", "cannot be read"),
    (["--interpolate", "sound"], "--interpolate = 'sound'", "'latent', 'prompt' or 'both'"),
    (["--fps", "1/0"], "--fps = '1/0'", "no number of frames a second"),
]


@pytest.fixture
def material(here: Path) -> Path:
    """Files that are no such thing as they are named, a short clip, and a folder that holds something else."""
    from tests.support.films import write_film

    (here / "text.mp4").write_text("no film")
    (here / "sound.wav").write_bytes(
        b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"
    )
    write_film(here / "clip.mp4", 5)
    (here / "full").mkdir()
    (here / "full" / "letter.txt").write_text("mine")
    return here


def refused(sdplay: Sdplay, command: tuple[str, ...], field: str, why: str) -> None:
    before = {path.name for path in Path().iterdir()}
    outcome = sdplay(*command)
    assert outcome.code == 2, outcome.err
    assert outcome.err.startswith("error: ")
    assert field in outcome.err
    assert why in outcome.err
    assert "this should not happen" not in outcome.err
    assert {path.name for path in Path().iterdir()} == before


@pytest.mark.usefixtures("material", "undrawn")
@pytest.mark.parametrize(("flags", "field", "why"), ANIMATE)
def test_an_animation_that_cannot_be(sdplay: Sdplay, flags: list[str], field: str, why: str) -> None:
    given = [] if "--max-frames" in flags or "video" in flags else ["--max-frames", "12"]
    refused(sdplay, (*FULL, *given, *flags), field, why)


@pytest.mark.usefixtures("material", "undrawn")
@pytest.mark.parametrize(("flags", "field", "why"), DREAMS)
def test_a_dream_that_cannot_be(sdplay: Sdplay, flags: list[str], field: str, why: str) -> None:
    refused(sdplay, (*DREAM, *flags), field, why)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks to draw fails the test."""

    def run(*_: object) -> None:
        raise AssertionError("something was drawn")

    monkeypatch.setattr(FakeExecutor, "run", run)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"animation_prompts": {}}, "there is no prompt"),
        ({"animation_prompts": ""}, "there is no prompt"),
        ({"animation_prompts": '{"0": "a",\n "5": }'}, "not JSON at line 2, column 7"),
        ({"animation_prompts": {"0": 5}}, "the prompt for frame 0 is not text"),
        ({"animation_prompts": {"zero": "a"}}, "zero"),
        ({"animation_prompts": {"0": "a `1+`"}}, "animation-prompts"),
        ({"max_frames": True}, "--max-frames = True"),
        ({"max_frames": "12"}, "--max-frames = '12'"),
        ({"seed": 1.5}, "--seed = 1.5"),
        ({"zom": "0:(1)"}, "did you mean 'zoom'?"),
        ({"diffusion_cadence": 2.5}, "--diffusion-cadence = 2.5"),
    ],
)
def test_settings_of_a_file_that_cannot_be(sdplay: Sdplay, settings: dict[str, object], said: str) -> None:
    Path("film.json").write_text(json.dumps({"animation_prompts": {"0": "a hill"}, "max_frames": 4} | settings))
    outcome = sdplay("animate", "--config", "film.json")
    assert outcome.code == 2
    assert said in outcome.err.replace("animation_prompts", "animation-prompts") or said in outcome.err


@pytest.mark.usefixtures("undrawn")
def test_everything_that_is_wrong_is_said_in_one_go(sdplay: Sdplay) -> None:
    wrong = ["--fps", "0", "--zoom", "0:(1+", "--angle", "0:(foo)", "--near-plane", "20000", "--max-frames", "12"]
    outcome = sdplay(*FULL, *wrong)
    said = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert outcome.code == 2
    assert [line.split(" = ")[0] for line in said] == [
        "error: --fps",
        "error: --far-plane",
        "error: --angle",
        "error: --zoom",
    ]
    wrong = ["--init-image", "no.png", "--color-image", "no2.png", "--angle", "0:(foo)", "--max-frames", "12"]
    outcome = sdplay(*FULL, *wrong)
    said = [line.split(" = ")[0] for line in outcome.err.splitlines() if line.startswith("error: ")]
    assert said == ["error: --init-image", "error: --color-image", "error: --angle"]


WARNINGS = [
    (["--size", "70x100"], ["width = 70 is not a multiple of 8: 64 is drawn", "height = 100 is not a multiple of 8"]),
    (["--diffusion-cadence", "20"], ["diffusion_cadence = 20 is more than there are frames"]),
    (["--zoom", "0:(0)"], ["zoom: 0 throughout is taken as 1.0"]),
    (["--midas-weight", "0.5"], ["midas_weight has no effect"]),
    (["--near-plane", "100"], ["near_plane and far_plane have an effect only in 3D"]),
    (["--translation-z", "4", "--rotation-3d-x", "1"], ["without effect in the mode 2D: translation_z, rotation_3d_x"]),
    (["--guidance", "0.5"], ["guidance_scale = 0.5 is taken as 1"]),
    (
        ["--steps", "10", "--strength-schedule", "0:(0.05)"],
        ["strength_schedule: at frame 3 it is 0.05, which is not a whole step of 10: one is taken"],
    ),
]


@pytest.mark.parametrize(("flags", "notes"), WARNINGS)
def test_what_is_understood_otherwise_is_said_once(sdplay: Sdplay, flags: list[str], notes: list[str]) -> None:
    outcome = sdplay(*FULL, "--max-frames", "12", *flags)
    assert outcome.code == 0, outcome.err
    told = [line for line in outcome.err.splitlines() if line.startswith("note: ")]
    assert len(told) == len(notes)
    assert all(note in line for note, line in zip(notes, told, strict=True))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_schedules_are_refused_at_once(text: str) -> None:
    request = ask_film(FILMS["animate"], animation_prompts="a", max_frames=1, angle=text)
    with Studio(FakeExecutor(), new_seed=lambda: 1) as studio:
        recipe = studio.resolve(request).recipe
    assert refused_at_once(lambda: film_plan(recipe)).field == "angle"


def test_refusing_loads_no_torch(here: Path) -> None:
    program = (
        "import sys\nfrom sdplay.cli.main import main\n"
        f"assert main({[*FULL, '--zoom', '0:(foo)']!r}) == 2 == main({[*DREAM, '--num', '0']!r})\n"
        "assert not {'torch', 'diffusers', 'transformers'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@pytest.mark.parametrize("alias", ALIASES)
def test_names_of_the_original_and_of_others_are_known(alias: str) -> None:
    assert any(ALIASES[alias] in kind.model_fields for kind in FILMS.values())

"""Settings of animations out of files: every kind of file, what is turned around, and what is refused where."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.curve import parse_curve
from sdplay.film.expression_names import Timeline
from sdplay.film.request import canonical_names
from sdplay.film.request_animate import Animate
from sdplay.interop.deforum import inverted
from sdplay.interop.settings_file import Settings, read_settings
from sdplay.requests.base import make_request
from tests.support.refusals import counted_lines, refused_at_once
from tests.support.settings import DEFORUM, ORIGINAL_CONFIG

FILM = Timeline(frames=100, seed=1, fps=24)

PLAIN: dict[str, Any] = {
    "FPS": 12,
    "max_frames": 6,
    "guidance_scale": 2.5,
    "angle": "0:(0), 30:(5)",
    "save_depth_maps": True,
    "animation_prompts": {"0": "a hill", "60": "a lake"},
}
NOTATIONS = {
    "json": json.dumps(PLAIN),
    "json in a table": json.dumps({"animate": PLAIN}, indent=2),
    "yaml": """# a film
FPS: 12
max_frames: 6
guidance_scale: 2.5
angle: "0:(0), 30:(5)"
save_depth_maps: true
animation_prompts:
  "0": a hill
  "60": a lake
""",
    "toml": """FPS = 12
max_frames = 6
guidance_scale = 2.5
angle = "0:(0), 30:(5)"
save_depth_maps = true
[animation_prompts]
0 = "a hill"
60 = "a lake"
""",
    "toml in a table": """[animate]
FPS = 12
max_frames = 6
guidance_scale = 2.5
angle = "0:(0), 30:(5)"
save_depth_maps = true
animation_prompts = { 0 = "a hill", 60 = "a lake" }
""",
    "python": """import os
FPS = 12
max_frames: int = 6
guidance_scale = 2.5
angle = '0:(0), ' '30:(5)'  # degrees
save_depth_maps = True
animation_prompts = {"0": "a hill", "60": "a lake"}
""",
    "python in a class": """
class Config:
    '''Settings.'''
    FPS = 12
    max_frames = 6
    def __init__(self):
        self.guidance_scale = 2.5
        self.angle = "0:(0), 30:(5)"
        self.save_depth_maps = True
        self.animation_prompts = {"0": "a hill", "60": "a lake"}
""",
    "python in a function": """
def config():
    FPS = 12
    max_frames = 6
    guidance_scale, _hidden = 2.5, 3
    guidance_scale = 2.5
    angle = "0:(0), 30:(5)"
    save_depth_maps = True
    animation_prompts = {"0": "a hill", "60": "a lake"}
    return locals()
""",
    "python in a namespace": """
from types import SimpleNamespace
config = SimpleNamespace(FPS=12, max_frames=6, guidance_scale=2.5, angle="0:(0), 30:(5)", save_depth_maps=True,
    animation_prompts={"0": "a hill", "60": "a lake"})
""",
    "python in a dict": f"settings = {PLAIN!r}",
}


def read(folder: Path, text: str | bytes, name: str = "film.txt") -> Settings:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_settings(path)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_every_notation_gives_the_same_settings_whatever_the_file_is_called(tmp_path: Path, notation: str, mark: str):
    fields, notes = read(tmp_path, mark + NOTATIONS[notation])
    assert fields == PLAIN
    assert notes == []


def test_the_originals_config_is_read_as_it_stands(tmp_path: Path):
    fields, notes = read(tmp_path, ORIGINAL_CONFIG, "config.py")
    assert len(fields) == 34
    assert (fields["FPS"], fields["max_frames"], fields["seed"]) == (30, 300, 1185529623)
    assert (fields["translation_z"], fields["strength_schedule"]) == ("0:(-2.5)", "0:(0.55)")
    assert fields["animation_prompts"] == {"0": "white clouds in a blue sky", "100": "a plane in a blue sky"}
    assert (fields["smooth"], fields["use_depth_warping"], fields["save_depth_maps"]) == ("None", True, False)
    # a slip of the original's, which took anything but "wrap" for this
    assert fields["border"] == "replicate"
    assert notes == ["border: 'warp' is none, and the original took it for 'replicate'"]
    schedules = [name for name, value in fields.items() if isinstance(value, str) and value.startswith("0:(")]
    assert len(schedules) == 9
    assert all(parse_curve(name, fields[name], FILM).at(50) is not None for name in schedules)


def test_python_is_never_run_and_what_is_computed_is_left_out(tmp_path: Path):
    touched = tmp_path / "touched"
    source = f"""
import random
open({str(touched)!r}, "w").write("run")
FPS = 24
seed = random.randint(0, 2**32)
max_frames = 30 * 10
_private = 3
width = height = 512
angle = "0:(1)"
angle = "0:(2)"
"""
    fields, notes = read(tmp_path, source)
    assert fields == {"FPS": 24, "width": 512, "height": 512, "angle": "0:(2)"}
    assert [note.split(" is computed")[0] for note in notes] == ["line 5: seed", "line 6: max_frames"]
    assert not touched.exists()


def test_deforums_settings_are_translated(tmp_path: Path):
    fields, notes = read(tmp_path, json.dumps(DEFORUM), "20230101_settings.txt")
    assert fields == {
        "width": 512,
        "height": 448,
        "seed": 42,
        "sampler": "euler_a",
        "num_inference_steps": 25,
        "guidance_scale": 7.5,
        "seed_behavior": "iter",
        "seed_iter_N": 1,
        "init_image": "start.png",
        "init_strength": 0.2,
        "negative_prompt": "blurry",
        "animation_prompts": {"0": "painted a bunny", "60": "painted a coconut --neg photo, realistic blurry"},
        "animation_mode": "3D",
        "max_frames": 120,
        "border": "replicate",
        "zoom": "0:(1.0025+0.002*sin(1.25*3.14*t/30))",
        "translation_z": "0:(1.75)",
        "strength_schedule": "0:(0.35), 30:(0.7), 60:(1-((0.5+0.1*sin(t))))",
        "noise_schedule": "0: (0.065)",
        "guidance_schedule": "0: (7)",
        "fov_schedule": "0: (70)",
        "near_plane": 200.0,
        "color_coherence": "LAB",
        "diffusion_cadence": 2,
        "use_depth_warping": True,
        "extract_nth_frame": 1,
        "FPS": 15,
    }
    assert len(notes) == 3
    assert "1 - x" in notes[0]
    assert "far_schedule" in notes[1]
    assert notes[2] == "without meaning here, left out: batch_name, hybrid_motion"


@pytest.mark.parametrize(
    ("changed", "expected", "noted"),
    [
        ({"seed": -1}, {"seed": None}, ""),
        ({"sampler": "klms"}, {"sampler": None}, "'klms'"),
        ({"sampler": "DPM++ 2M Karras"}, {"sampler": "dpmpp_2m", "schedule": "karras"}, ""),
        ({"scheduler": "Karras"}, {"sampler": "euler_a", "schedule": "karras"}, ""),
        ({"use_init": False}, {"init_image": None, "init_strength": None}, ""),
        ({"enable_steps_scheduling": True}, {"steps_schedule": "0: (25)"}, ""),
        ({"optical_flow_cadence": "DIS Medium"}, {"flow_cadence": "dis"}, ""),
        ({"optical_flow_cadence": "RAFT"}, {"flow_cadence": "dis"}, "'RAFT'"),
        ({"W": None, "H": None, "width": 256, "height": 192}, {"width": 256, "height": 192}, ""),
        ({"width": 256}, {"width": 512}, ""),
        ({"max_frames": "90", "W": 640.0, "steps": "30"}, {"max_frames": 90, "width": 640}, ""),
        ({"diffusion_cadence": "0: (10)"}, {"diffusion_cadence": 10}, ""),
        ({"seed": "77"}, {"seed": 77}, ""),
        ({"border": "warp"}, {"border": "replicate"}, "'warp'"),
        ({"keyframe_distribution": "Off"}, {"keyframe_distribution": None}, ""),
        ({"keyframe_distribution": "Keyframes Only"}, {"diffusion_cadence": 2}, "'Keyframes Only'"),
        ({"translation_z": "0: 0: (1.5), 9:9:(2)"}, {"translation_z": "0: (1.5),9:(2)"}, "is read as"),
        ({"strength_schedule": "0: 0: (0.65)"}, {"strength_schedule": "0:(0.35)"}, "is read as"),
        ({"angle": "0:(sin(t)"}, {"angle": None, "zoom": "0:(1.0025+0.002*sin(1.25*3.14*t/30))"}, "unused"),
        ({"animation_mode": "2D", "fov_schedule": "0: (0)"}, {"fov_schedule": None}, "unused"),
        ({"seed_schedule": "0:(-7)"}, {"seed_schedule": None}, "unused"),
        ({"seed_behavior": "schedule", "seed_schedule": "0:(-7)"}, {"seed_schedule": "0:(-7)"}, ""),
        ({"rotation_3d_x": "0:(sin(t)"}, {"rotation_3d_x": "0:(sin(t)"}, ""),
        (
            {"prompts": {"0": "a hill"}, "positive_prompts": "sunny,", "animation_prompts_positive": ""},
            {"animation_prompts": {"0": "sunny, a hill"}},
            "",
        ),
        ({"animation_prompts_negative": "", "negative_prompts": "people"}, {"negative_prompt": "people"}, ""),
        ({"animation_mode": "Interpolation"}, {"animation_mode": "Interpolation"}, ""),
        ({"color_coherence": "Image", "color_coherence_image_path": "a.png"}, {"color_image": "a.png"}, ""),
    ],
)
def test_what_deforum_means_by_its_settings(tmp_path: Path, changed: Any, expected: dict[str, Any], noted: str):
    fields, notes = read(tmp_path, json.dumps(DEFORUM | changed))
    assert {name: fields.get(name) for name in expected} == expected
    assert noted in " ".join(notes)


def test_prompts_of_pictures_are_refused_in_words(tmp_path: Path):
    with pytest.raises(BadRequest, match="prompts of pictures, not of frames") as refused:
        read(tmp_path, json.dumps(DEFORUM | {"prompts": ["a hill", "a lake"]}))
    assert refused.value.field == "animation_prompts"
    fields, _ = read(tmp_path, json.dumps(DEFORUM | {"prompts": ["a"], "animation_prompts": {"0": "a hill"}}))
    assert fields["animation_prompts"] == {"0": "painted a hill"}


def test_a_name_that_says_the_same_twice_is_no_fault(tmp_path: Path):
    twice = f'{json.dumps(DEFORUM)[:-1]}, "W": 512, "prompts": {json.dumps(DEFORUM["prompts"])}}}'
    assert read(tmp_path, twice) == read(tmp_path, json.dumps(DEFORUM))


def test_a_file_of_a_megabyte_is_read_in_few_steps(tmp_path: Path):
    """Twice the keys take twice the lines of code, whatever the machine."""
    lines: list[int] = []
    for keys in (1000, 2000):
        schedule = ", ".join(f"{frame}: ({frame % 7})" for frame in range(keys))
        prompts = {str(frame): f"a hill number {frame} with a tree" for frame in range(keys)}
        text = json.dumps(DEFORUM | {"zoom": schedule, "strength_schedule": "0: (0.5)", "prompts": prompts})
        lines.append(counted_lines(lambda text=text: read(tmp_path, text)))
    assert lines[1] < 2.2 * lines[0]


def test_settings_of_ours_are_not_taken_for_deforums(tmp_path: Path):
    ours = PLAIN | {
        "W": 512,
        "H": 512,
        "cfg_scale_schedule": "0:(7)",
        "sampler": "ddim",
        "strength_schedule": "0:(0.2)",
    }
    assert read(tmp_path, json.dumps(ours)) == (ours, [])


@pytest.mark.parametrize("text", [ORIGINAL_CONFIG, json.dumps(DEFORUM)], ids=["the original's", "Deforum's"])
def test_settings_of_others_are_a_request_that_can_be_asked_for(tmp_path: Path, text: str):
    fields, _ = read(tmp_path, text)
    request = make_request(Animate, **canonical_names(fields))
    assert (request.animation_mode, request.fps) == ("3D", str(fields["FPS"]))
    assert request.steps == fields["num_inference_steps"]
    assert request.strength_schedule == fields["strength_schedule"]


shares = st.decimals(0, 1, places=3).map(float)


@given(st.dictionaries(st.integers(0, 99), shares, min_size=1))
def test_an_inverted_strength_is_one_less_everywhere(table: dict[int, float]):
    schedule = ", ".join(f"{frame}: ({value})" for frame, value in table.items()) + ", 100:(0.5+0.5*sin(t))"
    given, turned = (parse_curve("strength_schedule", text, FILM) for text in (schedule, inverted(schedule)))
    assert [turned.at(i) for i in range(120)] == pytest.approx([1 - given.at(i) for i in range(120)], abs=1e-12)


def test_inverting_twice_gives_the_same_numbers():
    assert inverted("0:(0.65), 10:(.3)") == "0:(0.35), 10:(0.7)"
    assert inverted(inverted("0:(0.65), 10:(0.3)")) == "0:(0.65), 10:(0.3)"
    assert inverted(0.75) == "0:(0.25)"


def test_yaml_keeps_schedules_and_numbers_as_they_are_written(tmp_path: Path):
    text = (
        "angle: 0:(1)\nzoom: 10:30\nFPS: 010\nseed: 12\nfov: 4e1\nmidas_weight: .5\nsmooth: None\nbatch: 2022-01-01\n"
    )
    fields, _ = read(tmp_path, text)
    assert fields == {
        "angle": "0:(1)",
        "zoom": "10:30",
        "FPS": 10.0,
        "seed": 12,
        "fov": 40.0,
        "midas_weight": 0.5,
        "smooth": "None",
        "batch": "2022-01-01",
    }


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
REFUSED: list[tuple[str | bytes, str]] = [
    ("", "empty"),
    (" \n\t", "empty"),
    ("# nothing\n", "no setting"),
    ("{}", "no setting"),
    (b"FPS = \xff\xfe", "UTF-8"),
    (b"\x89PNG\r\n\x1a\n\0\0", "UTF-8"),
    ('{"FPS": 12,\n "max_frames": }', "no JSON at line 2, column 16"),
    ('{"FPS": 12, "FPS": 13}', "'FPS' twice"),
    ('{"a":' * 100_000, "nested too deeply"),
    ('{"a":' * 20 + "1" * 5000 + "}" * 20, "number too long"),
    ("FPS = 12\nangle = 0:(0)\n", "no Python at line 2, column 10"),
    ("FPS = 12\nmax_frames = \n", "no Python at line 2"),
    ("x = " + "(" * 5000 + ")" * 5000, "no Python|nested too deeply"),
    ("[animate]\nFPS = = 12\n", "no TOML: .*line 2, column 7"),
    ("angle: 0: (0)\n", "no YAML at line 1, column 9"),
    ("FPS: 12\n  angle: [1\n", "no YAML at line"),
    ("FPS: 12\nFPS: 13\n", "a name stands here twice"),
    ("FPS: !!python/object/apply:os.system ['ls']\n", "no YAML at line 1"),
    (BOMB, "aliases"),
    ("- 1\n- 2\n", "no mapping"),
    ("hello world", "no Python"),
    ("a\0b", "no Python|nested"),
    ("x" * 4_000_001, "more than 4,000,000 bytes"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_is_no_file_of_settings_is_refused_with_its_name_and_place(tmp_path: Path, text: str | bytes, reason: str):
    with pytest.raises(BadRequest, match=reason) as refused:
        read(tmp_path, text)
    assert refused.value.field == "settings"
    assert refused.value.value == str(tmp_path / "film.txt")


def test_a_schedule_in_yaml_without_quotes_is_told_about_quotes(tmp_path: Path):
    with pytest.raises(BadRequest) as refused:
        read(tmp_path, "angle: 0: (0)\n")
    assert "quotes" in refused.value.hint


def test_a_bomb_costs_nothing(tmp_path: Path):
    levels = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    assert "aliases" in refused_at_once(lambda: read(tmp_path, f"a0: &a0 [x]\n{levels}")).reason


def test_a_file_that_is_not_there_or_a_folder_is_refused(tmp_path: Path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(BadRequest, match="cannot be read"):
            read_settings(path)


def test_a_strength_of_deforums_that_cannot_be_read_says_so(tmp_path: Path):
    with pytest.raises(BadRequest) as refused:
        read(tmp_path, json.dumps(DEFORUM | {"strength_schedule": "0:(0.5"}))
    assert refused.value.field == "strength_schedule"


def test_pipes_and_devices_are_never_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(BadRequest, match="cannot be read"):
            read_settings(path)


@pytest.mark.parametrize("text", ['{"prompt": "\\ud83d"}', '{"a": {"b": ["\\udc00"]}}'])
def test_half_a_character_is_refused(tmp_path: Path, text: str):
    with pytest.raises(BadRequest, match="half a surrogate pair"):
        read(tmp_path, text)

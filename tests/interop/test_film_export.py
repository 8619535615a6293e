"""Films as files of other programs, and back: nothing is lost, and what is written otherwise is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdplay.film.curve_values import animation_curves
from sdplay.film.request import canonical_names
from sdplay.film.request_animate import Animate
from sdplay.interop.config_export import to_config
from sdplay.interop.deforum import is_deforum
from sdplay.interop.deforum_export import to_deforum
from sdplay.interop.settings_file import settings_in
from sdplay.requests.base import make_request

FRAMES = 30
VALUES = st.decimals(0, 1, places=3).map(str) | st.sampled_from(
    ["0.5+0.5*sin(t/5)", "(t/max_f)", "1-(t/max_f)", "0.1*(2-cos(t))/4", "where(t>5, 0.2, 0.4)", "t % 3 / 4", "t//8/9"]
)
MODES = st.sampled_from(["", "", " step", " ease", " cosine"])
SCHEDULES = st.dictionaries(st.integers(0, FRAMES + 9), st.tuples(VALUES, MODES), min_size=1, max_size=5).map(
    lambda keys: ", ".join(f"{frame}:({value}){mode}" for frame, (value, mode) in keys.items())
)
WORDS = st.text("ab é漢\"'\\(:,)-1", min_size=1, max_size=12).filter(
    lambda text: text.strip() == text and "--neg" not in text
)
PROMPTS = st.dictionaries(st.integers(0, FRAMES - 1).map(str), WORDS, min_size=1, max_size=3)
KNOWN = st.fixed_dictionaries(
    {"animation_prompts": PROMPTS, "max_frames": st.just(FRAMES)},
    optional={
        "angle": SCHEDULES,
        "translation_z": SCHEDULES,
        "strength_schedule": SCHEDULES,
        "noise_schedule": SCHEDULES,
        "keyframe_interpolation": st.sampled_from(["linear", "step"]),
        "animation_mode": st.sampled_from(["2D", "3D"]),
        "negative_prompt": WORDS,
        "seed": st.integers(0, 2**32),
        "seed_behavior": st.sampled_from(["iter", "fixed", "random", "ladder", "alternate"]),
        "diffusion_cadence": st.integers(1, 9),
        "width": st.just(512),
        "steps": st.integers(1, 60),
        "guidance_scale": st.floats(1, 20).map(lambda x: round(x, 2)),
        "sampler": st.sampled_from(["euler", "euler_a", "dpmpp_2m", "ddim"]),
        "border": st.sampled_from(["wrap", "replicate"]),
        "fps": st.sampled_from(["12", "24", "23.976"]),
        "color_coherence": st.sampled_from(["None", "RGB", "LAB"]),
        "flow_cadence": st.sampled_from(["none", "dis"]),
    },
)
# What is written in another form, and compared by what it does.
BY_VALUE = {"angle", "translation_z", "strength_schedule", "noise_schedule", "animation_prompts"} | {
    "keyframe_interpolation",
    "negative_prompt",
}


def read_back(text: str, name: str) -> Animate:
    return make_request(Animate, **canonical_names(settings_in(text, name).fields))


def values(request: Animate) -> dict[str, list[float | None]]:
    found = animation_curves(request.model_dump(exclude={"mode", "run"}))
    assert not found.problems
    shown = {name: list(one.values) or [None] for name, one in found.curves.items()}
    return {name: each * FRAMES if len(each) == 1 else each for name, each in shown.items()}


def words(request: Animate) -> list[tuple[str, str]]:
    track = animation_curves(request.model_dump(exclude={"mode", "run"})).prompts
    assert track is not None
    at = (track.at(frame) for frame in range(FRAMES))
    return [(each.prompt, each.negative.strip()) for each in at]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(KNOWN)
def test_deforum_and_back_moves_and_draws_the_same(fields: dict[str, Any]) -> None:
    request = make_request(Animate, **fields)
    written = to_deforum(request)
    assert is_deforum(written.settings)
    back = read_back(json.dumps(written.settings), "settings.txt")
    for name, asked in values(request).items():
        assert values(back)[name] == pytest.approx(asked, abs=1e-6), name
    assert words(back) == words(request)
    for name in fields.keys() - BY_VALUE:
        assert getattr(back, name) == getattr(request, name), name


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(KNOWN)
def test_config_and_back_is_the_same_request(fields: dict[str, Any]) -> None:
    request = make_request(Animate, **fields)
    text = to_config(request)
    compile(text, "config.py", "exec")
    assert read_back(text, "config.py") == request


def test_prompts_that_say_what_to_keep_away_keep_it() -> None:
    fields = {"animation_prompts": {"0": "a hill --neg snow", "9": "a lake"}, "negative_prompt": "fog"}
    request = make_request(Animate, max_frames=FRAMES, **fields)
    back = read_back(json.dumps(to_deforum(request).settings), "settings.txt")
    assert words(back) == words(request)


def test_simple_schedules_stay_as_they_are_written() -> None:
    request = make_request(
        Animate,
        animation_prompts="a",
        angle="0:(0), 10:(sin(t/3)), 20:(1.5)",
        strength_schedule="0:(0.55), 9:(1-(t/400))",
    )
    written = to_deforum(request).settings
    assert written["angle"] == "0:(0), 10:(sin(t/3)), 20:(1.5)"
    assert written["strength_schedule"] == "0:(0.45), 9:(t/400)"


def test_what_is_not_in_the_file_is_said() -> None:
    fields = {"prompt_interpolation": "blend", "border": "zeros", "angle": "0:(0) ease, 20:(5)"}
    notes = to_deforum(make_request(Animate, animation_prompts="a", max_frames=21, **fields)).notes
    assert any("border: 'zeros'" in note for note in notes)
    assert any("prompt_interpolation" in note for note in notes)
    assert any(note.startswith("angle: written out") for note in notes)

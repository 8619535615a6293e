"""Samplers, schedules and checkpoints under A1111's names, and settings that would reach pixels."""

from __future__ import annotations

import pytest
from fastapi import HTTPException

from sdplay.core.errors import BadRequest
from sdplay.images.infotext import SAMPLER_LABELS
from sdplay.server.http.a1111.bodies import Img2ImgBody, Txt2ImgBody
from sdplay.server.http.a1111.names import Checkpoint, same_as, sampler_list, sampling, scheduler_list
from sdplay.server.http.a1111.neutral import check_neutral, eta_of
from sdplay.server.http.a1111.state import Tasks


def test_every_sampler_is_understood_as_it_is_listed() -> None:
    for row in sampler_list():
        (ours,) = [name for name, label in SAMPLER_LABELS.items() if label == row["name"]]
        for name in (row["name"], *row["aliases"]):
            assert sampling(name, None)["sampler"] == ours


def test_every_scheduler_is_understood_as_it_is_listed() -> None:
    for row in scheduler_list():
        fields = sampling("Euler", row["name"])
        assert fields == sampling("Euler", row["label"])
        assert ("schedule" in fields) == (row["name"] != "automatic")


def test_schedule_in_the_name_of_a_sampler() -> None:
    assert sampling("DPM++ 2M Karras", "Automatic") == {"sampler": "dpmpp_2m", "schedule": "karras"}
    assert sampling("DPM++ 2M Karras", "Beta") == {"sampler": "dpmpp_2m", "schedule": "beta"}
    assert sampling(None, None) == {}


@pytest.mark.parametrize(("sampler", "scheduler"), [("PLMS", None), ("Euler", "Polyexponential")])
def test_there_is_no_such_sampler(sampler: str, scheduler: str | None) -> None:
    with pytest.raises(HTTPException) as caught:
        sampling(sampler, scheduler)
    assert caught.value.status_code == 400


def test_checkpoint_is_found_by_all_its_names() -> None:
    known = Checkpoint(name="paper", file="paper.safetensors", digest="0123456789abcdef")
    assert known.title == "paper.safetensors [0123456789]"
    for wanted in (known.title, "paper", "paper.safetensors", "0123456789", "0123456789abcdef"):
        assert known.is_called(wanted.casefold())
    assert not known.is_called("pape")
    assert Checkpoint(name="paper", file="paper.ckpt", digest=None).title == "paper.ckpt"


def test_second_pass_of_the_same() -> None:
    assert all(same_as(wanted, "Euler a") for wanted in (None, "", "Use same sampler", "euler a"))
    assert not same_as("DDIM", "Euler a")


@pytest.mark.parametrize(
    ("asked", "sampler"),
    [
        ({"eta": 1.0, "s_noise": 1.0, "s_tmax": 3.0, "subseed": 5}, "euler_a"),
        ({"eta": 0.0, "s_noise": 0.5}, "euler"),  # which asks for no noise
        ({"seed_resize_from_w": 0, "seed_resize_from_h": -1}, "euler"),
        ({"seed_resize_from_w": 512, "width": 512}, "euler"),
        ({"refiner_checkpoint": "None", "refiner_switch_at": 0.8}, "euler"),
        ({"script_name": "", "script_args": [1]}, "euler"),
        ({"disable_extra_networks": True, "prompt": "a pear"}, "euler"),
    ],
)
def test_what_changes_nothing_is_accepted(asked: dict[str, object], sampler: str) -> None:
    check_neutral(Txt2ImgBody.model_validate(asked), sampler)


@pytest.mark.parametrize(
    ("asked", "sampler"),
    [
        ({"eta": 0.3}, "dpmpp_2m_sde"),
        ({"s_min_uncond": 1.5}, "euler"),
        ({"seed_resize_from_w": 512, "width": 768}, "euler"),
        ({"refiner_checkpoint": "other", "refiner_switch_at": 0.8}, "euler"),
        ({"disable_extra_networks": True, "prompt": "a <lora:chalk:1>"}, "euler"),
        ({"infotext": "a pear\nSteps: 3"}, "euler"),
        ({"initial_noise_multiplier": 1.1}, "euler"),
        ({"latent_mask": "AAAA"}, "euler"),
    ],
)
def test_what_would_reach_pixels_is_refused(asked: dict[str, object], sampler: str) -> None:
    with pytest.raises(BadRequest):
        check_neutral(Img2ImgBody.model_validate(asked), sampler)


def test_the_share_of_new_noise_goes_to_samplers_that_have_one() -> None:
    def asked(eta: float | None, sampler: str) -> dict[str, float]:
        return eta_of(Txt2ImgBody(eta=eta), sampler)

    assert asked(0.5, "euler_a") == asked(0.5, "ddim") == {"eta": 0.5}
    assert asked(0.0, "euler_a") == {"eta": 0.0}
    assert asked(1.0, "ddim") == {"eta": 1.0}
    assert asked(1.0, "euler_a") == asked(0.0, "ddim") == asked(None, "ddim") == asked(0.5, "euler") == {}


def test_tasks_are_forgotten_the_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sdplay.server.http.a1111.state.MOST_TASKS", 2)
    tasks = Tasks()
    for number in range(3):
        tasks.add(f"task {number}", f"job {number}")
    assert [tasks.job(f"task {number}") for number in range(3)] == [None, "job 1", "job 2"]
    assert tasks.job("task(txt2img-0abc)") == "0abc"  # one that nobody gave a name

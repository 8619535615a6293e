"""What other programs call our samplers and schedules."""

from __future__ import annotations

import re

from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS

APART = re.compile(r"[\s_\-]+")


def normal(label: str) -> str:
    """`label` without the differences of spelling: "DPM++_2M", "k_dpmpp_2m" and "dpmpp 2m" are one."""
    return (
        APART.sub(" ", label.strip().casefold().replace("dpm++", "dpmpp")).removeprefix("k ").replace("pp2m", "pp 2m")
    )


SAMPLERS = {
    **{normal(label): ours for ours, label in SAMPLER_LABELS.items()},
    **{normal(ours): ours for ours in SAMPLER_LABELS},
    "euler ancestral": "euler_a",
    "dpmpp 2m sde gpu": "dpmpp_2m_sde",  # ComfyUI: the same with noise drawn on the GPU
    "uni pc": "unipc",
    "unipc snr": "unipc",  # Easy Diffusion
    "dpmpp 2": "dpmpp_2m",  # InvokeAI 2
    "ddim v3": "ddim",  # NovelAI
    # Classes of diffusers, which stable-diffusion.cpp's and others' names come from.
    "eulerdiscretescheduler": "euler",
    "eulerancestraldiscretescheduler": "euler_a",
    "heundiscretescheduler": "heun",
    "ddimscheduler": "ddim",
    "lcmscheduler": "lcm",
    "tcdscheduler": "tcd",
    "unipcmultistepscheduler": "unipc",
}
SCHEDULES = {
    **{normal(label): ours for ours, label in SCHEDULE_LABELS.items()},
    **{normal(ours): ours for ours in SCHEDULE_LABELS},
    "uniform": "linspace",
    "discrete": "linspace",  # stable-diffusion.cpp
    "simple": "trailing",
    "ddim uniform": "leading",
    "ays": "align_your_steps",
}
# Longest first: " sgm uniform" ends in " uniform".
ENDINGS = {
    **{f" {label}": SCHEDULES[label] for label in sorted(SCHEDULES, key=len, reverse=True)},
    " k": "karras",  # InvokeAI
}


def sampler_of(label: object) -> str | None:
    """Our name of the sampler that another program calls `label`; None where we have none like it."""
    return SAMPLERS.get(normal(label)) if isinstance(label, str) else None


def schedule_of(label: object) -> str | None:
    """Our name of the schedule that another program calls `label`; None where we have none like it."""
    return SCHEDULES.get(normal(label)) if isinstance(label, str) else None


def split(label: str) -> tuple[str | None, str | None]:
    """Sampler and schedule of "DPM++ 2M Karras", as A1111 wrote both before 1.9 and InvokeAI "dpmpp_2m_k"."""
    spelled = normal(label)
    if spelled in SAMPLERS:
        return SAMPLERS[spelled], None
    for ending, schedule in ENDINGS.items():
        if spelled.endswith(ending):
            return SAMPLERS.get(spelled.removesuffix(ending)), schedule
    return None, None

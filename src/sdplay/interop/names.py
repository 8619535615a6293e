"""What other programs call our samplers and schedules."""

from __future__ import annotations

from sdplay.images.infotext import SAMPLER_LABELS, SCHEDULE_LABELS

SAMPLERS = {
    **{label.casefold(): ours for ours, label in SAMPLER_LABELS.items()},
    **{ours: ours for ours in SAMPLER_LABELS},
    "k_euler": "euler",
    "k_euler_a": "euler_a",
    "euler_ancestral": "euler_a",
    "k_euler_ancestral": "euler_a",
    "euler ancestral": "euler_a",
    "dpmpp 2m": "dpmpp_2m",
    "dpm++_2m": "dpmpp_2m",
    "k_dpmpp_2m": "dpmpp_2m",
    "k_heun": "heun",
    "dpmpp_2m_sde_gpu": "dpmpp_2m_sde",  # ComfyUI: the same with noise drawn on the GPU
    "k_dpmpp_2m_sde": "dpmpp_2m_sde",
    "dpmpp 2m sde": "dpmpp_2m_sde",
    "dpm++_2m_sde": "dpmpp_2m_sde",
    "uni_pc": "unipc",
    "uni pc": "unipc",
    "dpm++2m": "dpmpp_2m",  # stable-diffusion.cpp
    "k_dpmpp_2": "dpmpp_2m",  # InvokeAI 2
    "ddim_v3": "ddim",  # NovelAI
}
SCHEDULES = {
    **{label.casefold(): ours for ours, label in SCHEDULE_LABELS.items()},
    **{ours: ours for ours in SCHEDULE_LABELS},
    "uniform": "linspace",
    "sgm_uniform": "trailing",
    "simple": "trailing",
    "ddim_uniform": "leading",
    "ays": "align_your_steps",
}
# Longest first: " sgm uniform" ends in " uniform".
ENDINGS = {"_k": "karras", **{f" {label}": SCHEDULES[label] for label in sorted(SCHEDULES, key=len, reverse=True)}}


def sampler_of(label: object) -> str | None:
    """Our name of the sampler that another program calls `label`; None where we have none like it."""
    return SAMPLERS.get(label.strip().casefold()) if isinstance(label, str) else None


def schedule_of(label: object) -> str | None:
    """Our name of the schedule that another program calls `label`; None where we have none like it."""
    return SCHEDULES.get(label.strip().casefold()) if isinstance(label, str) else None


def split(label: str) -> tuple[str | None, str | None]:
    """Sampler and schedule of "DPM++ 2M Karras", as A1111 wrote both before 1.9 and InvokeAI "dpmpp_2m_k"."""
    folded = label.strip().casefold()
    if folded in SAMPLERS:
        return SAMPLERS[folded], None
    for ending in ENDINGS:
        if folded.endswith(ending):
            return sampler_of(folded.removesuffix(ending)), ENDINGS[ending]
    return None, None

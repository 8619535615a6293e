"""The "parameters" text that A1111 writes into pictures and half the field reads, for a picture of ours."""

from __future__ import annotations

from sdplay.core.sample import PromptPair
from sdplay.images.infotext_grammar import NEGATIVE, quoted
from sdplay.library import upscalers
from sdplay.prompts.lora_tags import lora_tags, word_pattern
from sdplay.requests.add_ons import asked_loras
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import FromPicture, Still, prompt_of
from sdplay.requests.txt2img import Txt2Img

HASH = 12  # hex digits

SAMPLER_LABELS = {
    "euler": "Euler",
    "euler_a": "Euler a",
    "heun": "Heun",
    "dpmpp_2m": "DPM++ 2M",
    "dpmpp_2m_sde": "DPM++ 2M SDE",
    "ddim": "DDIM",
    "unipc": "UniPC",
    "lcm": "LCM",
    "tcd": "TCD",
}
SCHEDULE_LABELS = {
    "trailing": "SGM Uniform",
    "linspace": "Normal",
    "leading": "DDIM",
    "karras": "Karras",
    "exponential": "Exponential",
    "beta": "Beta",
    "align_your_steps": "Align Your Steps",
}
UPSCALER_LABELS = {
    "latent": "Latent",
    "latent-antialiased": "Latent (antialiased)",
    "latent-bicubic": "Latent (bicubic)",
    "latent-bicubic-antialiased": "Latent (bicubic antialiased)",
    "latent-nearest": "Latent (nearest)",
    "latent-nearest-exact": "Latent (nearest-exact)",
    "lanczos": "Lanczos",
}
NOISE_LABELS = {"philox": "NV", "torch": "CPU"}
FILL_LABELS = {"original": "original", "surroundings": "fill", "noise": "latent noise", "nothing": "latent nothing"}
MASK_MODES = {False: "Inpaint masked", True: "Inpaint not masked"}
INPAINT_AREAS = {False: "Whole picture", True: "Only masked"}

CONTROLNET = "ControlNet 0"  # the first of those that A1111's extension has room for


def infotext(recipe: Recipe, index: int, version: str) -> str:
    """The text for picture `index` of `recipe`; `version` is our own, written as `Version: sdplay …`.

    The prompts are those the picture was drawn from; where choices were made in one, it follows as `Template`.
    """
    request = recipe.request
    assert isinstance(request, Still), "frames of films carry no text of this kind"
    words = prompt_of(recipe, index)
    pairs: dict[str, object] = {
        "Steps": recipe.steps,
        "Sampler": SAMPLER_LABELS[recipe.sampler],
        "Schedule type": SCHEDULE_LABELS[recipe.schedule],
        "CFG scale": recipe.guidance_scale,
        "Seed": recipe.seed + index,
        "Size": f"{recipe.width}x{recipe.height}",
        "Model hash": recipe.model.digest[:10],
        "Model": recipe.model.name,
        **vae_pairs(recipe),
        **strength(request),
        **({"Eta": f"{request.eta:g}"} if request.eta is not None else {}),
        **({"Clip skip": request.clip_skip} if request.clip_skip != 1 else {}),
        "RNG": NOISE_LABELS[request.noise],
        **repainted(request),
        **second_pass(request),
        **({"CFG Rescale phi": f"{request.guidance_rescale:g}"} if request.guidance_rescale else {}),
        **controlled(recipe),
        **enlarged(recipe),
    }
    pairs |= file_hashes(recipe, words)
    if words.prompt != request.prompt:
        pairs["Template"] = request.prompt
    if words.negative_prompt != request.negative_prompt:
        pairs["Negative Template"] = request.negative_prompt
    pairs["Version"] = f"sdplay {version}"
    negative = f"\n{NEGATIVE} {words.negative_prompt}" if words.negative_prompt else ""
    line = ", ".join(f"{key}: {quoted(value)}" for key, value in pairs.items())
    return f"{with_asked_loras(recipe, words.prompt)}{negative}\n{line}".strip()


def strength(request: Still) -> dict[str, object]:
    """How much a given picture, or a picture's second pass, may change: A1111 has one name for both."""
    if isinstance(request, FromPicture):
        return {"Denoising strength": request.strength}
    if isinstance(request, Txt2Img) and request.hires_scale != 1:
        return {"Denoising strength": request.hires_strength}
    return {}


def second_pass(request: Still) -> dict[str, object]:
    """The other pairs of a picture in two passes; as A1111 does, steps are left out that are those of the first."""
    if not isinstance(request, Txt2Img) or request.hires_scale == 1:
        return {}
    steps = {"Hires steps": request.hires_steps} if request.hires_steps else {}
    upscaler = UPSCALER_LABELS[request.hires_upscaler]
    return {"Hires upscale": f"{request.hires_scale:g}", **steps, "Hires upscaler": upscaler}


def repainted(request: Still) -> dict[str, object]:
    """The pairs of an inpainted picture; as A1111 does, what it takes for granted (all but the blur) is left out.

    It has no words for a mask that was grown nor for a picture that was extended.
    """
    if not isinstance(request, Inpaint):
        return {}
    pairs: dict[str, object] = {"Mask blur": f"{request.mask_blur:g}"}
    if request.mask_invert:
        pairs["Mask mode"] = MASK_MODES[True]
    if request.fill != "original":
        pairs["Masked content"] = FILL_LABELS[request.fill]
    if request.only_masked:
        pairs |= {"Inpaint area": INPAINT_AREAS[True], "Masked area padding": request.padding}
    return pairs


def vae_pairs(recipe: Recipe) -> dict[str, object]:
    """The pairs of a VAE that is not the model's own."""
    found = next((one for one in recipe.add_ons if one.kind == "vae"), None)
    return {"VAE hash": found.digest[:10], "VAE": found.name} if found else {}


def controlled(recipe: Recipe) -> dict[str, object]:
    """The pair of a picture that followed a control image, as A1111's extension for ControlNet writes it."""
    request = recipe.request
    network = next((one for one in recipe.add_ons if one.kind == "controlnet"), None)
    if not isinstance(request, Still) or request.control_image is None or network is None:
        return {}
    edges = {"Threshold A": request.canny_low, "Threshold B": request.canny_high}
    told: dict[str, object] = {
        "Module": request.control_preprocessor,
        "Model": f"{network.name} [{network.digest[:8]}]",
        "Weight": request.control_scale,
        "Resize Mode": "Crop and Resize",
        **(edges if request.control_preprocessor == "canny" else {}),
        "Guidance Start": request.control_start,
        "Guidance End": request.control_end,
        "Pixel Perfect": True,
        "Control Mode": "Balanced",
    }
    return {CONTROLNET: ", ".join(f"{key}: {value}" for key, value in told.items())}


def enlarged(recipe: Recipe) -> dict[str, object]:
    """The pairs of a picture that its model could not draw at the size asked, in the words of A1111's extras."""
    larger = recipe.enlargement
    if larger is None:
        return {}
    size = f"{larger.width}x{larger.height}"
    return {"Postprocess upscale to": size, "Postprocess upscaler": upscalers.UPSCALER_LABELS[larger.upscaler]}


def with_asked_loras(recipe: Recipe, prompt: str) -> str:
    """`prompt` with the LoRAs that were asked for beside it, where A1111 looks for them."""
    weights = ((lora.name, lora.text, lora.network) for lora in asked_loras(recipe.request))
    marks = (f"<lora:{n}:{t:g}>" if t == u else f"<lora:{n}:{t:g}:{u:g}>" for n, t, u in weights)
    return " ".join([prompt, *marks])


def file_hashes(recipe: Recipe, words: PromptPair) -> dict[str, object]:
    """The pairs `Lora hashes` and `TI hashes` of a picture with these `words`, for the files that it was drawn with."""
    asked = {lora.name for lora in asked_loras(recipe.request)}
    if words.syntax == "a1111":
        asked |= {lora.name for lora in lora_tags(words.prompt)[1]}
    text = f"{words.prompt}\n{words.negative_prompt}"
    loras = {one.name: one.digest for one in recipe.add_ons if one.kind == "lora" and one.name in asked}
    spelled = {one.name: one.digest for one in recipe.add_ons if one.kind == "embedding"}
    spelled = {name: digest for name, digest in spelled.items() if word_pattern([name]).search(text)}
    found = {"Lora hashes": loras, "TI hashes": spelled}
    return {key: ", ".join(f"{n}: {d[:HASH]}" for n, d in names.items()) for key, names in found.items() if names}

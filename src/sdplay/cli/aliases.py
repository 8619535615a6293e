"""What other programs call our flags: A1111, and the scripts that came with Stable Diffusion."""

from __future__ import annotations

from collections.abc import Collection, Sequence

# By the name that is typed, with dashes: our names for it, of which a command takes the first that it has.
ALIASES: dict[str, tuple[str, ...]] = {
    "cfg": ("guidance",),
    "cfg-scale": ("guidance",),
    "guidance-scale": ("guidance",),
    "negative-prompt": ("negative",),
    "neg": ("negative",),
    "denoising-strength": ("strength", "hires-strength"),
    "denoise": ("strength", "hires-strength"),
    "ddim-steps": ("steps",),
    "num-inference-steps": ("steps",),
    "n-iter": ("num",),
    "n-samples": ("num",),
    "batch-count": ("num",),
    "num-images": ("num",),
    "W": ("width",),
    "H": ("height",),
    "sampler-name": ("sampler",),
    "sampling-method": ("sampler",),
    "schedule-type": ("schedule",),
    "checkpoint": ("model",),
    "ckpt": ("model",),
    "sd-model": ("model",),
    "sd-model-checkpoint": ("model",),
    "sd-vae": ("vae",),
    "vae-path": ("vae",),
    "styles": ("style",),
    "clip-stop-at-last-layers": ("clip-skip",),
    "init-img": ("image", "init-image"),
    "init-image": ("image",),
    "mask-image": ("mask",),
    "prompt-syntax": ("syntax",),
    "hr-scale": ("hires-scale",),
    "hr-upscaler": ("hires-upscaler",),
    "hr-second-pass-steps": ("hires-steps",),
    "from-file": ("prompts-from",),
    "outdir": ("out",),
    "output-dir": ("out",),
    "outpath-samples": ("out",),
    "num-frames": ("max-frames", "num"),
    "num": ("max-frames",),  # of a film that counts frames so; others have a --num
    "n": ("max-frames",),
    "image": ("init-image",),
    "video": ("video-init-path",),
    "input-video": ("video-init-path",),
}
# What is known elsewhere and is not here, or not as one flag: what to do about it.
WITHOUT_COUNTERPART = {
    "image": "`sdplay img2img` starts from a picture, `sdplay animate` from an --init-image",
    "init-image": "`sdplay img2img` starts from a picture, `sdplay animate` from an --init-image",
    "init-img": "`sdplay img2img` starts from a picture, `sdplay animate` from an --init-image",
    "mask": "`sdplay inpaint` repaints what is white in a --mask",
    "strength": "it says how much of a picture may change: `sdplay img2img` starts from one",
    "duration": "the length is a number of frames at so many --fps",
    "no-half": "`--precision float32` draws without half precision",
    "no-half-vae": "not needed: the VAE never runs in float16",
    "opt-sdp-attention": "not needed: attention is as fast as it gets without",
    "opt-sdp-no-mem-attention": "not needed: attention is as fast as it gets without",
    "opt-split-attention": "--low-memory draws in less memory, --max-memory 4GiB keeps within a limit",
    "use-cpu": "--device cpu",
    "device-id": "--device cuda:1 is the second card",
    "ckpt-dir": "SDPLAY_MODELS=FOLDER in the environment says where models are",
    "lora-dir": "SDPLAY_MODELS=FOLDER in the environment says where models and LoRAs are",
    "restore-faces": "faces are not restored here",
    "tiling": "pictures whose edges meet are not drawn here",
    "subseed": "variation seeds are not drawn here; --seed N -n 8 draws eight neighbours",
    "subseed-strength": "variation seeds are not drawn here; --seed N -n 8 draws eight neighbours",
    "scale": "--guidance is how strictly to follow the words, --hires-scale draws larger, `sdplay upscale` enlarges",
    "scheduler": "--sampler is how noise is removed, --schedule how its levels are spaced (karras): `sdplay samplers`",
    "refiner": "a second model is not taken over to; --hires-scale draws a second pass with the same one",
    "ddim-eta": "--sampler ddim --eta N",
    "xformers": "attention is as fast as it gets without; --low-memory takes less memory",
    "medvram": "--low-memory draws in less memory, --max-memory 4GiB keeps within a limit",
    "lowvram": "--low-memory draws in less memory, --max-memory 4GiB keeps within a limit",
    "sampler-index": "samplers have names here: --sampler euler-ancestral; `sdplay samplers` lists them",
}
ENABLE_HIRES = ("--enable-hr", "--enable_hr", "--hires-fix", "--hires_fix")
USUAL_HIRES = ("--hires-scale", "2")  # A1111's own


def as_flag_name(typed: str, known: Collection[str]) -> str:
    """The name among `known`, without its two dashes, that `typed` stands for; `typed` with dashes if none does."""
    name = typed.replace("_", "-")
    if name in known:
        return name
    return next((ours for ours in ALIASES.get(name, ()) if ours in known), name)


def why_there_is_none(flag: str) -> str | None:
    """What to do instead of a flag that other programs have, None for one that nobody has."""
    return WITHOUT_COUNTERPART.get(flag.lstrip("-").replace("_", "-"))


def with_usual_hires(args: Sequence[str]) -> list[str]:
    """A1111's switch for a second pass as the scale that it has there; a scale that is given too wins."""
    flags = args[: args.index("--")] if "--" in args else args
    if not any(arg in ENABLE_HIRES for arg in flags):
        return list(args)
    kept = [arg for number, arg in enumerate(args) if number >= len(flags) or arg not in ENABLE_HIRES]
    return [*USUAL_HIRES, *kept]

"""The command lines whose results are recorded: every mode, every sampler, every notation of a prompt.

They run in a folder that holds the files of data/inputs. SMALL keeps them quick; `--out` is added by who runs them.
"""

from __future__ import annotations

SMALL = ("--size", "64", "--steps", "3", "--seed", "7")
APPLE = ("txt2img", "a red apple, 3d render", *SMALL)
PHOTO = ("--image", "photo.png")
WITH_MASK = (*PHOTO, "--mask", "mask.png")
EDGES = ("--control-image", "photo.png", "--controlnet", "builtin-canny")


def words(prompt: str, *flags: str) -> tuple[str, ...]:
    return ("txt2img", prompt, *SMALL, *flags)


SAMPLERS = {
    "euler": "karras",
    "euler_a": "trailing",
    "heun": "exponential",
    "dpmpp_2m": "karras",
    "dpmpp_2m_sde": "align_your_steps",
    "ddim": "leading",
    "unipc": "linspace",
    "lcm": "beta",
}
SPELLED_SAMPLERS = (
    "k_euler,euler a,k_euler_a,Euler Ancestral,euler_ancestral,k_heun,DPM++ 2M,k_dpmpp_2m,dpm++_2m,dpmpp 2m,"
    "DPM++ 2M SDE,k_dpmpp_2m_sde,dpm++_2m_sde,dpmpp 2m sde,uni_pc,uni pc,DPM++ 2M Karras,euler exponential"
)
SPELLED_SCHEDULES = "ddim,sgm uniform,SGM_Uniform,simple,normal,uniform,Karras,align your steps,ays"

PICTURES: dict[str, tuple[str, ...]] = {
    "txt2img": (*APPLE, "--num", "2", "--negative", "blurry, text", "--guidance", "4.5"),
    "bare-prompt": ("a cat face", "--width", "64", "--height", "72", "--steps", "2", "--seed", "3"),
    "model-size": ("txt2img", "a house", "--steps", "2", "--seed", "3"),
    **{f"sampler-{name}": (*APPLE, "--sampler", name, "--schedule", how) for name, how in SAMPLERS.items()},
    "sampler-of-a1111": (*APPLE, "--sampler", "DPM++ 2M Karras"),
    "no-guidance": (*APPLE, "--guidance", "1"),
    "rescale": (*APPLE, "--guidance", "9", "--guidance-rescale", "0.7"),
    "clip-skip": (*APPLE, "--clip-skip", "2"),
    "noise-of-torch": (*APPLE, "--noise", "torch"),
    "batches": (*APPLE, "--num", "3", "--batch-size", "2"),
    "low-memory": (*APPLE, "--low-memory"),
    "decode-tile": ("txt2img", "a house", "--steps", "2", "--seed", "3", "--size", "128", "--decode-tile", "64"),
    "bfloat16": (*APPLE, "--precision", "bfloat16"),
    "webp": (*APPLE, "--format", "webp"),
    "jpeg": (*APPLE, "--format", "jpeg"),
    "prompts-from": ("txt2img", "--prompts-from", "prompts.txt", *SMALL),
    "weights": words("a (red:1.4) apple, [blue], ((3d render)), \\(round\\)"),
    "changing": words("a [cat:dog:0.5] [in a hat::1] [red|blue] face"),
    "break-and": words("a red apple BREAK on a table AND a blue plum :0.6", "--negative", "(text:1.3)"),
    "choices": words("a {red|blue|2::green} __thing__, {2$$ and $$big|old|round}", "--num", "2"),
    "styles": words("an apple", "--style", "icon", "--style", "old"),
    "long": words(", ".join(f"a red apple number {number} on a wooden table" for number in range(12))),
    "plain": words("a (red:1.4) apple [blue] {a|b}", "--syntax", "plain"),
    "lora": (*APPLE, "--lora", "framed:0.8", "--lora", "blueprint:0.5:0.9"),
    "lora-tag": words("a cat <lora:blueprint:0.7>"),
    "inversion": words("a squiggle apple", "--embedding", "squiggle.safetensors"),
    "control": (*APPLE, *EDGES, "--control-scale", "0.8"),
    "control-part": (*APPLE, *EDGES, "--control-start", "0.3", "--control-end", "0.8", "--canny-low", "50"),
    "control-map": (*APPLE, "--control-image", "edges.png", "--controlnet", "builtin-canny"),
    "img2img": ("img2img", "an icon of a pear", *PHOTO, *SMALL, "--strength", "0.6", "--num", "2"),
    "img2img-own-size": ("img2img", "a pear", *PHOTO, "--steps", "2", "--seed", "2", "--sampler", "euler_a"),
    "img2img-whole": ("img2img", "a pear", *PHOTO, *SMALL, "--strength", "1"),
    "img2img-nothing": ("img2img", "a pear", *PHOTO, *SMALL, "--strength", "0"),
    "img2img-folder": ("img2img", "a pear", "--image", "photos", *SMALL),
    "img2img-control": ("img2img", "a pear", *PHOTO, *SMALL, *EDGES),
    "inpaint": ("inpaint", "a hat", *WITH_MASK, *SMALL),
    "inpaint-noise": ("inpaint", "a hat", *WITH_MASK, *SMALL, "--fill", "noise", "--mask-invert", "--mask-blur", "0"),
    "inpaint-masked": ("inpaint", "a hat", *WITH_MASK, *SMALL, "--only-masked", "--padding", "8", "--mask-grow", "2"),
    "inpaint-extend": ("inpaint", "a hat", *PHOTO, *SMALL[2:], "--extend", "left=16,bottom=8", "--fill", "nothing"),
    "inpaint-control": ("inpaint", "a hat", *WITH_MASK, *SMALL, *EDGES),
    "hires": (*APPLE, "--hires-scale", "1.5", "--hires-steps", "2", "--hires-strength", "0.5"),
    "hires-nearest": (*APPLE, "--hires-scale", "1.5", "--hires-upscaler", "latent-nearest-exact"),
    "hires-lanczos": (*APPLE, "--hires-scale", "1.5", "--hires-upscaler", "lanczos"),
    "upscale": ("upscale", "photos", "kept.png", "--scale", "2", "--upscaler", "lanczos"),
    "grid": (*APPLE, "--grid", "steps=2,3", "guidance=3,5"),
    "grid-prompt": (*APPLE, "--steps", "2", "--grid", "prompt=apple|pear", "seed=1-3 (+2)"),
    "grid-samplers": (*APPLE, "--steps", "1", "--grid", f"sampler={SPELLED_SAMPLERS}"),
    "grid-schedules": (*APPLE, "--grid", f"schedule={SPELLED_SCHEDULES}"),
    "canny": ("canny", "photo.png", "--size", "72x64", "--canny-low", "60", "--canny-high", "150"),
}

# Those that are drawn again from the file of their first picture; `verify` draws all of them again.
AGAIN = (
    "txt2img", "webp", "jpeg", "bfloat16", "choices", "lora", "inversion", "control", "img2img", "inpaint-masked",
    "inpaint-extend", "hires", "grid",
)  # fmt: skip

# Films: (command line, after how many finished units the one in data/jobs was stopped).
TINY = ("--size", "64", "--steps", "2", "--seed", "5")
PEAR = ("dream", "a pear", "a plum", *TINY, "--batch-size", "2")
WORDS = '{"0": "a hill", "4": "a wide lake --neg text"}'
HILL = ("animate", WORDS, *TINY, "--max-frames", "6")
CLIP = (*HILL[:1], "a cat", *TINY, "--animation-mode", "Video Input", "--video-init-path", "clip.mp4")
FLIGHT = (*HILL, "--animation-mode", "3D")
FILMS: dict[str, tuple[tuple[str, ...], int]] = {
    "dream": ((*PEAR, "--num", "6"), 1),
    "dream-loop": ((*PEAR, "--num", "6", "--loop", "--path", "smooth", "--easing", "ease", "--hold", "0.1"), 2),
    "dream-circle": ((*PEAR[:1], "a pear", *TINY, "--num", "5", "--path", "circle", "--batch-size", "2"), 1),
    "dream-seeds": (
        (*PEAR, "--frames-per-key", "3", "--seeds", "3,9", "--interpolate", "latent", "--num", "5",
         "--lora", "framed:0.8"),
        1,
    ),
    "dream-pace": ((*PEAR, "--num", "6", "--pace", "perceptual"), 1),
    "dream-sound": ((*PEAR, "--num", "6", "--audio", "beat.wav", "--pace", "audio", "--fps", "12"), 1),
    "2d": ((*HILL, "--zoom", "0:(1.03)", "--angle", "0:(2)"), 1),
    "2d-every-frame": ((*HILL, "--diffusion-cadence", "1", "--translation-x", "0:(2*sin(t))", "--border", "zeros"), 2),
    "2d-sequential": (
        (*HILL, "--zoom", "0:(1.05)", "--warp", "sequential", "--smooth", "smooth", "--color-coherence", "lab",
         "--noise-schedule", "0:(0.03)", "--strength-schedule", "0:(0.6) step, 4:(1) step, 5:(0.5)"),
        1,
    ),
    "2d-blend": (
        (*HILL, "--init-image", "photo.png", "--prompt-interpolation", "blend", "--seed-behavior", "ladder",
         "--format", "gif", "--loop-mode", "pingpong"),
        1,
    ),
    # Begun when "auto" and "builtin" were the guess: their recipes call it so, and always will.
    "3d": ((*FLIGHT, "--translation-z", "0:(2)", "--rotation-3d-y", "0:(1)", "--depth-model", "guess"), 1),
    "3d-pinhole": (
        (*FLIGHT, "--translation-z", "0:(4)", "--warp-geometry", "pinhole", "--fov", "60",
         "--save-depth-maps", "--depth-equalize", "--depth-model", "guess"),
        1,
    ),
    "3d-depth": ((*FLIGHT, "--translation-z", "0:(4)", "--translation-x", "0:(3)", "--save-depth-maps"), 1),
    "clip": ((*CLIP, "--max-frames", "5", "--batch-size", "2"), 1),
    "clip-every-second": ((*CLIP, "--extract-nth-frame", "2", "--no-video-same-size", "--batch-size", "2"), 1),
    "config": (("animate", "--config", "small.toml"), 1),
}  # fmt: skip

# Those that are also verified, and asked for once more when they are finished.
PROVED = ("dream", "dream-pace", "2d-blend", "3d", "clip")

# What is told, as JSON on stdout, without drawing.
TOLD: dict[str, tuple[str, ...]] = {
    "explain": ("explain", "a (red:1.4) apple BREAK [cat:dog:0.5] AND a plum :0.6", "--json", "--seed", "3"),
    "explain-choices": ("explain", "a {red|blue} __thing__ <lora:framed:0.5>", "--json", "--seed", "4", "--steps", "3"),
    "explain-inversion": (
        "explain", "a squiggle xyzzyplugh", "--embedding", "squiggle.safetensors", "--json", "--seed", "1",
        "--negative", "(text:1.2)", "--style", "icon",
    ),
    "plan-dream": ("plan", "dream", "a pear", "a plum", "--num", "9", "--seed", "1", "--easing", "ease", "--json", "-"),
    "plan-loop": (
        "plan", "dream", "a", "b", "c", "--num", "12", "--seed", "1", "--loop", "--path", "circle", "--json", "-",
    ),
    "plan-2d": (
        "plan", "animate", WORDS, "--max-frames", "8", "--seed", "1", "--json", "-",
        "--zoom", "0:(1.02+0.01*sin(t/3))", "--strength-schedule", "0:(0.6) step, 4:(1) step, 5:(0.5)",
    ),
    "plan-clip": ("plan", *CLIP, "--json", "-"),
    "plan-sound": (
        "plan", "animate", "a hill", "--max-frames", "8", "--seed", "1", "--fps", "12", "--audio", "beat.wav",
        "--zoom", "0:(1+0.1*amp)", "--json", "-",
    ),
    "plan-original": ("plan", "animate", "--config", "original.py", "--json", "-", "--every", "20"),
    "plan-deforum": ("plan", "animate", "--config", "deforum.json", "--json", "-", "--every", "8"),
    "plan-toml": ("plan", "animate", "--config", "small.toml", "--json", "-"),
    "plan-yaml": ("plan", "dream", "--config", "dream.yaml", "--json", "-"),
    "show-a1111": ("show", "a1111.png", "--json"),
}  # fmt: skip

# Pictures and other files that only need to be read: `show --json` and `again` of what A1111 made.
FOREIGN = ("again", "a1111.png", "--size", "64", "--model", "builtin")

# The original command line: (flags, answers in the order of the questions).
ORIGINAL: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "txt2img": (("--mode", "txt2img", "--local", "--device", "cpu", "--num", "2", "--save"), ("a red apple", "64 72")),
    "limit": (("-m", "txt2img", "-l", "-d", "cpu", "-s", "-limit"), ("a (red) apple", "64")),
    "img2img": (("-m", "img2img", "-l", "-d", "cpu", "-s"), ("photo.png", "a pear", "0.6")),
    "inpaint": (("-m", "inpaint", "-l", "-d", "cpu", "-s", "--limit"), ("'photo.png'", "mask.png", "a hat", "")),
    "dream": (("--mode", "dream", "--local", "--device", "cpu", "--num", "2", "--save"), ("a bowl of ramen", "64,64")),
    "animate": (("-m", "animate", "-l", "-d", "cpu", "-s", "-n", "4", "--config", "small.py"), ()),
}

# Command lines that are refused with this exit code.
REFUSED: dict[tuple[str, ...], int] = {
    ("txt2img", "a cat", "--steps", "0"): 2,
    ("txt2img", "a cat", "--width", "63"): 2,
    ("txt2img", "a cat", "--sampler", "nothing"): 2,
    ("img2img", "a cat", "--image", "nowhere.png"): 2,
    ("animate", "a cat", "--zoom", "0:(foo)"): 2,
    ("dream",): 2,
    ("resume", "photos"): 2,
    ("show", "photo.png"): 2,
    ("txt2imgg",): 2,
}

COMMANDS = (
    "txt2img", "img2img", "inpaint", "dream", "animate", "plan txt2img", "resume",
    "again", "upscale", "verify", "show", "explain", "canny", "models", "samplers",
)  # fmt: skip

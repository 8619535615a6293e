"""Random command lines over every command and every flag, half of them nearly right."""

from __future__ import annotations

import random
from collections.abc import Iterator

import click

from sdplay.cli.main import COMMANDS, sdplay
from sdplay.cli.request_command import HELP_NAMES

SMALL_ONLY = {
    "num",
    "count",
    "max_frames",
    "steps",
    "num_inference_steps",
    "width",
    "height",
    "size",
    "limit",
    "workers",
}
SMALL_ONLY |= {"scale", "hires_steps", "hires_scale", "frames", "fps", "batch_size", "walk", "grid"}
WHOLE = ("-1", "0", "1", "2", "7", "64", "1.5", "x", "", "٣", "0x10", "1e2", " 3 ", "--")
LARGE = ("1000000000", "9" * 30, "-" + "9" * 30)
REAL = ("nan", "inf", "-inf", "-1", "0", "0.5", "1", "7.5", "1e309", "1,5", "x", "", "0:(1.0)", "0:(t/0)", "0:(")
TEXTS = (
    "a cat",
    "",
    " ",
    "((((",
    "a:1.5",
    "(a:nan)",
    "[a:b:0.5]",
    "<lora:none:1>",
    "{a|b}",
    "__none__",
    "{2$$a|b}",
    "{",
    "}",
    "-",
    "--",
    "\u202e right to left",
    "a\x00b",
    "\udcff\udcfe",
    "кот 🐶",
    "x" * 20000,
    "a\nb",
    "\x1b[31mred",
    "AND",
    "BREAK",
    '{"0": "a"}',
    "0:(a), 5:(b)",
    "%",
    "\\",
    "nan",
    "[]",
    "null",
    "1-5",
    "steps=1,2",
    "=",
    "prompt=a|b",
)
PATHS = (
    "picture.png",
    "mask.png",
    "film.gif",
    "words.txt",
    "settings.json",
    "empty",
    "folder",
    "missing.png",
    "fifo",
    "/dev/zero",
    "/dev/null",
    "/dev/full",
    "loop",
    "\udcff.png",
    "",
    ".",
    "/",
    "n" * 300,
    "a" * 5000,
    "noread/x",
    "esc\x1b[2J.png",
    "picture.png/inside",
    "model",
    "lora.safetensors",
    "folder/none/deep",
)
PATH_FLAGS = (
    "image",
    "mask",
    "out",
    "file",
    "job",
    "fork",
    "csv",
    "styles",
    "wildcards",
    "model",
    "vae",
    "upscaler",
    "audio",
    "clip",
    "video",
    "settings",
    "config",
    "prompts_from",
    "lora",
    "embedding",
    "controlnet",
    "sheet",
    "tokens",
    "noted",
    "folder",
)
SERVING = {"serve", "mcp", "bench"}  # they run until they are stopped, or for minutes, and have tests of their own
KEPT_OUT = {"preview", "open", "token", "revision"}  # a window, the network


def context_of(command: click.Command) -> click.Context:
    """One as the program makes it: a command keeps what its first context says of `--help`."""
    return click.Context(command, help_option_names=HELP_NAMES)


def commands(
    command: click.Command | None = None, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that there is, with the words that call it."""
    if command is None:
        for name in (name for name in COMMANDS if name not in SERVING):
            yield from commands(sdplay.get_command(context_of(sdplay), name), (name,))
    else:
        yield words, command
        if isinstance(command, click.Group):
            for name in command.list_commands(context_of(command)):
                yield from commands(command.get_command(context_of(command), name), (*words, name))


def value(rng: random.Random, parameter: click.Parameter) -> str:
    name, kind = str(parameter.name), parameter.type
    if rng.random() < 0.1:
        return rng.choice((*WHOLE, *REAL, *TEXTS, *PATHS))
    if isinstance(kind, click.Choice) and rng.random() < 0.8:
        return str(rng.choice(kind.choices))
    if isinstance(kind, click.Path) or any(word in name for word in PATH_FLAGS):
        return rng.choice(PATHS)
    if isinstance(kind, click.types.IntParamType):
        return rng.choice(WHOLE if name in SMALL_ONLY else (*WHOLE, *LARGE))
    if isinstance(kind, click.types.FloatParamType):
        return rng.choice(REAL)
    return rng.choice((*TEXTS, *REAL, *WHOLE))


def line(rng: random.Random, words: tuple[str, ...], parameters: list[click.Parameter]) -> list[str]:
    """A command line: its positional arguments, and up to six flags."""
    argv = list(words)
    options = [p for p in parameters if isinstance(p, click.Option) and p.name not in KEPT_OUT]
    arguments = [p for p in parameters if isinstance(p, click.Argument)]
    prompting = any("prompt" in str(p.metavar or p.name).lower() for p in arguments)
    for argument in arguments:
        many = rng.choice((0, 1, 1, 1, 2)) if argument.nargs == -1 else int(rng.random() < 0.95)
        argv += [rng.choice(TEXTS if prompting else PATHS) for _ in range(many)]
    for option in rng.sample(options, min(len(options), rng.choice((0, 1, 1, 2, 2, 3, 6)))):
        flag = rng.choice((*option.opts, *option.secondary_opts))
        argv.append(flag)
        if not option.is_flag and not isinstance(option.type, click.types.BoolParamType) and rng.random() < 0.95:
            argv += [value(rng, option) for _ in range(max(1, option.nargs))]
    if rng.random() < 0.05:
        argv.insert(
            rng.randrange(len(argv) + 1), rng.choice(("--help", "--nonsense", "-Z", "--", "--steps", "--prompt="))
        )
    return [word.replace("\x00", "") if rng.random() < 0.9 else word for word in argv]


def command_lines(seed: int, count: int) -> Iterator[tuple[int, list[str]]]:
    """`count` numbered command lines; number i is the same for every count."""
    known = [(words, command.get_params(context_of(command))) for words, command in commands()]
    for number in range(count):
        rng = random.Random(f"{seed} {number}")
        words, parameters = known[number % len(known)]
        yield number, line(rng, words, parameters)

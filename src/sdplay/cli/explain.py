"""`sdplay explain`: what the model will read of a prompt, before anything is drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.again import printable
from sdplay.cli.flags import in_the_words_of, request_fields, request_options
from sdplay.cli.request_command import Flag, RequestCommand
from sdplay.cli.terminal import table

if TYPE_CHECKING:
    from sdplay.pipeline.explain import Explanation, ReadChunk, Reading, ReadPart

SHOWN = {"negative_prompt", "prompt_syntax", "seed", "steps", "model", "allow_pickle"} | {"lora", "embedding"}
SHOWN |= {"style", "styles_file", "wildcards"}


class ExplainCommand(RequestCommand):
    """Takes those flags of `txt2img` that reach the words."""

    def own_params(self) -> list[click.Parameter]:
        from sdplay.requests.txt2img import Txt2Img

        flags = request_options(Txt2Img, positional="prompt", for_new=True)
        as_json = Flag(["--json", "as_json"], basic=True, is_flag=True, help="Everything, as JSON on stdout.")
        return [click.Argument(["prompt"]), *(flag for flag in flags if flag.name in SHOWN), as_json]


@click.command(cls=ExplainCommand)
@click.pass_context
def explain(ctx: click.Context, /, prompt: str, *, as_json: bool, **params: Any) -> int:
    """Show what the model reads of PROMPT: choices made, chunks of tokens, weights, what changes at which step, and
    which words are cut off or unknown. Nothing is drawn.
    """
    from sdplay.requests.base import make_request
    from sdplay.requests.txt2img import Txt2Img
    from sdplay.studio import Studio

    with in_the_words_of(ctx), Studio() as studio:
        explanation = studio.explain(make_request(Txt2Img, prompt=prompt, **request_fields(Txt2Img, params)))
    if as_json:
        click.echo(json.dumps(asdict(explanation), indent=2))
    else:
        click.echo(printable_lines(explanation_lines(explanation, str(params["model"]))))
    return 0


def printable_lines(lines: Iterator[str]) -> str:
    return "\n".join(map(printable, lines))


def explanation_lines(explanation: Explanation, model: str) -> Iterator[str]:
    """The explanation, line by line."""
    yield from table(
        [
            ("prompt", explanation.words.prompt),
            ("negative", explanation.words.negative_prompt or "(none)"),
            ("choices", f"made from seed {explanation.seed}"),
            ("model", f"{model}, {explanation.chunk_size} tokens to a chunk"),
        ]
    ).splitlines()
    for lora in explanation.loras:
        yield f"LoRA      {lora.name} ×{lora.text:g} on the text encoder, ×{lora.network:g} on the network"
    for number, part in enumerate(explanation.parts, start=1):
        yield ""
        many = f", part {number} of {len(explanation.parts)} ×{part.weight:g}" if len(explanation.parts) > 1 else ""
        yield f"towards{many}"
        yield from of_part(part, explanation.steps)
    yield ""
    yield "away from"
    yield from of_part(explanation.negative, explanation.steps)


def of_part(part: ReadPart, steps: int) -> Iterator[str]:
    for reading in part.readings:
        if len(reading.steps) < steps:
            yield f"  steps {ranges(reading.steps)} of {steps}"
        for number, chunk in enumerate(reading.chunks, start=1):
            yield f"    chunk {number}: {of_chunk(chunk)}"
        yield from of_losses(reading)


def of_chunk(chunk: ReadChunk) -> str:
    counted = f"{chunk.tokens} token{'s' if chunk.tokens != 1 else ''}"
    texts = (f"{one.text} ×{one.weight:.4g}" if one.weight != 1 else one.text for one in chunk.fragments)
    return f"{counted}: {' | '.join(texts)}" if chunk.tokens else "empty"


def of_losses(reading: Reading) -> Iterator[str]:
    if reading.in_pieces:
        words = ", ".join(f"{''.join(word)} ({' '.join(word)})" for word in reading.in_pieces)
        yield f"    in pieces, since the vocabulary does not have them whole: {words}"
    if reading.lost:
        yield f"    cut off: {reading.lost}"


def ranges(steps: Sequence[int]) -> str:
    """1, 2, 3, 5 as "1-3, 5"; of many the first ones."""
    runs: list[list[int]] = []
    for step in steps:
        if runs and runs[-1][-1] == step - 1:
            runs[-1][1:] = [step]
        else:
            runs.append([step])
    texts = ["-".join(map(str, run)) for run in runs]
    return ", ".join(texts[:8]) + (f" … {texts[-1]}" if len(texts) > 8 else "")

"""Write the model card from what the evaluation measured, and the unselected sheet beside it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from PIL import Image

from training.art import read_concepts
from training.evaluate import AIMS
from training.export import BUILTIN
from training.fetch import read_sources
from training.prompts import WELL_KNOWN

SHEET = "unselected.webp"
MOST_MISTAKES = 24

TEXT = """# Playground Icons: the built-in model

An ordinary Stable Diffusion 1.x folder (CLIPTextModel, CLIPTokenizer, UNet2DConditionModel, AutoencoderKL), only
small: {megabytes:.1f} MB in float16, 128 × 128 px. The stock diffusers pipelines load it. Everything in it was trained
from nothing by `training/`, on a two-core CPU, from the art listed below; no other model's weights or pictures went in.

## What it draws

{things} everyday things as `3d render`, `flat icon` or `cartoon`, on a background of a named colour (white when none
is named), and many of them in a named colour. Wordings: "a red apple, 3d render", "flat icon of a cat on a blue
background", "guitar cartoon". The names are in `training/concepts.txt`; `sdplay things` lists them.

It is an honest small model that knows its icons by heart, not a general one: no scenes, no two things at once, no
positions or sizes, no text, no photographs. Prompts about anything else are answered with some icon; the program
says beforehand which words it does not know. It draws 128 × 128 px and nothing else well: larger pictures become
patterns, so the program enlarges a small one (`largest` in its card).

## Figures

Measured on {date} ({hardware}) by `python -m training.evaluate`: {steps} steps, guidance {guidance:g}, one fresh seed a
prompt, no picking. The judge is a small classifier trained on the *source art* only.

| what | reached | aim |
|---|---|---|
{rows}
| codec, art held out from its training | {codec:.1f} dB | 26 dB |

The judge itself, on combinations of drawing and background or colour that it never saw: {judge}.
With the prompts shuffled the judge finds the concept in {shuffled:.1%}: what it names is what was asked.

| guidance | concept right | belief of the judge in it |
|---|---|---|
{guidance_rows}

Samplers (concept right over {well_known} well-known things): {samplers}.
Negative prompt "red" on an apple: redness {redness}.
Two seeds of one prompt differ by {seeds:.1f} grey levels a pixel on average.

## The first 96 pictures of that evaluation, unselected

![The first 96 pictures](unselected.webp)

Red words name what the judge saw where it saw something else.

## Failures

{wrong} of {asked} pictures were taken for something else. The worst:

{mistakes}

## How it was trained

Codec: L1 + 4·MSE + gradients, Muon; then text encoder and network together: v-prediction, min-SNR weights, Muon for
matrices and AdamW for the rest, averaged weights. {history}
`make model` does all of it again.

## Sources and licences

| package | version | licence | art or words by | used for |
|---|---|---|---|---|
{sources}

The weights are given under the MIT License; NOTICE holds the notices of the sources.
"""


def percent(value: float) -> str:
    return f"{value:.1%}"


def figures(results: dict[str, Any]) -> str:
    reached = {**results["concepts"], "colour": results["colours"]["colour"]}
    names = {"concept": "concept", "style": "style", "background": "background colour", "colour": "colour of the thing"}
    return "\n".join(f"| {names[head]} | {percent(reached[head])} | {aim:.0%} |" for head, aim in AIMS.items())


def card(results: dict[str, Any], megabytes: float, history: str) -> str:
    """The text of the card."""
    wrong = results["mistakes"]
    asked = results["concepts"]["prompts"] + results["colours"]["prompts"]
    held = results["judge"]["through the codec" if "through the codec" in results["judge"] else "clean"]
    return TEXT.format(
        megabytes=megabytes,
        things=len(read_concepts()),
        date=results["date"],
        hardware=results["hardware"],
        steps=results["steps"],
        guidance=results["guidance_scale"],
        rows=figures(results),
        codec=results["codec_psnr"],
        judge=", ".join(f"{head} {percent(share)}" for head, share in held.items()),
        shuffled=results["concepts, prompts shuffled"]["concept"],
        guidance_rows="\n".join(
            f"| {scale} | {percent(row['concept'])} | {row['belief']:.2f} |"
            for scale, row in results["guidance"].items()
        ),
        well_known=len(WELL_KNOWN),
        samplers=", ".join(f"{name} {percent(share)}" for name, share in results["samplers"].items()),
        redness=", ".join(f"{name} {value:.2f}" for name, value in results["redness, negative prompt red"].items()),
        seeds=results["difference between seeds"]["mean"],
        wrong=len(wrong),
        asked=asked,
        mistakes="\n".join(f"- “{words}” looked like: {seen}" for words, seen, _ in wrong[:MOST_MISTAKES]),
        history=history,
        sources="\n".join(f"| {p.name} | {p.version} | {p.licence} | {p.art_by} | {p.use} |" for p in read_sources()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--folder", type=Path, default=BUILTIN)
    parser.add_argument("--history", default="", help="a sentence about how long this one was trained")
    asked = parser.parse_args()
    results = json.loads((asked.work / "evaluation.json").read_text())
    megabytes = sum(p.stat().st_size for p in asked.folder.glob("*/*")) / 1e6
    (asked.folder / "MODEL_CARD.md").write_text(card(results, megabytes, asked.history))
    Image.open(asked.work / "evaluation.png").convert("RGB").save(asked.folder / SHEET, quality=80, method=6)
    print(f"{asked.folder / 'MODEL_CARD.md'} and {SHEET}")


if __name__ == "__main__":
    main()

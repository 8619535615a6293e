"""Write the model card from what the evaluation measured, and the unselected sheet beside it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from PIL import Image

from training.evaluate import AIMS, CODEC_AIM, COMPOSED_AIM, SEEDS_AIM, SHARPNESS_AIM
from training.export import BUILTIN
from training.fetch import read_sources
from training.prompts import WELL_KNOWN

SHEETS = {  # of the evaluation, as they are called beside the card
    "": ("unselected.webp", "The first 96 pictures"),
    "-faces": ("faces.webp", "Faces, which blur shows in first"),
    "-pair": ("pairs.webp", "The first pairs"),
    "-count": ("counts.webp", "The first counts"),
    "-scene": ("scenes.webp", "The first scenes"),
    "-four-steps": ("four-steps.webp", "Drafts in four steps"),
    "-seeds": ("seeds.webp", "Three prompts by twelve seeds each"),
    "-languages": ("languages.webp", "Words in other languages"),
}
MOST_MISTAKES = 24

TEXT = """# Playground Icons: the built-in model

An ordinary Stable Diffusion 1.x folder (CLIPTextModel, CLIPTokenizer, UNet2DConditionModel, AutoencoderKL), only
small: {megabytes:.1f} MB in float16, {side} × {side} px. The stock diffusers pipelines load it. Everything in it was
trained from nothing by `training/` from the art listed below; no other model's weights or pictures went in.

## What it draws

{things} things as `3d render`, `flat icon` or `cartoon`, on a background of a named colour (white when none
is named), and many of them in a named colour. Wordings: "a red apple, 3d render", "flat icon of a cat on a blue
background", "guitar cartoon". `sdplay things` lists the names.{composed}

It is an honest small model that knows its icons by heart, not a general one: {lacks}no text, no photographs. Prompts
about anything else are answered with some icon; the program says beforehand which words it does not know. It draws
{side} × {side} px and nothing else well: larger pictures become patterns, so the program enlarges a small one
(`largest` in its card).

## Figures

Measured on {date} ({hardware}) by `python -m training.evaluate`: {steps} steps, guidance {guidance:g}, one fresh seed a
prompt, no picking. The judge is a small classifier trained on the *source art* only.

| what | reached | aim | source art itself |
|---|---|---|---|
{rows}

The judge itself, on combinations of drawing and background or colour that it never saw: {judge}.
With the prompts shuffled the judge finds the concept in {shuffled:.1%}: what it names is what was asked.

| guidance | concept right | belief of the judge in it |
|---|---|---|
{guidance_rows}

Samplers (concept right over {well_known} well-known things): {samplers}.
Negative prompt "red" on an apple: redness {redness}.

## The first pictures of that evaluation, unselected

{sheets}

Red words name what the judge saw where it saw something else.

## Failures

{wrong} of {asked} pictures were taken for something else. The worst:

{mistakes}

## How it was trained

{history}

Codec: L1 + 4·MSE + gradients, Muon; then text encoder and network together: v-prediction, min-SNR weights, Muon for
matrices and AdamW for the rest, averaged weights.
`make model` does all of it again.

## Sources and licences

| package | version | licence | art or words by | used for |
|---|---|---|---|---|
{sources}

The weights are given under the MIT License; NOTICE holds the notices of the sources.
"""


COMPOSED = """

Two things on a side of each other ("a cat next to a pizza", "an apple on a table"), two to five of one ("three stars"),
and simple scenes ("a house on a green hill at night, cartoon", "sunset over the sea")."""
COLUMNS = {"concept": "concept", "style": "style", "background": "background colour", "colour": "colour of the thing"}


def percent(value: float) -> str:
    return f"{value:.1%}"


def figures(results: dict[str, Any]) -> str:
    """The rows of the table: what was reached, the aim, and what the same judge finds in the source art."""
    steps, reached = results["steps"], {**results["concepts"], "colour": results["colours"]["colour"]}
    rows = [(COLUMNS[head], percent(reached[head]), f"{aim:.0%}", "") for head, aim in AIMS.items()]
    rows += [
        (f"{kind}: {name}", percent(share), f"{COMPOSED_AIM:.0%}", percent(results[f"{kind}, source art"][name]))
        for kind in ("pair", "count", "scene")
        for name, share in results.get(kind, {}).items()
    ]
    if few := results.get("four steps"):
        rows += [
            (f"{head} in four steps", percent(few[head]), f"{percent(few[f'{head}, whole'])} in {steps} less 3", "")
            for head in ("concept", "style")
        ]
    rows.append(("codec, held-out art", f"{results['codec_psnr']:.1f} dB", f"{CODEC_AIM:g} dB", ""))
    rows.append(("sharpness (gradient energy)", f"{results['sharpness']:.2f}", f"{SHARPNESS_AIM:g}", "1"))
    seeds = results["difference between seeds"]["mean"]
    rows.append(("grey levels between two seeds", f"{seeds:.1f}", f"{SEEDS_AIM:g}", ""))
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def card(results: dict[str, Any], folder: Path, history: str) -> str:
    """The text of the card of the model in `folder`, with what was measured of it."""
    wrong = results["mistakes"]
    asked = results["concepts"]["prompts"] + results["colours"]["prompts"]
    held = results["judge"]["through the codec" if "through the codec" in results["judge"] else "clean"]
    composed = "scene" in results
    shown = [(name, title) for name, title in SHEETS.values() if (folder / name).exists()]
    return TEXT.format(
        megabytes=sum(path.stat().st_size for path in folder.glob("*/*")) / 1e6,
        side=json.loads((folder / "vae" / "config.json").read_text())["sample_size"],
        things=len(json.loads((folder / "things.json").read_text(encoding="utf-8"))["things"]),
        composed=COMPOSED if composed else "",
        lacks="" if composed else "no scenes, no two things at once, no positions or sizes, ",
        date=results["date"],
        hardware=results["hardware"],
        steps=results["steps"],
        guidance=results["guidance_scale"],
        rows=figures(results),
        judge=", ".join(f"{head} {percent(share)}" for head, share in held.items()),
        shuffled=results["concepts, prompts shuffled"]["concept"],
        guidance_rows="\n".join(
            f"| {scale} | {percent(row['concept'])} | {row['belief']:.2f} |"
            for scale, row in results["guidance"].items()
        ),
        well_known=len(WELL_KNOWN),
        samplers=", ".join(f"{name} {percent(share)}" for name, share in results["samplers"].items()),
        redness=", ".join(f"{name} {value:.2f}" for name, value in results["redness, negative prompt red"].items()),
        sheets="\n\n".join(f"![{title}]({name})" for name, title in shown),
        wrong=len(wrong),
        asked=asked,
        mistakes="\n".join(f"- “{words}” looked like: {seen}" for words, seen, _ in wrong[:MOST_MISTAKES]),
        history=history,
        sources="\n".join(f"| {p.name} | {p.version} | {p.licence} | {p.art_by} | {p.use} |" for p in read_sources()),
    )


def save_sheets(work: Path, folder: Path) -> None:
    """The sheets of the evaluation, as small files; those of an earlier one go."""
    for suffix, (name, _) in SHEETS.items():
        (folder / name).unlink(missing_ok=True)
        if (work / f"evaluation{suffix}.png").exists():
            sheet = Image.open(work / f"evaluation{suffix}.png").convert("RGB")
            sheet.save(folder / name, quality=75, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--folder", type=Path, default=BUILTIN)
    parser.add_argument("--history", default="", help="a sentence about how long this one was trained")
    asked = parser.parse_args()
    results = json.loads((asked.work / "evaluation.json").read_text())
    save_sheets(asked.work, asked.folder)
    (asked.folder / "MODEL_CARD.md").write_text(card(results, asked.folder, asked.history))
    print(asked.folder / "MODEL_CARD.md")


if __name__ == "__main__":
    main()

"""Measure a model folder: draw a fixed list of prompts with fresh seeds and let the judge name what it sees."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from sdplay.library.resolve import resolve
from training import trials
from training.art import Concept, load_art, read_concepts, split
from training.codec import compose, measure
from training.composed import SCORES, composed_prompts, gradient_energy, source_pictures
from training.judge import Judge, load_judge
from training.pictures import Part, Picture, load
from training.prompts import (
    WELL_KNOWN,
    Prompt,
    all_prompts,
    known_prompts,
    subsample,
)
from training.sheets import faces_sheet, languages_sheet, plain_sheet, save_sheet, seeds_sheet
from training.trials import Artist, Pixels

AIMS = {"concept": 0.97, "style": 0.95, "background": 0.98, "colour": 0.95}
CODEC_AIM, SHARPNESS_AIM, SEEDS_AIM, COMPOSED_AIM = 29.0, 0.8, 2 * 12.9, 0.8
DRAFTS = 330  # pictures that are drawn in four steps as well
COMPOSED_EACH = {"pair": 84, "count": 48, "scene": 75}


def quick(model: Path, judge: Judge, concepts: Sequence[str] = WELL_KNOWN, steps: int = 8) -> tuple[float, float]:
    """Share of well-known things the judge names right, and the same after shuffling the prompts (chance)."""
    prompts = known_prompts(concepts)
    beliefs = judge.probabilities(Artist(model, steps).draw(prompts))
    right = trials.accuracy(beliefs, judge, prompts, "concept")
    return right, trials.accuracy(beliefs, judge, trials.shuffled(prompts), "concept")


def codec_psnr(model: Path, work: Path) -> float:
    """PSNR in dB of the model's codec on the art held out from its training."""
    from diffusers import AutoencoderKL

    art, drawings = load_art(work)
    held = split(drawings)[1]
    codec = AutoencoderKL.from_pretrained(model / "vae").eval()
    return measure(codec, compose(np.asarray(art[held]), torch.ones(len(held), 3, 1, 1)))[0]


def mistakes(judge: Judge, pictures: Pixels, prompts: Sequence[Prompt]) -> list[tuple[str, str, float]]:
    """(asked, seen, belief in what was asked) for pictures whose concept is not the asked one, the worst first."""
    beliefs = judge.probabilities(pictures)["concept"]
    right = trials.answers(judge, prompts, "concept")
    names = judge.labels["concept"]
    wrong = [k for k in range(len(right)) if beliefs[k].argmax() != right[k]]
    rows = [(prompts[k].text, names[int(beliefs[k].argmax())], float(beliefs[k, right[k]])) for k in wrong]
    return sorted(rows, key=lambda row: row[2])


def main_scores(judge: Judge, pictures: Pixels, prompts: Sequence[Prompt]) -> dict[str, Any]:
    """The figures the aims are about, by kind of prompt and style, with the negative control."""
    plain = [k for k, p in enumerate(prompts) if p.colour is None]
    tinted = [k for k, p in enumerate(prompts) if p.colour is not None]
    figures: dict[str, Any] = {}
    for kind, chosen in (("concepts", plain), ("colours", tinted)):
        if chosen:
            asked = [prompts[k] for k in chosen]
            found = trials.scores(judge, pictures[chosen], asked)
            figures[kind] = {"prompts": len(asked)} | found
            figures[f"{kind}, prompts shuffled"] = trials.scores(judge, pictures[chosen], trials.shuffled(asked))
    by_style = {p.style: [k for k in plain if prompts[k].style == p.style] for p in prompts}
    figures["concept by style"] = {
        style: trials.scores(judge, pictures[rows], [prompts[k] for k in rows])["concept"]
        for style, rows in sorted(by_style.items())
        if rows
    }
    figures["style asked, seen as"] = trials.confusion(judge, pictures, prompts, "style")
    figures["mistakes"] = mistakes(judge, pictures, prompts)
    return figures


def more_trials(artist: Artist, judge: Judge, known: Sequence[str]) -> dict[str, Any]:
    """Guidance, samplers, negative prompts and seeds, on things everybody knows."""
    prompts = known_prompts(known)
    return {
        "guidance": trials.guidance_trial(artist, judge, prompts),
        "samplers": trials.sampler_trial(artist, judge, prompts),
        "redness, negative prompt red": trials.negative_trial(artist),
        "difference between seeds": trials.seed_trial(artist, prompts),
    }


def composed_trials(artist: Artist, judge: Judge, work: Path) -> dict[str, Any]:
    """Pairs, counts and scenes, beside what the judge finds in the same pictures painted from the source art."""
    chooser, painter, _ = load(work)
    figures: dict[str, Any] = {}
    for kind, score in SCORES.items():
        prompts = composed_prompts(chooser, kind, COMPOSED_EACH[kind])
        drawn = artist.draw(prompts)
        plain_sheet(work / f"evaluation-{kind}.png", drawn[:48], [prompt.text for prompt in prompts[:48]])
        figures[kind] = score(judge, drawn, prompts)
        figures[f"{kind}, source art"] = score(judge, source_pictures(painter, prompts), prompts)
    return figures


def four_steps(
    artist: Artist, judge: Judge, prompts: Sequence[Prompt], pictures: Pixels, lora: Path, sheet: Path
) -> dict[str, float]:
    """Concept and style of drafts, in four steps without guidance by `lora`, and of `pictures` of the same words."""
    chosen = [prompts.index(prompt) for prompt in subsample(prompts, DRAFTS)]
    asked = [prompts[k] for k in chosen]
    drafts = artist.draw(asked, lora=(str(lora),), steps=4, guidance_scale=1.0, sampler="ddim")
    plain_sheet(sheet, drafts[:48], [prompt.text for prompt in asked[:48]])
    drawn, whole = trials.scores(judge, drafts, asked), trials.scores(judge, pictures[chosen], asked)
    heads = ("concept", "style")
    return {"prompts": len(asked)} | {head: drawn[head] for head in heads} | {f"{h}, whole": whole[h] for h in heads}


def sharpness(pictures: Pixels, prompts: Sequence[Prompt], work: Path) -> float:
    """Gradient energy of drawn things against that of the same things from the source art on the same grounds."""
    chooser, painter, _ = load(work)
    known = {thing.name: thing for thing in chooser.things}
    rng, source, drawn = np.random.default_rng(29), [], []
    for pixels, prompt in zip(pictures, prompts, strict=True):
        shapes = known[prompt.concept].in_style(prompt.style) if prompt.concept in known else []
        if shapes and prompt.colour is None:
            part = Part(known[prompt.concept], shapes[0], scale=0.88)
            whole = painter.paint(Picture(prompt.style, (part,), ground=prompt.background), rng)[0]
            size = (pixels.shape[1], pixels.shape[0])
            source.append(np.asarray(Image.fromarray(whole).resize(size, Image.Resampling.LANCZOS)))
            drawn.append(pixels)
    return gradient_energy(np.stack(drawn)) / gradient_energy(np.stack(source)) if source else float("nan")


def hardware() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, torch {torch.__version__}"


def evaluate(
    artist: Artist,
    work: Path,
    judge_folder: Path,
    concepts: Sequence[Concept],
    limit: int | None,
    few_steps: Path | None = None,
) -> Any:
    """All figures of the model; writes `evaluation.json` and the sheet into `work`."""
    judge = load_judge(judge_folder)
    prompts = subsample(all_prompts(concepts), limit)
    started = time.monotonic()
    pictures = artist.draw(prompts)
    seconds = time.monotonic() - started
    save_sheet(work / "evaluation.png", pictures, prompts, judge)
    taught = {c.name for c in concepts}
    known = [name for name in WELL_KNOWN if name in taught]
    results = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": hardware(),
        "model": resolve(str(artist.model)).identity.digest,
        "steps": artist.steps,
        "guidance_scale": artist.guidance,
        "seconds_per_picture": seconds / len(prompts),
        "judge": json.loads((judge_folder / "judge.json").read_text())["held_out"],
        "codec_psnr": codec_psnr(artist.model, work),
        "sharpness": sharpness(pictures, prompts, work),
        **main_scores(judge, pictures, prompts),
        **more_trials(artist, judge, known),
        **(composed_trials(artist, judge, work) if "scene" in judge.labels else {}),
    }
    if few_steps is not None:
        sheet = work / "evaluation-four-steps.png"
        results["four steps"] = four_steps(artist, judge, prompts, pictures, few_steps, sheet)
    faces_sheet(artist, work / "evaluation-faces.png")
    seeds_sheet(artist, work / "evaluation-seeds.png")
    languages_sheet(artist, work / "evaluation-languages.png")
    (work / "evaluation.json").write_text(json.dumps(results, indent=1) + "\n")
    return results


def report(results: dict[str, Any]) -> str:
    """The figures in words, the aims beside them."""
    lines = [f"model {results['model'][:10]}, {results['steps']} steps, guidance {results['guidance_scale']:g}"]
    reached = results.get("concepts", {}) | {"colour": results.get("colours", {}).get("colour", float("nan"))}
    lines += [f"  {head:<11}{reached.get(head, float('nan')):>7.1%}   aim {aim:.0%}" for head, aim in AIMS.items()]
    lines.append(f"  codec      {results['codec_psnr']:>6.2f} dB  aim {CODEC_AIM:g} dB on held-out art")
    lines.append(f"  sharpness  {results['sharpness']:>7.2f}   aim {SHARPNESS_AIM:g}")
    lines.append(f"  seeds differ by {results['difference between seeds']['mean']:.1f} levels, aim {SEEDS_AIM:g}")
    lines += [
        f"  {kind:<6} {name:<11}{share:>7.1%}   aim {COMPOSED_AIM:.0%}, in source art "
        f"{results[f'{kind}, source art'][name]:.1%}"
        for kind in SCORES
        for name, share in results.get(kind, {}).items()
    ]
    for name, figures in results.items():
        if isinstance(figures, dict) and name != "judge":
            lines.append(
                f"{name}: "
                + ", ".join(f"{k} {v if isinstance(v, dict | int) else f'{v:.3f}'}" for k, v in figures.items())
            )
    wrong = results["mistakes"]
    lines.append(f"{len(wrong)} pictures taken for something else; the worst:")
    lines += [
        f"  {asked!r} seen as {seen} (belief in the right one {belief:.2f})" for asked, seen, belief in wrong[:20]
    ]
    often = Counter(seen for _, seen, _ in wrong).most_common(5)
    lines.append("seen most often by mistake: " + ", ".join(f"{name} {count}" for name, count in often))
    return "\n".join(lines)


def chosen_concepts(names: str | None) -> list[Concept]:
    """The taught concepts, or those in a list of names with commas or a file with a name a line."""
    if names is None:
        return read_concepts()
    wanted = names.split(",") if "," in names else Path(names).read_text().splitlines()
    known = {c.name: c for c in read_concepts(later=True)}
    return [known[name.strip()] for name in wanted if name.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--judge", type=Path, help="folder of judge.safetensors; that of --work when left out")
    parser.add_argument("--concepts", help="only these: names with commas, or a file with a name a line")
    parser.add_argument("--things", type=int, help="the so many best known things instead of those of concepts.txt")
    parser.add_argument("--limit", type=int, help="at most so many prompts, evenly chosen")
    parser.add_argument("--few-steps", type=Path, help="the LoRA that draws in four steps, to be measured too")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=3.0)
    asked = parser.parse_args()
    artist = Artist(asked.model, asked.steps, asked.guidance)
    judge = asked.judge if asked.judge is not None else asked.work
    if asked.things is not None:
        concepts = [thing.concept for thing in load(asked.work)[0].things[: asked.things]]
    else:
        concepts = chosen_concepts(asked.concepts)
    print(report(evaluate(artist, asked.work, judge, concepts, asked.limit, asked.few_steps)))


if __name__ == "__main__":
    main()

"""Prompts for pairs, counts and scenes, and how far drawn pictures show what they ask for.

A picture on a plain ground falls into its things by itself: what is not ground and hangs together is one thing. Each is
cut out and shown to the judge alone. The same pictures painted from the source art say how much of that the judge and
the cutting out can find at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.art import SIZE, STYLES
from training.judge import Judge
from training.pictures import BEST_KNOWN, SIDES, UNSIDED, Chooser, Painter, Part, Picture
from training.prompts import FIRST_SEED, STYLE_PHRASES, article
from training.scenes import CALM, DAY, NIGHT, PAINTERS, SUNSET, TIMELESS, Scene
from training.sentences import EMPTY, NUMBERS, PLACES, RELATIONS, TIMES, plural

Pixels = NDArray[np.uint8]
GRID, STEP = 64, 22  # cells a side when things are told from the ground; how far from its colour they are, 0..255
LEAST = 0.008  # of the picture: smaller pieces are crumbs
MARGIN = 0.06
NEAR = {"left": (0, -1), "right": (0, 1), "above": (1, -1), "under": (1, 1), "on": (1, -1)}


@dataclass(frozen=True, slots=True)
class ComposedPrompt:
    """Words, a seed, and the picture that they ask for."""

    text: str
    seed: int
    picture: Picture


def with_article(name: str) -> str:
    return f"{article(name)} {name}"


def asked_for(picture: Picture) -> str:
    """The plainest words for a composed picture: first wordings only, style last."""
    names = [part.thing.name for part in picture.parts]
    if picture.count > 1:
        what = f"{NUMBERS[picture.count][0]} {plural(names[0])}"
    elif len(names) == 2:
        relation, (a, b) = picture.relation or "and", (with_article(name) for name in names)
        if relation in ("right", "under"):
            words = {"right": "{a} right of {b}", "under": "{a} under {b}"}[relation]
        else:
            words = RELATIONS[relation][0]
        what = words.format(a=a, b=b)
    else:
        what = with_article(names[0]) if names else ""
    if picture.scene is not None:
        time = "" if picture.scene.time == DAY else f" {TIMES[picture.scene.time][0]}"
        what = f"{what} {PLACES[picture.scene.kind][0]}{time}" if what else EMPTY[picture.scene.kind][0] + time
    return f"{what}, {STYLE_PHRASES[picture.style]}"


def composed_prompts(chooser: Chooser, kind: str, count: int) -> list[ComposedPrompt]:
    """`count` prompts of a kind (pair, count, scene) about the best known things, the same every time."""
    rng = np.random.default_rng([17, len(kind)])
    known = Chooser([thing for thing in chooser.things if thing.rank < BEST_KNOWN])
    prompts: list[ComposedPrompt] = []
    for number in range(count):
        style = STYLES[number % len(STYLES)]
        if kind == "scene":
            scene_kind = list(PAINTERS)[number % len(PAINTERS)]
            time = DAY if scene_kind in TIMELESS else (DAY, NIGHT, SUNSET)[number // len(PAINTERS) % 3]
            scene = Scene(scene_kind, time, CALM)
            parts = () if number % 5 == 4 else (plain(known, rng, style, scale=0.52),)
            picture = Picture(style, parts, scene=scene, ground=None)
        else:
            picture = known.pair(rng, style) if kind == "pair" else known.several(rng, style)
            bare = tuple(plain(known, rng, style, like=part) for part in picture.parts)
            if kind == "count":
                bare = tuple(with_first(part, bare[0]) for part in bare)
            ground = "white"
            relation = (SIDES + UNSIDED)[number % 7] if kind == "pair" else None
            picture = Picture(style, relaid(bare, relation, rng), relation, picture.count, None, ground)
        prompts.append(ComposedPrompt(asked_for(picture), FIRST_SEED + 5000 + number, picture))
    return prompts


def plain(chooser: Chooser, rng: np.random.Generator, style: str, scale: float = 0.5, like: Part | None = None) -> Part:
    """A thing in its first drawing of a style, unturned and in its own colour; `like` gives thing, place and size."""
    thing = like.thing if like else chooser.thing(rng, style)
    shape = thing.in_style(style)[0]
    return Part(thing, shape, like.x if like else 0.5, like.y if like else 0.5, like.scale if like else scale)


def with_first(part: Part, first: Part) -> Part:
    return Part(first.thing, first.shape, part.x, part.y, part.scale)


def relaid(parts: tuple[Part, ...], relation: str | None, rng: np.random.Generator) -> tuple[Part, ...]:
    """Two parts laid anew for a relation, of like size; others as they are."""
    from training.pictures import two_places

    if relation is None:
        return parts
    while True:
        placed = two_places(parts[0], parts[1], relation, rng)
        if placed[0].size is None:
            return placed


def thing_mask(pixels: Pixels) -> NDArray[np.bool_]:
    """Which cells of a grid [GRID, GRID] are not ground; the ground is the commonest colour of the border."""
    small = np.asarray(Image.fromarray(pixels).resize((GRID, GRID), Image.Resampling.BOX)).astype(np.int32)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    ground = np.median(border, 0)
    return np.abs(small - ground).max(-1) > STEP


def grown(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    wide = np.pad(mask, 1)
    return wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]


def pieces(mask: NDArray[np.bool_], bridge: int = 1) -> list[NDArray[np.bool_]]:
    """The connected pieces of a mask, the largest first; gaps of up to twice `bridge` cells do not part them."""
    wide = mask
    for _ in range(bridge):
        wide = grown(wide)
    left, found = wide.copy(), []
    while left.any():
        y, x = np.argwhere(left)[0]
        piece = np.zeros_like(left)
        piece[y, x] = True
        while True:
            more = grown(piece) & left
            if more.sum() == piece.sum():
                break
            piece = more
        left &= ~piece
        if (piece & mask).sum() >= LEAST * mask.size:
            found.append(piece & mask)
    return sorted(found, key=lambda piece: -int(piece.sum()))


def halves(mask: NDArray[np.bool_], axis: int) -> list[NDArray[np.bool_]]:
    """A piece that is two things parted where it is thinnest in its middle, across `axis` (0 = left and right)."""
    profile = mask.sum(0 if axis == 0 else 1)
    filled = np.flatnonzero(profile)
    low, high = int(filled[0]), int(filled[-1]) + 1
    third = max(1, (high - low) // 4)
    cut = low + third + int(np.argmin(profile[low + third : max(high - third, low + third + 1)]))
    first, second = mask.copy(), mask.copy()
    if axis == 0:
        first[:, cut:], second[:, :cut] = False, False
    else:
        first[cut:], second[:cut] = False, False
    return [first, second]


def cut_out(pixels: Pixels, piece: NDArray[np.bool_]) -> Pixels:
    """A piece alone on its ground, in the middle of a square with a margin, as large as the picture."""
    y, x = np.nonzero(piece)
    cell = SIZE // GRID
    top, bottom, left, right = y.min() * cell, (y.max() + 1) * cell, x.min() * cell, (x.max() + 1) * cell
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    side = round(max(bottom - top, right - left) * (1 + 2 * MARGIN))
    square = Image.new("RGB", (side, side), tuple(int(v) for v in np.median(border, 0)))
    part = Image.fromarray(pixels[top:bottom, left:right])
    square.paste(part, ((side - part.width) // 2, (side - part.height) // 2))
    return np.asarray(square.resize((SIZE, SIZE), Image.Resampling.BICUBIC))


def centre(piece: NDArray[np.bool_]) -> tuple[float, float]:
    y, x = np.nonzero(piece)
    return float(x.mean()), float(y.mean())


def pair_found(judge: Judge, pixels: Pixels, picture: Picture, best: int = 3) -> tuple[bool, bool | None]:
    """(both things found among the judge's `best` names, on the side asked for; None where no side was)."""
    mask = thing_mask(pixels)
    relation = picture.relation or "and"
    axis = NEAR[relation][0] if relation in NEAR else 0
    parts = pieces(mask)[:2]
    if len(parts) < 2:
        parts = halves(mask, axis) if mask.any() else []
    if len(parts) < 2 or not all(part.any() for part in parts):
        return False, False if relation in NEAR else None
    beliefs = judge.probabilities(np.stack([cut_out(pixels, part) for part in parts]))["concept"]
    names = judge.labels["concept"]
    wanted = [names.index(part.thing.name) for part in picture.parts]
    straight = beliefs[0, wanted[0]] * beliefs[1, wanted[1]]
    crossed = beliefs[1, wanted[0]] * beliefs[0, wanted[1]]
    first, second = (0, 1) if straight >= crossed else (1, 0)
    ranks = [(beliefs[row] > beliefs[row, name]).sum() for row, name in ((first, wanted[0]), (second, wanted[1]))]
    found = bool(max(ranks) < best)
    if relation not in NEAR:
        return found, None
    direction = NEAR[relation][1]
    gap = centre(parts[first])[axis] - centre(parts[second])[axis]
    return found, found and gap * direction > 0


def pair_scores(judge: Judge, pictures: Pixels, prompts: Sequence[ComposedPrompt]) -> dict[str, float]:
    rows = [pair_found(judge, pixels, prompt.picture) for pixels, prompt in zip(pictures, prompts, strict=True)]
    sides = [side for _, side in rows if side is not None]
    return {"both things": float(np.mean([found for found, _ in rows])), "side": float(np.mean(sides))}


def count_scores(judge: Judge, pictures: Pixels, prompts: Sequence[ComposedPrompt]) -> dict[str, float]:
    """Share of pictures with as many things as asked for, and of things that are what was asked for."""
    names = judge.labels["concept"]
    right, found = [], []
    for pixels, prompt in zip(pictures, prompts, strict=True):
        parts = pieces(thing_mask(pixels), bridge=0)
        right.append(len(parts) == prompt.picture.count)
        if parts:
            beliefs = judge.probabilities(np.stack([cut_out(pixels, part) for part in parts]))["concept"]
            wanted = names.index(prompt.picture.parts[0].thing.name)
            found.append(float(((beliefs > beliefs[:, [wanted]]).sum(1) < 3).mean()))
    return {"count": float(np.mean(right)), "things": float(np.mean(found)) if found else 0.0}


def scene_scores(judge: Judge, pictures: Pixels, prompts: Sequence[ComposedPrompt]) -> dict[str, float]:
    """Share of pictures whose place, time of day and thing (among the judge's first three) are those asked for."""
    beliefs = judge.probabilities(pictures)
    hits: dict[str, list[bool]] = {"scene": [], "time": [], "concept": []}
    for row, prompt in enumerate(prompts):
        scene = prompt.picture.scene
        if scene is None:
            continue
        hits["scene"].append(judge.labels["scene"][int(beliefs["scene"][row].argmax())] == scene.kind)
        if scene.kind not in TIMELESS:
            hits["time"].append(judge.labels["time"][int(beliefs["time"][row].argmax())] == scene.time)
        if prompt.picture.parts:
            seen = beliefs["concept"][row]
            wanted = judge.labels["concept"].index(prompt.picture.parts[0].thing.name)
            hits["concept"].append(bool((seen > seen[wanted]).sum() < 3))
    return {name: float(np.mean(values)) for name, values in hits.items() if values}


SCORES = {"pair": pair_scores, "count": count_scores, "scene": scene_scores}


def source_pictures(painter: Painter, prompts: Sequence[ComposedPrompt]) -> Pixels:
    """What the prompts ask for, painted from the source art."""
    rng = np.random.default_rng(23)
    return np.stack([painter.paint(prompt.picture, rng)[0] for prompt in prompts])


def gradient_energy(pictures: Pixels) -> float:
    """Mean square of the differences between neighbours in lightness, the measure of how sharp pictures are."""
    light = pictures.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    return float(np.square(np.diff(light, axis=1)).mean() + np.square(np.diff(light, axis=2)).mean())

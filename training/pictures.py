"""Pictures composed of drawings: one thing, two things on a side of each other, several of one, things in a scene.

A `Picture` says all that is in it; `Painter` draws it, and `training.sentences` words it. Sizes and places are parts of
the picture's side, from the upper left corner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.art import SIZE, STYLES, Drawing, load_art
from training.colours import BACKGROUNDS, OBJECT_COLOURS, jitter, recolour
from training.scenes import (
    CALM,
    DAY,
    LIGHT,
    NIGHT,
    PAINTERS,
    RAIN,
    SNOWFALL,
    SUN,
    SUNSET,
    TIMELESS,
    Scene,
    falling,
    paint,
)
from training.things import Shape, Thing, things

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

# What is drawn, by share; a curriculum may give others.
MIX = {"single": 0.62, "pair": 0.16, "count": 0.05, "scene": 0.14, "empty scene": 0.03}
BEST_KNOWN, KNOWN = 327, 418
OFTEN = 2.5
GROUP_WEIGHTS = {"symbols": 0.5, "people-body": 0.6, "smileys-emotion": 0.8}
WHITE_SHARE = 0.4
RECOLOURED_SHARE, OWN_SHARE, UNSAID_SHARE = 0.4, 0.2, 0.12
PAIR_COLOURED = 0.2
TILT = 4.0
MADE = {"objects", "activities", "travel-places"}  # groups whose things people paint in any colour
SIDES = ("left", "right", "above", "under", "on")
UNSIDED = ("and", "next")


@dataclass(frozen=True, slots=True)
class Part:
    """One drawing in a picture: the middle and the share of its own size, its tilt in degrees, its colour if named."""

    thing: Thing
    shape: Shape
    x: float = 0.5
    y: float = 0.5
    scale: float = 0.95
    tilt: float = 0.0
    colour: str | None = None
    unsaid: bool = False
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a picture shows. `relation` says how the first part lies to the second: "left" of it.

    `count` is more than 1 where all parts are drawings of one thing; `ground` is a colour's name, or None in a scene.
    """

    style: str
    parts: tuple[Part, ...] = ()
    relation: str | None = None
    count: int = 1
    scene: Scene | None = None
    ground: str | None = "white"

    @property
    def kind(self) -> str:
        if self.scene is not None:
            return "scene" if self.parts else "empty scene"
        return "count" if self.count > 1 else "pair" if self.relation else "single"


class Chooser:
    """Draws at random what a picture shows: which things, how many, where, in which colours and surroundings.

    The things that people ask for most come `often` times as often as any other.
    """

    def __init__(self, all_things: list[Thing], mix: dict[str, float] | None = None, *, often: float = OFTEN) -> None:
        self.things, self.often = all_things, often
        self.kinds = list(mix or MIX)
        self.shares = np.array([(mix or MIX)[kind] for kind in self.kinds])
        self.shares = self.shares / self.shares.sum()
        weights = [self.weight(thing) for thing in all_things]
        self.weights = np.array(weights) / sum(weights)

    def weight(self, thing: Thing) -> float:
        known = self.often if thing.rank < BEST_KNOWN else 1.5 if thing.rank < KNOWN else 1.0
        return known * (GROUP_WEIGHTS.get(thing.group, 1.0) if thing.rank >= KNOWN else 1.0)

    def thing(self, rng: np.random.Generator, style: str, but: str = "") -> Thing:
        while True:
            thing = self.things[int(rng.choice(len(self.things), p=self.weights))]
            if thing.in_style(style) and thing.name != but:
                return thing

    def part(self, rng: np.random.Generator, thing: Thing, style: str, coloured: float) -> Part:
        """The thing in one of its drawings, turned at random, now and then in another colour."""
        shapes = thing.in_style(style)
        shares = np.array([shape.share for shape in shapes])
        shape = shapes[int(rng.choice(len(shapes), p=shares / shares.sum()))]
        colour, unsaid = None, False
        own = thing.concept.colour
        if own is not None:
            if rng.random() < coloured:
                colour = own if rng.random() < OWN_SHARE else str(rng.choice(list(OBJECT_COLOURS)))
            elif thing.group in MADE and rng.random() < UNSAID_SHARE:
                colour, unsaid = str(rng.choice([c for c in OBJECT_COLOURS if c != "white"])), True
        tilt = float(rng.normal() * TILT)
        return Part(thing, shape, tilt=tilt, colour=colour, unsaid=unsaid)

    def ground(self, rng: np.random.Generator, parts: tuple[Part, ...]) -> str:
        """White or another colour; never one that a part has, which nobody could see on it."""
        taken = {part.colour or part.thing.concept.colour for part in parts}
        if "white" not in {part.colour for part in parts} and rng.random() < WHITE_SHARE:
            return "white"
        return str(rng.choice([name for name in BACKGROUNDS if name != "white" and name not in taken]))

    def picture(self, rng: np.random.Generator, kind: str | None = None) -> Picture:
        """A picture of a kind of `MIX`, at random where none is named."""
        kind = kind or self.kinds[int(rng.choice(len(self.kinds), p=self.shares))]
        style = STYLES[int(rng.integers(len(STYLES)))]
        if kind == "empty scene":
            return Picture(style, scene=some_scene(rng), ground=None)
        if kind == "scene":
            return self.in_scene(rng, style)
        if kind == "count":
            return self.several(rng, style)
        if kind == "pair":
            return self.pair(rng, style)
        part = self.part(rng, self.thing(rng, style), style, RECOLOURED_SHARE)
        part = one_place(part, rng)
        return Picture(style, (part,), ground=self.ground(rng, (part,)))

    def pair(self, rng: np.random.Generator, style: str) -> Picture:
        first = self.part(rng, self.thing(rng, style), style, PAIR_COLOURED)
        second = self.part(rng, self.thing(rng, style, first.thing.name), style, PAIR_COLOURED)
        relation = str(rng.choice(SIDES)) if rng.random() < 0.6 else str(rng.choice(UNSIDED))
        parts = two_places(first, second, relation, rng)
        return Picture(style, parts, relation, ground=self.ground(rng, parts))

    def several(self, rng: np.random.Generator, style: str) -> Picture:
        count = int(rng.choice([2, 3, 4, 5], p=[0.45, 0.35, 0.12, 0.08]))
        part = self.part(rng, self.thing(rng, style), style, PAIR_COLOURED)
        parts = many_places(part, count, rng)
        return Picture(style, parts, count=count, ground=self.ground(rng, parts))

    def in_scene(self, rng: np.random.Generator, style: str) -> Picture:
        scene = some_scene(rng)
        first = self.part(rng, self.thing(rng, style), style, PAIR_COLOURED)
        if rng.random() < 0.2:
            second = self.part(rng, self.thing(rng, style, first.thing.name), style, 0.0)
            wide = float(rng.uniform(0.34, 0.42))
            placed = replace(first, x=0.29, scale=wide), replace(second, x=0.71, scale=wide)
            return Picture(style, placed, "and", scene=scene, ground=None)
        part = replace(first, x=float(rng.uniform(0.3, 0.7)), scale=float(rng.uniform(0.44, 0.62)))
        return Picture(style, (part,), scene=scene, ground=None)


def one_place(part: Part, rng: np.random.Generator) -> Part:
    """A thing alone: nearly as large as the picture; now and then small, and then said to be so."""
    if rng.random() < 0.08:
        x, y = rng.uniform(0.3, 0.7, 2)
        return replace(part, x=float(x), y=float(y), scale=float(rng.uniform(0.35, 0.48)), size="small")
    scale = float(rng.uniform(0.76, 0.98))
    room = (1 - scale) / 2 + 0.01
    x, y = 0.5 + rng.uniform(-room, room, 2)
    return replace(part, x=float(x), y=float(y), scale=scale)


def two_places(first: Part, second: Part, relation: str, rng: np.random.Generator) -> tuple[Part, Part]:
    """Both parts where the relation says; where it says nothing they lie side by side as they are named."""
    a, b = rng.uniform(0.44, 0.54, 2).tolist()
    if relation != "on" and rng.random() < 0.25:
        a, b = float(rng.uniform(0.24, 0.32)), float(rng.uniform(0.56, 0.64))
        first, second = replace(first, size="small"), replace(second, size="big")
        if rng.random() < 0.5:
            a, b, first, second = b, a, replace(first, size="big"), replace(second, size="small")
    if relation == "on":
        first = replace(first, x=0.5 + float(rng.uniform(-0.06, 0.06)), y=0.3, scale=float(rng.uniform(0.36, 0.46)))
        return first, replace(second, x=0.5, y=0.7, scale=float(rng.uniform(0.5, 0.6)))
    low, high = a / 2 + 0.01, 1 - b / 2 - 0.01  # the first part left or above, both wholly inside
    slack = (1 - a - b) / 2
    low, high = low + float(rng.uniform(0, max(slack, 0.0))), high - float(rng.uniform(0, max(slack, 0.0)))
    aside = 0.5 + rng.uniform(-0.07, 0.07, 2)
    flip = relation in ("right", "under")
    along = (1 - low, 1 - high) if flip else (low, high)
    if relation in ("above", "under"):
        return (
            replace(first, x=float(aside[0]), y=along[0], scale=a),
            replace(second, x=float(aside[1]), y=along[1], scale=b),
        )
    return (
        replace(first, x=along[0], y=float(aside[0]), scale=a),
        replace(second, x=along[1], y=float(aside[1]), scale=b),
    )


LAYOUTS: dict[int, list[list[tuple[float, float]]]] = {
    2: [[(0.26, 0.5), (0.74, 0.5)], [(0.28, 0.3), (0.72, 0.7)]],
    3: [[(0.5, 0.27), (0.26, 0.73), (0.74, 0.73)], [(0.26, 0.28), (0.74, 0.28), (0.5, 0.73)]],
    4: [[(0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73)]],
    5: [[(0.2, 0.22), (0.8, 0.22), (0.5, 0.5), (0.2, 0.78), (0.8, 0.78)]],
}
MANY_SCALES = {2: (0.42, 0.5), 3: (0.38, 0.46), 4: (0.36, 0.44), 5: (0.3, 0.36)}


def many_places(part: Part, count: int, rng: np.random.Generator) -> tuple[Part, ...]:
    layouts = LAYOUTS[count]
    spots = layouts[int(rng.integers(len(layouts)))]
    scale = float(rng.uniform(*MANY_SCALES[count]))
    moved = np.array(spots) + rng.uniform(-0.015, 0.015, (count, 2))
    tilts = rng.normal(size=count) * TILT
    return tuple(
        replace(part, x=float(x), y=float(y), scale=scale, tilt=float(tilt))
        for (x, y), tilt in zip(moved, tilts, strict=True)
    )


def some_scene(rng: np.random.Generator) -> Scene:
    kind = str(rng.choice(list(PAINTERS)))
    if kind in TIMELESS:
        return Scene(kind)
    time = str(rng.choice([DAY, SUNSET, NIGHT], p=[0.5, 0.22, 0.28]))
    falls = SNOWFALL if kind == "snow" else RAIN
    weather = str(rng.choice([CALM, SUN, falls], p=[0.5, 0.25, 0.25])) if time == DAY else CALM
    if time == NIGHT and rng.random() < 0.15:
        weather = falls
    return Scene(kind, time, weather)


class Painter:
    """Draws pictures from the art; everything random in it comes from the generator given."""

    def __init__(self, art: NDArray[np.uint8]) -> None:
        self.art = art
        self.boxes: dict[int, tuple[float, float, float, float]] = {}

    def box(self, row: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what is visible of a drawing, in 0..1."""
        if row not in self.boxes:
            seen = np.asarray(self.art[row, ..., 3]) > 32
            x, y = np.flatnonzero(seen.any(0)), np.flatnonzero(seen.any(1))
            self.boxes[row] = (x[0] / SIZE, y[0] / SIZE, (x[-1] + 1) / SIZE, (y[-1] + 1) / SIZE)
        return self.boxes[row]

    def layer(self, part: Part) -> Image.Image:
        """A part alone on a transparent picture, premultiplied."""
        rgba = np.asarray(self.art[part.shape.row])
        if part.colour is not None and part.thing.concept.colour is not None:
            rgba = recolour(rgba, part.thing.concept.colour, part.colour)
        image = Image.fromarray(rgba, "RGBa")
        side = SIZE
        if part.scale < 0.62:
            image, side = image.reduce(2), SIZE // 2  # so that a drawing made small keeps clean edges
        scale, angle = part.scale * SIZE / side, np.deg2rad(part.tilt)
        cos, sin, c = np.cos(angle) / scale, np.sin(angle) / scale, side / 2
        x, y = part.x * SIZE, part.y * SIZE
        matrix = (cos, sin, c - cos * x - sin * y, -sin, cos, c + sin * x - cos * y)
        moved = np.array(image.transform((SIZE, SIZE), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC))
        moved[..., :3] = np.minimum(moved[..., :3], moved[..., 3:])  # bicubic overshoots: colour stays within its alpha
        return Image.fromarray(moved, "RGBa")

    def foot(self, part: Part) -> float:
        """How far the lowest visible point of a part lies below its middle."""
        return (self.box(part.shape.row)[3] - 0.5) * part.scale

    def resting(self, first: Part, second: Part) -> tuple[Part, Part]:
        """Both parts with the first standing on the top of the second, and the two in the middle of the picture."""
        _, top, _, bottom = self.box(second.shape.row)
        y = second.y + (top - 0.5) * second.scale + 0.06 * (bottom - top) * second.scale
        y -= self.foot(first)
        high = y + (self.box(first.shape.row)[1] - 0.5) * first.scale
        low = second.y + (bottom - 0.5) * second.scale
        shift = 0.5 - (high + low) / 2
        return replace(first, y=y + shift), replace(second, y=second.y + shift)

    def paint(self, picture: Picture, rng: np.random.Generator) -> tuple[Pixels, Floats, Picture]:
        """Pixels uint8 [SIZE, SIZE, 3], depth float32 [SIZE, SIZE] from 0 (far) to 1, and what came to lie where."""
        parts = picture.parts
        if picture.relation == "on" and picture.scene is None:
            parts = self.resting(parts[0], parts[1])
        if picture.scene is None:
            ground = picture.ground or "white"
            rgb = BACKGROUNDS["white"] if ground == "white" else jitter(ground, rng)
            canvas, depth = Image.new("RGB", (SIZE, SIZE), rgb), np.zeros((SIZE, SIZE), np.float32)
            order, nearness = parts, [0.7] * len(parts)
        else:
            painted = paint(picture.scene, picture.style, rng)
            canvas, depth = Image.fromarray(painted.pixels), painted.depth.copy()
            parts = tuple(self.standing(part, painted.floor, painted.swims, rng) for part in parts)
            order = tuple(sorted(parts, key=lambda part: part.y + self.foot(part)))
            nearness = [0.8 if painted.swims else self.near(part, depth) for part in order]
            if not painted.swims:
                self.shadows(canvas, order)
        for part, near in zip(order, nearness, strict=True):
            layer = self.layer(part)
            if picture.scene is not None and picture.scene.kind not in TIMELESS:
                layer = dimmed(layer, picture.scene.time)
            straight = layer.convert("RGBA")
            canvas.paste(straight, (0, 0), straight)
            depth = np.where(np.asarray(layer)[..., 3] > 127, np.float32(near), depth)
        pixels = np.asarray(canvas)
        if picture.scene is not None:
            pixels = falling(pixels, picture.scene.weather, rng)
        return pixels, depth, replace(picture, parts=parts)

    def standing(self, part: Part, floor: tuple[float, float], swims: bool, rng: np.random.Generator) -> Part:
        if swims:
            return replace(part, y=float(rng.uniform(0.38, 0.62)), tilt=part.tilt * 2)
        upright = replace(part, tilt=part.tilt * 0.4)
        return replace(upright, y=float(rng.uniform(*floor)) - self.foot(upright))

    def near(self, part: Part, depth: Floats) -> float:
        row = min(SIZE - 1, int((part.y + self.foot(part)) * SIZE))
        return float(depth[row, int(part.x * SIZE)])

    def shadows(self, canvas: Image.Image, parts: tuple[Part, ...]) -> None:
        """A soft dark oval under every thing that stands."""
        shade = Image.new("L", (SIZE, SIZE))
        pen = ImageDraw.Draw(shade)
        for part in parts:
            left, _, right, _ = self.box(part.shape.row)
            wide, foot = (right - left) * part.scale * 0.42, part.y + self.foot(part) - 0.01
            box = (part.x - wide, foot - 0.022, part.x + wide, foot + 0.022)
            pen.ellipse([v * SIZE for v in box], fill=80)
        canvas.paste((0, 0, 0), (0, 0, SIZE, SIZE), shade.filter(ImageFilter.GaussianBlur(2.5)))


def dimmed(layer: Image.Image, time: str) -> Image.Image:
    """A thing in the light of the time of day; half as strong as on the ground: colours keep their names."""
    if time == DAY:
        return layer
    rgba = np.array(layer)
    rgba[..., :3] = (rgba[..., :3] * (0.55 + 0.45 * np.asarray(LIGHT[time], np.float32))).astype(np.uint8)
    return Image.fromarray(rgba, "RGBa")


def load(
    work: Path, mix: dict[str, float] | None = None, *, often: float = OFTEN
) -> tuple[Chooser, Painter, list[Drawing]]:
    """What chooses and what paints, from the rendered art in `work`."""
    art, drawings = load_art(work)
    return Chooser(things(drawings), mix, often=often), Painter(art), drawings

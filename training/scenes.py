"""Painted surroundings for the art: a table, a room, hills, sea, snow, a city, by day, at sunset, at night, in rain.

Each is painted by a few polygons and falls of colour in the manner of the style, with its depth, so that pictures can
be composed of which every part is known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from training.art import SIZE

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Colour = tuple[int, int, int]
Range = tuple[float, float]

DAY, SUNSET, NIGHT = "day", "sunset", "night"
CALM, RAIN, SNOWFALL, SUN = "calm", "rain", "snowfall", "sun"
INDOORS = ("table", "room")
TIMELESS = (*INDOORS, "underwater", "space")
SKIES: dict[str, tuple[Colour, Colour]] = {
    DAY: ((86, 164, 240), (196, 228, 252)),
    SUNSET: ((96, 72, 150), (255, 160, 86)),
    NIGHT: ((10, 14, 44), (44, 56, 110)),
}
RAINY: tuple[Colour, Colour] = ((112, 124, 140), (176, 186, 196))
LIGHT: dict[str, tuple[float, float, float]] = {DAY: (1, 1, 1), SUNSET: (0.92, 0.72, 0.66), NIGHT: (0.34, 0.38, 0.56)}
OVER = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds a thing: a kind of place, the time of day and the weather."""

    kind: str
    time: str = DAY
    weather: str = CALM


@dataclass(frozen=True, slots=True)
class Painted:
    """Pixels uint8 [SIZE, SIZE, 3], depth float32 [SIZE, SIZE] (0 far, 1 near), and where a thing stands.

    `floor` is the range of heights (0 top, 1 bottom) for the foot of a thing; `swims` says that it floats.
    """

    pixels: Pixels
    depth: Floats
    floor: Range
    swims: bool = False


class Canvas:
    """A picture at twice the size with its depth; y runs from 0 (top) to 1."""

    def __init__(self, style: str, rng: np.random.Generator) -> None:
        self.style, self.rng, self.side = style, rng, SIZE * OVER
        self.image = Image.new("RGB", (self.side, self.side))
        self.depth = np.zeros((self.side, self.side), np.float32)

    def fall(
        self, top: Colour, bottom: Colour, y0: float = 0.0, y1: float = 1.0, shape: Image.Image | None = None
    ) -> None:
        """Fill a shape, or all between two heights, with colours that fall from top to bottom."""
        a, b = round(y0 * self.side), round(y1 * self.side)
        rows = np.clip((np.arange(self.side) - a) / max(1, b - a), 0, 1)[:, None]
        if self.style == "flat":
            rows = rows * 0 + 0.5
        elif self.style == "cartoon":
            rows = np.round(rows * 3) / 3
        colours = np.asarray(top) * (1 - rows) + np.asarray(bottom) * rows
        filled = np.broadcast_to(colours[:, None], (self.side, self.side, 3)).astype(np.uint8)
        if shape is None:
            shape = Image.new("L", (self.side, self.side))
            ImageDraw.Draw(shape).rectangle((0, a, self.side, b), fill=255)
        self.image.paste(Image.fromarray(filled), (0, 0), shape)

    def polygon(self, points: list[tuple[float, float]]) -> Image.Image:
        """A mask of the inside of points given in 0..1."""
        shape = Image.new("L", (self.side, self.side))
        ImageDraw.Draw(shape).polygon([(x * self.side, y * self.side) for x, y in points], fill=255)
        return shape

    def disc(self, x: float, y: float, radius: float, colour: Colour, glow: float = 0.0) -> None:
        box = [(v + s * radius) * self.side for s in (-1, 1) for v in (x, y)]
        if glow and self.style == "3d":
            halo = Image.new("L", (self.side, self.side))
            wide = [(v + s * radius * (1 + glow)) * self.side for s in (-1, 1) for v in (x, y)]
            ImageDraw.Draw(halo).ellipse(wide, fill=110)
            halo = halo.reduce(4).filter(ImageFilter.GaussianBlur(radius * glow * self.side / 10)).resize(halo.size)
            self.image.paste(colour, (0, 0, self.side, self.side), halo)
        ImageDraw.Draw(self.image).ellipse(box, fill=colour)

    def ground(self, colour: Colour, y: float, wave: float = 0.0, near: Range = (0.1, 1.0), dark: float = 0.75) -> None:
        """Ground below height y whose edge rolls by `wave`; nearer towards the bottom."""
        xs = np.linspace(0, 1, 65)
        phase, turns = self.rng.uniform(0, 2 * np.pi), self.rng.uniform(0.6, 1.3)
        edge = y - wave * (0.5 + 0.5 * np.sin(2 * np.pi * turns * xs + phase))
        shape = self.polygon([*zip(xs.tolist(), edge.tolist(), strict=True), (1.0, 1.01), (0.0, 1.01)])
        self.fall(colour, shaded(colour, dark), float(edge.min()), 1.0, shape)
        rows = np.linspace(0, 1, self.side, dtype=np.float32)[:, None]
        away = near[0] + (near[1] - near[0]) * np.clip((rows - edge.min()) / (1 - edge.min()), 0, 1)
        inside = np.asarray(shape) > 127
        self.depth = np.where(inside, np.broadcast_to(away, self.depth.shape), self.depth).astype(np.float32)

    def finish(self, floor: Range, swims: bool = False) -> Painted:
        depth = self.depth.reshape(SIZE, OVER, SIZE, OVER).mean((1, 3), dtype=np.float32)
        return Painted(np.asarray(self.image.reduce(OVER)), depth, floor, swims)


def shaded(colour: Colour, by: float) -> Colour:
    return (int(colour[0] * by), int(colour[1] * by), int(colour[2] * by))


def lit(colour: Colour, time: str, rng: np.random.Generator | None = None) -> Colour:
    """A colour as it looks at a time of day, a little varied."""
    vary = rng.uniform(0.94, 1.06, 3) if rng is not None else np.ones(3)
    r, g, b = np.clip(np.asarray(colour) * np.asarray(LIGHT[time]) * vary, 0, 255).astype(int).tolist()
    return (r, g, b)


def sky(canvas: Canvas, scene: Scene, horizon: float, sun_low: bool = False) -> None:
    """Sky down to the horizon with what belongs in it: sun or moon, stars, clouds."""
    rng = canvas.rng
    gray = scene.weather in (RAIN, SNOWFALL) and scene.time == DAY
    top, low = RAINY if gray else SKIES[scene.time]
    if canvas.style == "flat" and scene.time == SUNSET:
        top, low = (236, 128, 104), (255, 172, 96)  # the mean of violet and orange would be mud
    canvas.fall(top, low, 0, horizon + 0.02)
    if scene.time == NIGHT:
        pen = ImageDraw.Draw(canvas.image)
        for x, y in rng.uniform(0, 1, (int(rng.integers(14, 34)), 2)) * (canvas.side, canvas.side * horizon):
            r = rng.uniform(1.2, 3.2)
            pen.ellipse((x - r, y - r, x + r, y + r), fill=(250, 248, 220))
        if scene.weather == CALM:
            x, y, r = rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.26), rng.uniform(0.05, 0.08)
            canvas.disc(x, y, r, (250, 240, 200), 1.0)
    elif scene.time == SUNSET:
        y = horizon - 0.015 if sun_low else horizon - rng.uniform(0.04, 0.14)
        canvas.disc(rng.uniform(0.2, 0.8), y, rng.uniform(0.08, 0.13), (255, 222, 120), 0.8)
    elif scene.weather == SUN:
        canvas.disc(rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.24), rng.uniform(0.07, 0.11), (255, 214, 60), 0.8)
    if scene.time == DAY or rng.random() < 0.3:
        for _ in range(int(rng.integers(0, 4))):
            cloud(canvas, rng.uniform(0, 1), rng.uniform(0.06, horizon * 0.7), lit((250, 250, 252), scene.time))


def cloud(canvas: Canvas, x: float, y: float, colour: Colour) -> None:
    size = canvas.rng.uniform(0.03, 0.06)
    for dx, dy, r in ((-1.5, 0.2, 0.8), (-0.5, -0.3, 1.1), (0.7, -0.1, 1.0), (1.6, 0.25, 0.7), (0, 0.3, 0.9)):
        canvas.disc(x + dx * size, y + dy * size, r * size, colour)


def table(canvas: Canvas, _: Scene) -> Painted:
    rng = canvas.rng
    wall: Colour = [(238, 226, 206), (206, 222, 236), (232, 210, 214), (214, 230, 212)][int(rng.integers(4))]
    canvas.fall(wall, shaded(wall, 0.88))
    wood: Colour = [(176, 116, 66), (150, 92, 52), (204, 150, 96)][int(rng.integers(3))]
    y, slant = rng.uniform(0.56, 0.68), rng.uniform(0.04, 0.16)
    canvas.depth[:] = 0.15
    canvas.fall(
        wood, shaded(wood, 0.8), y, 0.94, canvas.polygon([(slant, y), (1 - slant, y), (1.02, 0.93), (-0.02, 0.93)])
    )
    canvas.fall(shaded(wood, 0.62), shaded(wood, 0.5), 0.93, 1.0)
    rows = np.linspace(0, 1, canvas.side, dtype=np.float32)[:, None]
    canvas.depth = np.where(rows > y, 0.4 + 0.6 * (rows - y) / (1 - y), canvas.depth).astype(np.float32)
    return canvas.finish((y + 0.1, 0.88))


def room(canvas: Canvas, _: Scene) -> Painted:
    rng = canvas.rng
    wall: Colour = [(244, 220, 178), (190, 214, 226), (226, 196, 206), (204, 218, 188)][int(rng.integers(4))]
    canvas.fall(wall, shaded(wall, 0.92))
    y = rng.uniform(0.62, 0.74)
    x, top = rng.uniform(0.06, 0.62), rng.uniform(0.1, 0.18)
    pen, side = ImageDraw.Draw(canvas.image), canvas.side
    pen.rectangle((x * side, top * side, (x + 0.3) * side, (top + 0.3) * side), fill=(250, 250, 248))
    pane = 0.015
    for k in range(4):
        a, b = x + pane + k % 2 * 0.1425, top + pane + k // 2 * 0.1425
        pen.rectangle((a * side, b * side, (a + 0.1275) * side, (b + 0.1275) * side), fill=(150, 204, 244))
    canvas.depth[:] = 0.2
    canvas.ground([(170, 112, 66), (140, 128, 120), (190, 146, 100)][int(rng.integers(3))], y, near=(0.25, 1.0))
    pen.rectangle((0, (y - 0.015) * side, side, (y + 0.012) * side), fill=(246, 244, 238))
    return canvas.finish((y + 0.1, 0.92))


def hills(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.6, 0.72)
    sky(canvas, scene, y)
    canvas.ground(lit((128, 190, 110), scene.time, rng), y - 0.02, 0.14, (0.08, 0.3), 0.9)
    canvas.ground(lit((92, 172, 72), scene.time, rng), y + 0.1, 0.16, (0.3, 1.0))
    return canvas.finish((y + 0.05, 0.9))


def meadow(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.56, 0.68)
    sky(canvas, scene, y)
    canvas.ground(lit((96, 184, 80), scene.time, rng), y)
    for x, h in rng.uniform(0, 1, (16, 2)):
        colour = ((250, 90, 110), (252, 220, 80), (250, 250, 250))[int(rng.integers(3))]
        canvas.disc(x, y + 0.06 + h * (0.92 - y), 0.006 + 0.008 * h, lit(colour, scene.time))
    return canvas.finish((y + 0.12, 0.92))


def mountains(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.62, 0.72)
    sky(canvas, scene, y)
    for x in rng.permutation(np.array([0.1, 0.45, 0.85])) + rng.uniform(-0.08, 0.08, 3):
        height, wide = rng.uniform(0.26, 0.42), rng.uniform(0.24, 0.36)
        stone = lit((118, 126, 146), scene.time, rng)
        canvas.fall(
            stone, shaded(stone, 0.8), y - height, y, canvas.polygon([(x - wide, y), (x, y - height), (x + wide, y)])
        )
        part = 0.28
        cap = [(x - wide * part, y - height * (1 - part)), (x, y - height), (x + wide * part, y - height * (1 - part))]
        jag = [
            (x + wide * part * 0.4, y - height * 0.64),
            (x, y - height * 0.74),
            (x - wide * part * 0.4, y - height * 0.62),
        ]
        canvas.fall(
            lit((246, 248, 252), scene.time), lit((232, 238, 248), scene.time), y - height, y, canvas.polygon(cap + jag)
        )
    canvas.ground(lit((104, 168, 88), scene.time, rng), y)
    return canvas.finish((y + 0.1, 0.92))


def sea(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.5, 0.62)
    sky(canvas, scene, y, sun_low=True)
    water = lit((44, 122, 206), scene.time, rng)
    canvas.ground(water, y, dark=0.7)
    pen, side = ImageDraw.Draw(canvas.image), canvas.side
    shine = (255, 190, 120) if scene.time == SUNSET else lit((150, 204, 244), scene.time)
    for x, h in rng.uniform(0, 1, (18, 2)):
        a, wide = y + 0.03 + h * (0.95 - y), 0.02 + 0.05 * h
        pen.line(((x - wide) * side, a * side, (x + wide) * side, a * side), fill=shine, width=int(2 + 4 * h))
    return canvas.finish((y + 0.14, 0.86))


def beach(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.44, 0.52)
    sky(canvas, scene, y, sun_low=True)
    canvas.ground(lit((58, 160, 214), scene.time, rng), y, near=(0.1, 0.5), dark=0.9)
    canvas.ground(lit((240, 212, 150), scene.time, rng), y + 0.2, 0.05, (0.45, 1.0), 0.88)
    return canvas.finish((y + 0.26, 0.92))


def desert(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.58, 0.68)
    sky(canvas, scene, y)
    canvas.ground(lit((236, 190, 116), scene.time, rng), y, 0.1, (0.1, 0.4), 0.94)
    canvas.ground(lit((224, 170, 92), scene.time, rng), y + 0.12, 0.08, (0.4, 1.0), 0.85)
    return canvas.finish((y + 0.12, 0.92))


def snow(canvas: Canvas, scene: Scene) -> Painted:
    y = canvas.rng.uniform(0.6, 0.7)
    sky(canvas, scene, y)
    canvas.ground(lit((226, 236, 246), scene.time), y - 0.02, 0.1, (0.1, 0.35), 0.95)
    canvas.ground(lit((248, 250, 254), scene.time), y + 0.08, 0.08, (0.35, 1.0), 0.93)
    return canvas.finish((y + 0.08, 0.92))


def forest(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.62, 0.72)
    sky(canvas, scene, y + 0.06)
    for row in range(2):
        for x in np.linspace(-0.05, 1.05, 8 - row * 2) + rng.uniform(-0.05, 0.05):
            height, wide, foot = rng.uniform(0.3, 0.46), rng.uniform(0.09, 0.13), y - 0.03 + row * 0.06
            leaf = lit((58, 132, 74) if row else (88, 154, 100), scene.time, rng)
            bark = lit((110, 74, 46), scene.time)
            stem = [
                (x - 0.016, foot + 0.05),
                (x - 0.016, foot - 0.05),
                (x + 0.016, foot - 0.05),
                (x + 0.016, foot + 0.05),
            ]
            canvas.fall(bark, bark, shape=canvas.polygon(stem))
            for k in range(3):
                a = foot - height * (1 - 0.2 * k)
                b, w = foot - height * (0.56 - 0.22 * k), wide * (0.6 + 0.2 * k)
                canvas.fall(leaf, shaded(leaf, 0.8), a, b, canvas.polygon([(x, a), (x - w, b), (x + w, b)]))
    canvas.ground(lit((82, 146, 70), scene.time, rng), y)
    return canvas.finish((y + 0.14, 0.92))


def city(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.66, 0.74)
    sky(canvas, scene, y)
    pen, side, x = ImageDraw.Draw(canvas.image), canvas.side, -0.02
    while x < 1:
        wide, height = rng.uniform(0.1, 0.2), rng.uniform(0.22, 0.5)
        wall = ((150, 164, 186), (186, 150, 132), (128, 140, 160), (200, 186, 160))[int(rng.integers(4))]
        pen.rectangle((x * side, (y - height) * side, (x + wide) * side, y * side), fill=lit(wall, scene.time, rng))
        for a in np.arange(x + 0.02, x + wide - 0.02, 0.04):
            for b in np.arange(y - height + 0.025, y - 0.04, 0.055):
                on = scene.time == NIGHT and rng.random() < 0.6
                pane = (255, 226, 130) if on else lit((206, 226, 240), scene.time)
                pen.rectangle((a * side, b * side, (a + 0.022) * side, (b + 0.03) * side), fill=pane)
        x += wide + rng.uniform(0, 0.02)
    canvas.ground(lit((120, 122, 128), scene.time), y)
    return canvas.finish((y + 0.1, 0.92))


def road(canvas: Canvas, scene: Scene) -> Painted:
    rng, y = canvas.rng, canvas.rng.uniform(0.52, 0.6)
    sky(canvas, scene, y)
    canvas.ground(lit((110, 182, 90), scene.time, rng), y, 0.03)
    tar = lit((92, 94, 102), scene.time)
    canvas.fall(
        tar, shaded(tar, 0.85), y + 0.14, 1, canvas.polygon([(0, y + 0.16), (1, y + 0.16), (1, 0.95), (0, 0.95)])
    )
    pen, side, b = ImageDraw.Draw(canvas.image), canvas.side, (y + 0.16 + 0.95) / 2
    for x in np.arange(rng.uniform(-0.15, 0), 1, 0.2):
        pen.rectangle(
            (x * side, (b - 0.012) * side, (x + 0.1) * side, (b + 0.012) * side), fill=lit((250, 250, 240), scene.time)
        )
    return canvas.finish((y + 0.26, 0.9))


def air(canvas: Canvas, scene: Scene) -> Painted:
    sky(canvas, scene, 1.0)
    for _ in range(3):
        cloud(canvas, canvas.rng.uniform(0, 1), canvas.rng.uniform(0.1, 0.95), lit((250, 250, 252), scene.time))
    return canvas.finish((0.6, 0.85), swims=True)


def space(canvas: Canvas, _: Scene) -> Painted:
    rng = canvas.rng
    canvas.fall((8, 8, 26), (30, 16, 58))
    for x, y, r in rng.uniform(0, 1, (40, 3)):
        canvas.disc(x, y, 0.002 + 0.004 * r * r, (252, 250, 232))
    if rng.random() < 0.6:
        colour = ((222, 130, 80), (110, 150, 226), (190, 120, 200))[int(rng.integers(3))]
        canvas.disc(rng.choice([0.14, 0.86]), rng.uniform(0.12, 0.3), rng.uniform(0.06, 0.1), colour)
    return canvas.finish((0.6, 0.85), swims=True)


def underwater(canvas: Canvas, _: Scene) -> Painted:
    rng = canvas.rng
    canvas.fall((70, 178, 226), (14, 62, 130))
    canvas.ground((214, 190, 130), rng.uniform(0.88, 0.94), 0.04, (0.5, 1.0))
    for x, y, r in rng.uniform(0, 1, (10, 3)):
        canvas.disc(x, y * 0.85, 0.006 + 0.014 * r, (168, 222, 246))
    for x in rng.uniform(0, 1, 4):
        h, s = rng.uniform(0.1, 0.22), rng.uniform(0.012, 0.02)
        canvas.fall(
            (46, 140, 84), (30, 104, 70), 0.6, 1, canvas.polygon([(x - s, 1), (x + 0.02, 0.95 - h), (x + s, 1)])
        )
    return canvas.finish((0.6, 0.85), swims=True)


PAINTERS: dict[str, Callable[[Canvas, Scene], Painted]] = {
    "table": table,
    "room": room,
    "hills": hills,
    "meadow": meadow,
    "mountains": mountains,
    "sea": sea,
    "beach": beach,
    "desert": desert,
    "snow": snow,
    "forest": forest,
    "city": city,
    "road": road,
    "sky": air,
    "space": space,
    "underwater": underwater,
}


def falling(pixels: Pixels, weather: str, rng: np.random.Generator) -> Pixels:
    """Rain or snow in front of everything."""
    image = Image.fromarray(pixels)
    pen = ImageDraw.Draw(image)
    if weather == RAIN:
        for x, y in rng.uniform(-10, SIZE, (60, 2)):
            pen.line((x, y, x - 4, y + 14), fill=(206, 222, 240), width=2)
    elif weather == SNOWFALL:
        for x, y, r in rng.uniform(0, 1, (60, 3)) * (SIZE, SIZE, 2.6):
            pen.ellipse((x - 1 - r, y - 1 - r, x + 1 + r, y + 1 + r), fill=(252, 253, 255))
    return np.asarray(image)


def paint(scene: Scene, style: str, rng: np.random.Generator) -> Painted:
    """The surroundings without what falls in front of them; `falling` adds that last."""
    return PAINTERS[scene.kind](Canvas(style, rng), scene)

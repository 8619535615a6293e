"""A labelled sheet of pictures: columns, rows, and blocks of rows, each with its field's name and its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image, ImageDraw, ImageFont

from sdplay.images.read import Pixels

PAPER, INK, FAINT = "#ffffff", "#222222", "#777777"
GAP, MARGIN = 4, 8  # pixels
SMALLEST_LETTERS, LARGEST_LETTERS = 13, 30  # pixels; letters grow with the pictures
LINES = 3  # of a value; what is longer is cut short
LONGEST_SIDE, MOST_PIXELS = 16_000, 64_000_000  # of a sheet: what WebP takes, and what a viewer opens without pain


@dataclass(frozen=True, slots=True)
class Label:
    """What stands beside a row or above a column."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a sheet shows: labels for each column, row and block (none where there is no such axis), a `title`, and in
    each cell up to `pictures` pictures of at most `width` x `height` pixels.
    """

    columns: tuple[Label, ...]
    rows: tuple[Label, ...] = ()
    blocks: tuple[Label, ...] = ()
    title: str = ""
    width: int
    height: int
    pictures: int = 1

    @property
    def across(self) -> int:
        """Pictures side by side in a cell."""
        return math.ceil(math.sqrt(self.pictures))

    @property
    def down(self) -> int:
        return math.ceil(self.pictures / self.across)


class Sheet:
    """White paper with labels on it, to `put` pictures on; `image` is what is there so far.

    Pictures keep their size, unless the sheet would be larger than `LONGEST_SIDE` or `MOST_PIXELS`: then all of them
    shrink alike. Letters are Pillow's own, which know Latin script alone.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.scale = fitting(lambda scale: Measures(layout, scale))
        self.measures = Measures(layout, self.scale)
        self.image = Image.new("RGB", self.measures.size, PAPER)
        self._write()

    def put(self, cell: tuple[int, int, int], pixels: Pixels, number: int = 0) -> None:
        """Picture `number` of the cell (block, row, column); `pixels` is uint8 [height, width, 3]."""
        layout, measures = self.layout, self.measures
        picture = Image.fromarray(pixels)
        if self.scale < 1:
            size = (max(1, round(picture.width * self.scale)), max(1, round(picture.height * self.scale)))
            picture = picture.resize(size, Image.Resampling.LANCZOS)
        left, top = measures.corner(*cell)
        row, column = divmod(number, layout.across)
        width, height = measures.picture
        left += column * width + (width - picture.width) // 2
        top += row * height + (height - picture.height) // 2
        self.image.paste(picture, (left, top))

    def _write(self) -> None:
        measures, pen = self.measures, ImageDraw.Draw(self.image)
        width, height = measures.cell
        top = MARGIN
        for line in measures.title:
            pen.text((MARGIN, top), line, INK, measures.font)
            top += measures.line
        for block in range(max(1, len(self.layout.blocks))):
            first, heading = measures.corner(block, 0, 0), measures.block_top(block)
            if self.layout.blocks:
                self._label(pen, self.layout.blocks[block], measures.blocks[block], (MARGIN, heading), "la")
            bottom = first[1] - GAP
            for column, lines in enumerate(measures.columns):
                left = measures.corner(block, 0, column)[0] + width // 2
                above = bottom - (len(lines) + 1) * measures.line
                self._label(pen, self.layout.columns[column], lines, (left, above), "ma")
            for row, lines in enumerate(measures.rows):
                middle = measures.corner(block, row, 0)[1] + height // 2
                above = middle - (len(lines) + 1) * measures.line // 2
                self._label(pen, self.layout.rows[row], lines, (MARGIN + measures.left // 2, above), "ma")

    def _label(
        self, pen: ImageDraw.ImageDraw, label: Label, lines: Sequence[str], at: tuple[int, int], anchor: str
    ) -> None:
        """The name in faint letters, and below it the value."""
        for number, line in enumerate([label.name, *lines]):
            place = (at[0], at[1] + number * self.measures.line)
            pen.text(place, line, FAINT if number == 0 else INK, self.measures.font, anchor=anchor)


class Measures:
    """Where everything stands on a sheet whose pictures are drawn at `scale`."""

    def __init__(self, layout: Layout, scale: float) -> None:
        self.layout = layout
        self.picture = (max(1, round(layout.width * scale)), max(1, round(layout.height * scale)))
        self.cell = (self.picture[0] * layout.across, self.picture[1] * layout.down)
        letters = min(max(self.cell[0] // 16, SMALLEST_LETTERS), LARGEST_LETTERS)
        self.font = ImageFont.load_default(letters)
        self.line = round(letters * 1.25)

    @cached_property
    def columns(self) -> list[list[str]]:
        return [self._wrapped(label.value, self.cell[0]) for label in self.layout.columns]

    @cached_property
    def rows(self) -> list[list[str]]:
        return [self._wrapped(label.value, max(self.cell[0], 9 * self.line)) for label in self.layout.rows]

    @cached_property
    def left(self) -> int:
        """The width of the labels beside the rows."""
        texts = [text for lines in self.rows for text in lines] + [label.name for label in self.layout.rows]
        return math.ceil(max(map(self._length, texts), default=0)) + (2 * GAP if texts else 0)

    @cached_property
    def width(self) -> int:
        """Of labels and pictures, without the margins."""
        count = len(self.layout.columns)
        return self.left + count * (self.cell[0] + GAP) - GAP

    @cached_property
    def blocks(self) -> list[list[str]]:
        return [self._wrapped(label.value, self.width) for label in self.layout.blocks]

    @cached_property
    def title(self) -> list[str]:
        return self._wrapped(self.layout.title, self.width) if self.layout.title else []

    @cached_property
    def size(self) -> tuple[int, int]:
        blocks = max(1, len(self.layout.blocks))
        return self.width + 2 * MARGIN, self.block_top(blocks) - 2 * GAP + MARGIN

    def block_top(self, block: int) -> int:
        title = len(self.title) * self.line + (2 * GAP if self.title else 0)
        before = sum(self._heading(each) for each in range(block))
        rows = max(1, len(self.layout.rows))
        return MARGIN + title + before + block * (rows * (self.cell[1] + GAP) + 2 * GAP)

    def corner(self, block: int, row: int, column: int) -> tuple[int, int]:
        """The left and upper edge of a cell."""
        top = self.block_top(block) + self._heading(block)
        return MARGIN + self.left + column * (self.cell[0] + GAP), top + row * (self.cell[1] + GAP)

    def _heading(self, block: int) -> int:
        """The height of what stands above the first row of a block: its label, and those of the columns."""
        highest = max(map(len, self.columns)) + 1
        own = len(self.blocks[block]) + 1 if block < len(self.blocks) else 0
        return (highest + own) * self.line + GAP

    def _length(self, text: str) -> float:
        return self.font.getlength(text)

    def _wrapped(self, text: str, room: int) -> list[str]:
        return wrapped(text, room, self._length)


def fitting(measures: Callable[[float], Measures]) -> float:
    """The largest scale, 1 at most, at which a sheet is not too large."""
    scale = 1.0
    for _ in range(32):
        width, height = measures(scale).size
        over = max(max(width, height) / LONGEST_SIDE, math.sqrt(width * height / MOST_PIXELS))
        if over <= 1:
            return scale
        scale *= min(0.98, 1 / over)
    return scale


def wrapped(text: str, room: float, length: Callable[[str], float]) -> list[str]:
    """`text` in at most `LINES` lines no longer than `room` as `length` measures them; a word longer than that is
    broken, and where something is left over the last line ends with "…".
    """
    lines, line, words = list[str](), "", text.split()
    while words and len(lines) < LINES:
        longer = f"{line} {words[0]}" if line else words[0]
        if length(longer) <= room:
            line = longer
            words.pop(0)
        elif line:
            lines, line = [*lines, line], ""
        else:
            head = cut(words[0], room, length)
            lines.append(head)
            words[0] = words[0][len(head) :]
    if line and len(lines) < LINES:
        return [*lines, line]
    if words or line:
        lines[-1] = shortened(lines[-1], room, length)
    return lines


def cut(word: str, room: float, length: Callable[[str], float]) -> str:
    """As much of `word` as fits, one letter at least."""
    count = 1
    while count < len(word) and length(word[: count + 1]) <= room:
        count += 1
    return word[:count]


def shortened(line: str, room: float, length: Callable[[str], float]) -> str:
    """`line` with "…" at its end."""
    while line and length(line + "…") > room:
        line = line[:-1]
    return line.rstrip() + "…"

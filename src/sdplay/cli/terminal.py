"""What a terminal shows: tables, times, text from elsewhere, and pictures, by kitty's protocol, iTerm2's, or coloured
half blocks if it has neither.
"""

from __future__ import annotations

import base64
import io
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image


Protocol = Literal["kitty", "iterm2", "blocks"]
PICTURE_ROWS, BLOCK_ROWS = 12, 16
LARGEST_SENT = 512  # pixels; a terminal shows no more, and the rest would only cross a slow line
KITTY_CHUNK = 4096  # bytes, the protocol's own limit


def protocol_of(environment: Mapping[str, str], *, forced: bool = False) -> Protocol | None:
    """What the terminal that `environment` describes can show; `forced` takes half blocks over nothing.

    Inside tmux and screen the two picture protocols do not reach the terminal.
    """
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    nested = "TMUX" in environment or term.startswith(("screen", "tmux"))
    if not nested and ("KITTY_WINDOW_ID" in environment or term == "xterm-kitty" or program == "ghostty"):
        return "kitty"
    if not nested and (program in {"iTerm.app", "WezTerm"} or environment.get("LC_TERMINAL") == "iTerm2"):
        return "iterm2"
    truecolour = environment.get("COLORTERM") in {"truecolor", "24bit"} and not environment.get("NO_COLOR")
    return "blocks" if forced or (truecolour and term != "dumb") else None


def protocol_of_stdout(*, forced: bool = False) -> Protocol | None:
    """What stdout can show, None if it is not a terminal; `forced` as in `protocol_of`."""
    return protocol_of(os.environ, forced=forced) if sys.stdout.isatty() else None


def drawn(image: Image, protocol: Protocol, columns: int) -> str:
    """The characters that show `image` in a terminal of `columns`, ending with a new line."""
    if protocol == "blocks":
        return blocks(image, *cells(image, BLOCK_ROWS, columns))
    width, height = cells(image, PICTURE_ROWS, columns)
    return (kitty if protocol == "kitty" else iterm2)(png(image), width, height) + "\n"


def cells(image: Image, rows: int, columns: int) -> tuple[int, int]:
    """(columns, rows) for `image`: at most `rows` high and `columns` wide; a cell is about twice as high as wide."""
    scale = min(rows * 2 / image.height, columns / image.width)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale / 2))


def png(image: Image) -> bytes:
    small = image.copy()
    small.thumbnail((LARGEST_SENT, LARGEST_SENT))
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    return buffer.getvalue()


def kitty(data: bytes, columns: int, rows: int) -> str:
    """The kitty graphics protocol: base64 in chunks; q=2, or the terminal would answer on our stdin."""
    text = base64.b64encode(data).decode()
    chunks = [text[at : at + KITTY_CHUNK] for at in range(0, len(text), KITTY_CHUNK)]
    head = f"a=T,f=100,c={columns},r={rows},"
    return "".join(
        f"\x1b_G{head if number == 0 else ''}q=2,m={int(number < len(chunks) - 1)};{chunk}\x1b\\"
        for number, chunk in enumerate(chunks)
    )


def iterm2(data: bytes, columns: int, rows: int) -> str:
    """iTerm2's inline images."""
    text = base64.b64encode(data).decode()
    options = f"inline=1;size={len(data)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File={options}:{text}\x07"


def blocks(image: Image, columns: int, rows: int) -> str:
    """Two pixels a character: the upper half block in one colour on another."""
    data = image.convert("RGB").resize((columns, rows * 2)).tobytes()
    pixels = [";".join(map(str, data[at : at + 3])) for at in range(0, len(data), 3)]
    lines: list[str] = []
    for top in range(0, len(pixels), 2 * columns):
        upper, lower = pixels[top : top + columns], pixels[top + columns : top + 2 * columns]
        pairs = (f"\x1b[38;2;{one};48;2;{two}m▀" for one, two in zip(upper, lower, strict=True))
        lines.append("".join(pairs) + "\x1b[0m\n")
    return "".join(lines)


def table(rows: Iterable[tuple[str, ...]]) -> str:
    """`rows` in columns, two spaces apart."""
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def in_columns(words: Sequence[str], width: int) -> str:
    """`words` in as many columns as fit into `width` characters, to be read downwards."""
    widest = max(map(len, words), default=0) + 2
    columns = max(width // widest, 1)
    lines = -(-len(words) // columns)
    rows = (words[line::lines] for line in range(lines))
    return "\n".join("".join(word.ljust(widest) for word in row).rstrip() for row in rows)


def printable(text: str) -> str:
    """`text` with control characters spelled out: a picture from elsewhere must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def duration(seconds: float) -> str:
    """`seconds` as 0:07, 12:34 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"

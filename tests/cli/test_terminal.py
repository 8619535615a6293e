from __future__ import annotations

import base64
import io
import re

import pytest
from PIL import Image

from sdplay.cli.terminal import KITTY_CHUNK, LARGEST_SENT, blocks, cells, drawn, protocol_of

TRUECOLOUR = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty", "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        (TRUECOLOUR, "blocks"),
        ({"TERM": "tmux-256color", "TMUX": "x", "KITTY_WINDOW_ID": "1", "COLORTERM": "truecolor"}, "blocks"),
        ({"TERM": "screen", "LC_TERMINAL": "iTerm2"}, None),
        ({**TRUECOLOUR, "NO_COLOR": "1"}, None),
        ({**TRUECOLOUR, "TERM": "dumb"}, None),
        ({"TERM": "xterm-256color"}, None),
        ({}, None),
    ],
)
def test_what_a_terminal_can_show(environment: dict[str, str], protocol: str | None) -> None:
    assert protocol_of(environment) == protocol
    assert protocol_of(environment, forced=True) == (protocol or "blocks")


@pytest.mark.parametrize("size", [(128, 128), (512, 64), (64, 512), (4096, 64), (64, 4096)])
def test_cells_fit_and_keep_the_proportions(size: tuple[int, int]) -> None:
    columns, rows = cells(Image.new("RGB", size), 12, 60)
    assert 1 <= columns <= 60
    assert 1 <= rows <= 12
    assert columns == 60 or rows == 12
    if min(columns, rows) > 3:
        assert columns / (2 * rows) == pytest.approx(size[0] / size[1], rel=0.2)


def noisy(side: int) -> Image.Image:
    return Image.effect_noise((side, side), 90).convert("RGB")


def test_kitty_gets_the_whole_picture_in_chunks_and_is_told_not_to_answer() -> None:
    image = noisy(128)
    text = drawn(image, "kitty", 80)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert len(chunks) > 1
    assert all(len(data) <= KITTY_CHUNK and "q=2" in control for control, data in chunks)
    assert [control[-3:] for control, _ in chunks] == ["m=1"] * (len(chunks) - 1) + ["m=0"]
    sent = base64.b64decode("".join(data for _, data in chunks))
    assert Image.open(io.BytesIO(sent)).tobytes() == image.tobytes()
    assert text.endswith("\n")


def test_iterm2_gets_the_picture_and_large_ones_are_sent_smaller() -> None:
    text = drawn(noisy(2 * LARGEST_SENT), "iterm2", 80)
    options, data = re.fullmatch(r"\x1b]1337;File=(.*?):(.*)\x07\n", text).groups()  # type: ignore[union-attr]
    sent = base64.b64decode(data)
    assert "inline=1" in options
    assert f"size={len(sent)};" in options
    assert Image.open(io.BytesIO(sent)).size == (LARGEST_SENT, LARGEST_SENT)


def test_half_blocks_show_the_upper_pixel_on_the_lower() -> None:
    image = Image.new("RGB", (2, 4))
    image.putdata([(1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12), *[(200, 100, 0)] * 4])
    assert blocks(image, 2, 2) == (
        "\x1b[38;2;1;2;3;48;2;7;8;9m▀\x1b[38;2;4;5;6;48;2;10;11;12m▀\x1b[0m\n"
        "\x1b[38;2;200;100;0;48;2;200;100;0m▀\x1b[38;2;200;100;0;48;2;200;100;0m▀\x1b[0m\n"
    )

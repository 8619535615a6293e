"""A picture to see the moves of a camera by: squares, a circle, a cross, and corners of four colours."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from sdplay.images.read import Pixels

LIGHT, DARK, LINE = (214, 210, 200), (120, 132, 148), (24, 28, 36)
CORNERS = ((220, 60, 50), (240, 190, 40), (50, 150, 80), (60, 90, 200))
SQUARES = 8  # along the shorter side


def camera_card(width: int, height: int) -> Pixels:
    """A test card, uint8 [height, width, 3]; red is top left, then clockwise yellow, green and blue."""
    side = min(width, height) / SQUARES
    y, x = np.mgrid[:height, :width]
    odd = (((x - width / 2) // side + (y - height / 2) // side) % 2 == 1)[..., None]
    image = Image.fromarray(np.where(odd, DARK, LIGHT).astype(np.uint8))
    pen, line = ImageDraw.Draw(image), max(round(side / 12), 1)
    right, bottom = width - 1, height - 1
    places = ((0, 0), (right - side, 0), (right - side, bottom - side), (0, bottom - side))
    for (left, top), colour in zip(places, CORNERS, strict=True):
        pen.rectangle((left, top, left + side, top + side), fill=colour)
    radius = min(width, height) * 0.375
    centre = (right / 2, bottom / 2)
    box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
    pen.ellipse(box, outline=LINE, width=2 * line)
    pen.line((centre[0] - side, centre[1], centre[0] + side, centre[1]), fill=LINE, width=line)
    pen.line((centre[0], centre[1] - side, centre[0], centre[1] + side), fill=LINE, width=line)
    pen.rectangle((0, 0, right, bottom), outline=LINE, width=line)
    return np.array(image)

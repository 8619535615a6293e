"""A clip's pictures as they are to be seen: square pixels, turned upright."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from sdplay.images.read import Pixels

CONVERSION = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
UNSPECIFIED = 2
# A film that does not say how its colours were stored follows the television of its size.
HIGH_DEFINITION_LINES = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class Upright:
    """How stored pictures become upright: stretched to `stretched` (width, height), then transposed, then mirrored."""

    stretched: tuple[int, int]
    transposed: bool = False
    left_right: bool = False
    top_down: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        width, height = self.stretched
        return (height, width) if self.transposed else (width, height)

    @property
    def rotation(self) -> int:
        """Degrees clockwise by which the stored picture is turned (besides any mirroring): 0, 90, 180 or 270."""
        if self.transposed:
            return 90 if self.left_right else 270
        return 180 if self.top_down else 0

    def pixels(self, frame: VideoFrame, reformatter: VideoReformatter) -> Pixels:
        """The upright picture of a decoded `frame`, uint8 [height, width, 3] sRGB."""
        width, height = self.stretched
        source = None
        if frame.colorspace == UNSPECIFIED and frame.height >= HIGH_DEFINITION_LINES:
            source = Colorspace.ITU709
        shown = reformatter.reformat(
            frame, width, height, "rgb24", src_colorspace=source, interpolation=CONVERSION, threads=1
        )
        rgb = np.asarray(shown.to_ndarray(), np.uint8)
        rgb = rgb.transpose(1, 0, 2) if self.transposed else rgb
        rgb = rgb[:, ::-1] if self.left_right else rgb
        return np.ascontiguousarray(rgb[::-1] if self.top_down else rgb)


def upright_of(frame: VideoFrame, pixel_aspect: Fraction | None) -> Upright:
    """How the pictures of a clip become upright, from one of them and the clip's shape of a pixel (width / height)."""
    stretched = (max(1, round(frame.width * (pixel_aspect or 1))), frame.height)
    sides = frame.side_data.get("DISPLAYMATRIX")
    if sides is None:
        return Upright(stretched=stretched)
    # [[a, b, u], [c, d, v], [x, y, w]]: a stored pixel (p, q) is shown at (a·p + c·q + x, b·p + d·q + y).
    a, b, _, c, d = (int(value) for value in np.frombuffer(bytes(sides), np.int32)[:5])
    if abs(b) > abs(a):
        return Upright(stretched=stretched, transposed=True, left_right=c < 0, top_down=b < 0)
    return Upright(stretched=stretched, left_right=a < 0, top_down=d < 0)

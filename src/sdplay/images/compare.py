"""How far apart two pictures are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> str:
    """How far apart two pictures are, in words."""
    if one.shape != other.shape:
        return f"the sizes differ ({one.shape[1]}x{one.shape[0]} and {other.shape[1]}x{other.shape[0]})"
    error = one.astype(np.float64) - other
    changed = float((error != 0).any(axis=-1).mean())
    mean_square = float(np.square(error).mean())
    psnr = "infinite" if mean_square == 0 else f"{10 * np.log10(255**2 / mean_square):.1f} dB"
    return f"{changed:.2%} of the pixels differ, PSNR {psnr}"

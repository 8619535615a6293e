"""How many numbers a network holds at once beside its weights, followed layer by layer through its build.

The networks are those of Rombach et al. 2022 (arXiv:2112.10752): a U-Net of residual blocks (He et al. 2016) that
attends at some of its resolutions, and a codec of such blocks. What lives at a moment is what the code of the layers
holds then; nothing here is fitted to a model.
"""

from __future__ import annotations

from collections.abc import Iterator

from sdplay.library.sizes import UnetSize, VaeSize

GATED = 19  # widths that a gated feed-forward layer (Shazeer 2020) holds: 8 projected, 4 gated, 4 left, and its inputs
KERNEL = 9  # weights of a 3×3 convolution for a pair of channels


def unet_activations(size: UnetSize, height: int, width: int, rows: int) -> int:
    """The most numbers at once for `rows` latents of `height` × `width`."""
    return max(_walk(size, height * width, rows), default=0)


def _walk(size: UnetSize, area: int, rows: int) -> Iterator[int]:
    """What lives at each step on the way down and up again; what was seen on the way down waits for the way up."""
    channels, waiting = size.widths[0], [size.widths[0] * area * rows]
    stages = list(zip(size.widths, size.attends, strict=True))
    for stage, (width, attends) in enumerate(stages):
        for _ in range(size.layers_per_block):
            yield sum(waiting) + layer(channels, width, area * rows, attends)
            channels = width
            waiting.append(width * area * rows)
        if stage < len(stages) - 1:
            area //= 4
            waiting.append(width * area * rows)
    yield sum(waiting) + layer(channels, channels, area * rows, attends=True)
    for width, attends in reversed(stages):
        level = [waiting.pop() for _ in range(size.layers_per_block + 1)]
        kept = sum(waiting) + sum(level)  # those of a stage are held until it is done
        for skipped in level:
            both = channels + skipped // max(area * rows, 1)
            yield kept + both * area * rows + layer(both, width, area * rows, attends)
            channels = width
        if waiting:
            area *= 4
            yield sum(waiting) + 2 * width * area * rows


def layer(before: int, after: int, pixels: int, attends: bool) -> int:
    """A residual block from `before` to `after` channels, and what attends behind it: beside what it is given."""
    weights = KERNEL * before * after  # laid out anew by the convolution while it runs
    residual = pixels * max(2 * before, before + after, 4 * after) + weights
    return max(residual, GATED * after * pixels if attends else 0)


def decoder_activations(size: VaeSize, height: int, width: int, rows: int) -> int:
    """The most numbers at once when latents of `height` × `width` are decoded whole."""
    return max(_decoding(size, height * width * rows))


def _decoding(size: VaeSize, pixels: int) -> Iterator[int]:
    """Each block holds what it is given, its norm and its activation; each enlargement what it makes, twice."""
    channels = size.widths[-1]
    for stage, width in enumerate(reversed(size.widths)):
        yield pixels * channels + layer(channels, width, pixels, attends=False)
        channels = width
        if stage < len(size.widths) - 1:
            pixels *= 4
            yield 2 * pixels * width


def tiled_decoder_activations(size: VaeSize, height: int, width: int, tile: int) -> int:
    """The same where it is decoded in tiles of `tile` pixels, one picture at a time, its first stage whole."""
    if max(height, width) * size.scale_factor <= tile:
        return decoder_activations(size, height, width, 1)
    halo = reach(size)
    sides = (min(length * size.scale_factor, tile + 2 * halo) / size.scale_factor for length in (height, width))
    tall, wide = sides
    first = VaeSize(weights=0, widths=size.widths[-2:], layers_per_block=size.layers_per_block)
    whole = 3 * height * width * size.scale_factor**2 + 4 * height * width * size.widths[-1]
    return max(
        decoder_activations(first, height, width, 1), whole + decoder_activations(size, round(tall), round(wide), 1)
    )


def reach(size: VaeSize) -> int:
    """How many pixels around a tile are computed along: as far as the convolutions behind the first stage look."""
    pixels, step = 1, 1
    for stage in range(len(size.widths) - 1):
        step = step * 2 if stage else step
        pixels += (step // 2 if stage else 0) + 2 * (size.layers_per_block + 1) * step
    return pixels


def encoder_activations(size: VaeSize, height: int, width: int) -> int:
    """The most numbers at once when a picture that makes latents of `height` × `width` is encoded."""
    pixels, before, peak = height * width * size.scale_factor**2, size.widths[0], 0
    for channels in size.widths:
        peak = max(peak, pixels * before + layer(before, channels, pixels, attends=False))
        before, pixels = channels, pixels // 4
    return peak

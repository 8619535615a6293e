"""What there is to hear at each frame of a film that follows its sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.sound import RATE, Samples, Sound, decode_sound
from sdplay.film.video.spectrum import analyse, features, onset_energy, onset_pace


class AudioFeatures:
    """The sound of `request` frame by frame: called with a frame, it gives amp, bass, mid, treble, onset and beat.

    Raises `BadRequest` for a file that cannot be read, or in which there is nothing to hear.
    """

    def __init__(self, request: Animate, frames: int) -> None:
        assert request.audio is not None
        samples = decode_sound(Sound(path=Path(request.audio), start=request.audio_start))
        self.warnings = tuple(too_short(samples, frames, request.rate, "all features but beat are 0"))
        # The one list over frames there is: 24 bytes a frame, a hundredth of what the sound itself takes.
        self._features = features(samples, frames, request.rate)

    def __call__(self, frame: int) -> Mapping[str, float]:
        return {name: float(curve[frame]) for name, curve in self._features.items()}


class OnsetPace:
    """How far the onsets in the sound of the dream `request` carry it from key to key.

    Raises `BadRequest` for a file that cannot be read, or in which there is nothing to hear.
    """

    def __init__(self, request: Dream, frames: int) -> None:
        assert request.audio is not None
        samples = decode_sound(Sound(path=Path(request.audio), start=request.audio_start))
        self._energy = onset_energy(analyse(samples))
        self._rate, self._smooth = float(request.rate), request.audio_smooth
        self.warnings = tuple(too_short(samples, frames, request.rate, "the pace is even"))

    def share(self, begin: float, end: float, frame: int) -> float:
        """Which share, 0..1, of the onsets between the frames `begin` and `end` has been heard at `frame`."""
        stretch = begin / self._rate, end / self._rate
        return float(onset_pace(self._energy, stretch, [frame / self._rate], self._smooth)[0])


def too_short(samples: Samples, frames: int, rate: Fraction, then: str) -> Iterator[str]:
    """A line where the sound ends more than a frame before the film does."""
    heard, lasts = len(samples) / RATE, float(frames / rate)
    if (lasts - heard) * rate > 1.01:
        yield f"audio: the sound ends after {heard:.1f} s and the film after {lasts:.1f} s; from there on {then}"

"""What there is to hear at each frame of an animation whose schedules follow its sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from sdplay.core.animate import Animate
from sdplay.imaging.film.sound import Sound, decode_sound
from sdplay.imaging.film.spectrum import RATE, features


class Hearing:
    """The sound of `request` frame by frame: called with a frame, it gives amp, bass, mid, treble, onset and beat.

    Raises `BadRequest` for a file that cannot be read, or in which there is nothing to hear.
    """

    def __init__(self, request: Animate, frames: int) -> None:
        assert request.audio is not None
        samples = decode_sound(Sound(path=Path(request.audio), start=request.audio_start))
        self._heard, self._lasts = len(samples) / RATE, float(frames / request.rate)
        # The one list over frames there is: 24 bytes a frame, a hundredth of what the sound itself takes.
        self._features = features(samples, frames, request.rate)

    def __call__(self, frame: int) -> Mapping[str, float]:
        return {name: float(curve[frame]) for name, curve in self._features.items()}

    @property
    def warnings(self) -> Iterator[str]:
        if self._heard < self._lasts:
            yield (
                f"audio: the sound ends after {self._heard:.1f} s and the film after {self._lasts:.1f} s; "
                "from there on all features but beat are 0"
            )

"""What an expression may know of the film it stands in."""

from __future__ import annotations

from dataclasses import dataclass

SOUND_NAMES = frozenset({"amp", "bass", "mid", "treble", "onset", "beat"})
FILM_NAMES = frozenset({"max_f", "s", "fps"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A film's length in frames, its seed, its frames a second, and whether there is sound to follow.

    `beyond` frames are drawn after the last one, for a film whose end melts into its beginning.
    """

    frames: int
    seed: int
    fps: float
    sound: bool = False
    beyond: int = 0

    @property
    def values(self) -> dict[str, float]:
        """What holds for the whole film: `max_f` (number of the last frame), `s` (seed), `fps`."""
        return {"max_f": float(self.frames - 1), "s": float(self.seed), "fps": float(self.fps)}

    @property
    def names(self) -> frozenset[str]:
        """Every name a value may use: those of `values`, `t` (the frame), and the sound's features (each 0..1)."""
        return FILM_NAMES | {"t"} | SOUND_NAMES if self.sound else FILM_NAMES | {"t"}

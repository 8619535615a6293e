"""What there is to see of a sound: a program of its own, because its reader is large and the files are strangers'.

`python -m sdplay.server.sound FILE START POINTS` prints a `SoundFacts` as JSON, or {"reason"} where there is no sound.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel, Field

from sdplay.core.errors import BadRequest
from sdplay.server.probe import asked_of, limited

MODULE = "sdplay.server.sound"
MOST_POINTS = 8000
FEWEST_BEATS_A_MINUTE = 20
STRONG = 0.15  # of the strongest onset: weaker ones are no points to hold on to


class Onset(BaseModel):
    """Where something begins to sound, in seconds from the start, and how strongly: 1 is the strongest."""

    time: float
    strength: float


class SoundFacts(BaseModel):
    """`peaks` are the loudest samples, 0..1, of as many equal stretches; `amp`, `bass`, `mid` and `treble` follow them
    as schedules may. Times are seconds from the start that was asked for.
    """

    seconds: float
    peaks: list[float]
    amp: list[float]
    bass: list[float]
    mid: list[float]
    treble: list[float]
    onsets: list[Onset] = Field(description="The stronger ones, in order.")
    beats: list[float] = Field(description="When the beat falls; none where there is no regular one.")
    tempo: float | None = Field(description="Beats a minute.")


def sound_facts(path: Path, start: float, points: int) -> SoundFacts:
    """The facts of the sound `path` from second `start` on, asked of another process; raises `BadRequest`."""
    facts = asked_of(MODULE, str(path), str(start), str(points))
    if "reason" in facts:
        raise BadRequest(facts["reason"], field="audio")
    return SoundFacts(**facts)


def facts_of(path: Path, start: float, points: int) -> SoundFacts:
    """As `sound_facts`, in this process."""
    import numpy as np

    from sdplay.film import audio_features as heard
    from sdplay.film.video.sound import RATE, Sound, decode_sound

    samples = decode_sound(Sound(path=path, start=start))
    seconds = len(samples) / RATE
    edges = np.linspace(0, len(samples), points + 1).astype(int)
    loud = np.maximum.reduceat(np.abs(samples), np.minimum(edges[:-1], len(samples) - 1))
    spectrum = heard.analyse(samples)
    energy = heard.onset_energy(spectrum)
    clock = np.arange(len(energy)) * heard.HOP / RATE
    at = np.linspace(0, seconds, points, endpoint=False)
    curves = heard.scaled_bands(spectrum)
    period = heard.beat_period(energy)
    shown = {name: [round(float(v), 3) for v in np.interp(at, clock, curve)] for name, curve in curves.items()}
    return SoundFacts(
        seconds=round(seconds, 3),
        peaks=[round(float(min(value, 1)), 3) for value in loud],
        **shown,
        onsets=onsets_in(energy, clock),
        beats=[round(float(time), 4) for time in heard.beat_times(energy, seconds)] if period else [],
        tempo=round(60 / period, 2) if period else None,
    )


def onsets_in(energy: object, clock: object) -> list[Onset]:
    """The local maxima of the onset energy that stand out."""
    import numpy as np

    rises, times = np.asarray(energy), np.asarray(clock)
    if len(rises) < 3 or rises.max() <= 0:
        return []
    scaled = rises / rises.max()
    middle = scaled[1:-1]
    peaks = np.nonzero((middle >= scaled[:-2]) & (middle > scaled[2:]) & (middle > STRONG))[0] + 1
    return [Onset(time=round(float(times[at]), 4), strength=round(float(scaled[at]), 3)) for at in peaks]


def main(path: str, start: str, points: str) -> None:
    limited()
    try:
        print(facts_of(Path(path), float(start), min(int(points), MOST_POINTS)).model_dump_json())
    except BadRequest as error:
        print(json.dumps({"reason": error.reason}))


if __name__ == "__main__":
    main(*sys.argv[1:4])

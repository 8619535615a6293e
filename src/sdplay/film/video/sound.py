"""Sound files and the sound of films: read as samples, and laid under a film that is written."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from numpy.typing import NDArray

from sdplay.film.video.container import FORMATS, open_media, refuse

Samples = NDArray[np.float32]
RATE = 22_050

SOUND_FORMATS = f"{FORMATS},mp3,wav,flac,aac,aiff"
# Every codec that is written takes it, and Opus hardly any other.
WRITTEN_RATE = 48_000
BIT_RATE = 192_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A stretch of sound for a film: the file (sound or film) and the second in it where the film begins.

    `field`: the request's field that it came from, for messages.
    """

    path: Path
    start: float = 0.0
    field: str = "audio"


def decode_sound(sound: Sound) -> Samples:
    """All of it from its start on, as mono samples at 22,050 Hz, float32 in -1..1.

    Raises `BadRequest` naming `sound.field` for a file that cannot be read, has no sound, or ends before the start.
    """
    blocks = [block.mean(axis=0) for block in _blocks(sound, RATE)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    if not len(samples):
        refuse(sound.path, f"holds no sound after {sound.start:g} s", sound.field)
    return samples


def check_sound(sound: Sound) -> None:
    """Raise `BadRequest` naming `sound.field` unless there is something to hear from its start on."""
    with closing(_heard(sound, RATE)):
        pass


class SoundTrack:
    """The sound of a film that is being written, coded piece by piece so that it is as long as the pictures so far."""

    def __init__(self, container: OutputContainer, codec: str, sound: Sound, fps: Fraction) -> None:
        self._blocks = _heard(sound, WRITTEN_RATE)
        self._waiting = np.zeros((2, 0), np.float32)
        self._given, self._fps = 0, fps
        stream = container.add_stream(codec, rate=WRITTEN_RATE, layout="stereo", options={"flags": "+bitexact"})
        assert isinstance(stream, AudioStream)
        stream.bit_rate = BIT_RATE
        self._stream = stream

    def until(self, frames: int) -> Iterator[Packet]:
        """Go on to the end of the film's first `frames` frames, or to the end of the sound."""
        wanted = round(frames * WRITTEN_RATE / self._fps) - self._given
        while self._waiting.shape[1] < wanted and (block := next(self._blocks, None)) is not None:
            self._waiting = np.concatenate([self._waiting, np.broadcast_to(block, (2, block.shape[1]))], axis=1)
        piece, self._waiting = self._waiting[:, :wanted], self._waiting[:, wanted:]
        if piece.shape[1]:
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(piece), format="fltp", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = WRITTEN_RATE, Fraction(1, WRITTEN_RATE), self._given
            self._given += piece.shape[1]
            yield from self._stream.encode(frame)

    def end(self) -> Iterator[Packet]:
        """What the encoder still held back."""
        yield from self._stream.encode(None)


def _heard(sound: Sound, rate: int) -> Generator[NDArray[np.float32]]:
    """The blocks of `sound`; the first one is read at once, to raise for a file that cannot be read."""
    blocks = _blocks(sound, rate)
    first = next(blocks, None)
    if first is None:
        refuse(sound.path, f"holds no sound after {sound.start:g} s", sound.field)

    def all_of_them() -> Generator[NDArray[np.float32]]:
        yield first
        yield from blocks

    return all_of_them()


def _blocks(sound: Sound, rate: int) -> Iterator[NDArray[np.float32]]:
    """Samples [1 or 2 channels, n] from the start of `sound` on; damaged stretches are left out."""
    skip = round(sound.start * rate)
    with open_media(sound.path, sound.field, SOUND_FORMATS) as container:
        if not container.streams.audio:
            refuse(sound.path, "holds no sound", sound.field)
        # FFmpeg changes the loudness between mono and stereo, so only what has more channels is mixed down by it
        layout = "mono" if container.streams.audio[0].channels == 1 else "stereo"
        resampler = AudioResampler(format="fltp", layout=layout, rate=rate)
        for frame in itertools.chain(_frames(container), [None]):
            for resampled in resampler.resample(frame):
                block = np.asarray(resampled.to_ndarray(), np.float32)[:, skip:]
                skip -= min(skip, resampled.samples)
                if block.shape[1]:
                    yield block


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    """The decoded sound, up to where the file ends or breaks off."""
    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except (StopIteration, FFmpegError):
            return
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        yield from (frame for frame in frames if isinstance(frame, AudioFrame))

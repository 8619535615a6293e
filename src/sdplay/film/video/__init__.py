"""Films in and out, with PyAV: no program called ffmpeg is ever needed."""

from sdplay.film.job.encoder import pingpong
from sdplay.film.video.decode import ClipReader, fit
from sdplay.film.video.encode import FilmWriter
from sdplay.film.video.index import ClipFacts, probe
from sdplay.film.video.kind import FilmKind, check_kind
from sdplay.film.video.preview import PreviewWriter
from sdplay.film.video.sound import Sound, decode_sound
from sdplay.film.video.spectrum import analyse, features, onset_energy, onset_pace
from sdplay.film.video.verify import FilmFacts, verify_film

__all__ = [
    "ClipFacts",
    "ClipReader",
    "FilmFacts",
    "FilmKind",
    "FilmWriter",
    "PreviewWriter",
    "Sound",
    "analyse",
    "check_kind",
    "decode_sound",
    "features",
    "fit",
    "onset_energy",
    "onset_pace",
    "pingpong",
    "probe",
    "verify_film",
]

"""Films in and out, with PyAV: no program called ffmpeg is ever needed."""

from sdplay.imaging.film.decode import ClipReader, fit
from sdplay.imaging.film.encode import FilmWriter
from sdplay.imaging.film.index import ClipFacts, probe
from sdplay.imaging.film.kind import FilmKind, check_kind
from sdplay.imaging.film.order import pingpong
from sdplay.imaging.film.preview import PreviewWriter
from sdplay.imaging.film.sound import Sound, decode_sound
from sdplay.imaging.film.spectrum import analyse, features, onset_energy, onset_pace
from sdplay.imaging.film.verify import FilmFacts, verify_film

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

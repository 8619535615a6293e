"""Say what a film or a sound is: a program of its own, because its reader is large and the files are strangers'.

`python -m sdplay.server.probe FILE` prints {"media_type", "width", "height"}, or {"reason"} for what is neither.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest

MEMORY = 2 * 2**30  # bytes of address space
SECONDS = 30
SUFFIXES = {
    "video/mp4": ".mp4",
    "video/x-matroska": ".mkv",
    "video/x-msvideo": ".avi",
    "video/mp2t": ".ts",
    "video/mpeg": ".mpg",
    "video/x-flv": ".flv",
    "video/ogg": ".ogv",
    "video/x-ms-asf": ".asf",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/flac": ".flac",
    "audio/aac": ".aac",
    "audio/aiff": ".aiff",
    "audio/ogg": ".ogg",
    "audio/mp4": ".m4a",
    "audio/x-matroska": ".mka",
    "audio/x-ms-asf": ".wma",
}
# The kinds by the names of FFmpeg's readers: of films, and of files with sound alone.
FILMS = {
    "mov": "video/mp4",
    "matroska": "video/x-matroska",
    "avi": "video/x-msvideo",
    "mpegts": "video/mp2t",
    "mpeg": "video/mpeg",
    "flv": "video/x-flv",
    "ogg": "video/ogg",
    "asf": "video/x-ms-asf",
}
SOUNDS = {
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "aiff": "audio/aiff",
    "ogg": "audio/ogg",
    "mov": "audio/mp4",
    "matroska": "audio/x-matroska",
    "asf": "audio/x-ms-asf",
}


def media_facts(path: Path) -> dict[str, Any]:
    """The `media_type`, `width` and `height` of the film or sound `path`, asked of another process.

    Raises `BadRequest` for a file that is neither.
    """
    facts = asked_of("sdplay.server.probe", str(path))
    if "reason" in facts:
        hint = "pictures: PNG, JPEG, WebP, GIF, BMP, AVIF; films: MP4, WebM, MKV, …; sounds: MP3, WAV, FLAC, …"
        raise BadRequest(facts["reason"], field="file", hint=hint)
    return facts


def asked_of(module: str, *arguments: str) -> dict[str, Any]:
    """What the program `module` prints as JSON; {"reason"} where it prints none, or takes too long."""
    found = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            env={"PYTHONPATH": found, "PATH": os.environ.get("PATH", "")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        facts: dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        return {"reason": "cannot be read"}
    return facts


def facts_of(path: Path) -> dict[str, Any]:
    """What `path` is, after reading as much of it as whoever draws from it will: what breaks the reader breaks it here.

    Raises `BadRequest` for what is no film and no sound.
    """
    from sdplay.film.video.container import open_media
    from sdplay.film.video.index import probe
    from sdplay.film.video.sound import SOUND_FORMATS, Sound, check_sound

    with open_media(path, "file", SOUND_FORMATS) as container:
        names = container.format.name.split(",")
        film = any(not is_cover(stream) for stream in container.streams.video)
        sound = bool(container.streams.audio)
    if film and (kind := kind_of(FILMS, names)) is not None:
        facts = probe(path)
        return {"media_type": kind, "width": facts.width, "height": facts.height}
    if sound and (kind := kind_of(SOUNDS, names)) is not None:
        check_sound(Sound(path=path, field="file"))
        return {"media_type": kind, "width": 0, "height": 0}
    return {"reason": "is no picture, film or sound that can be read"}


def kind_of(kinds: dict[str, str], names: list[str]) -> str | None:
    return next((kinds[name] for name in names if name in kinds), None)


def is_cover(stream: Any) -> bool:
    """Whether it is the one picture that a sound file shows."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def limited() -> None:
    """Let this process take no more memory and time than reading a file is worth."""
    with suppress(ImportError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def main(path: str) -> None:
    limited()
    try:
        facts = facts_of(Path(path))
    except BadRequest as error:
        facts = {"reason": error.reason}
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1])

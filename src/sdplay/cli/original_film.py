"""Films in the original application's conversation: a dream of one prompt, and the animation of a settings file."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import SdplayError, Stopped

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm
    from sdplay.studio import Studio

SETTINGS = Path("animation_mode", "config.py")
DOING = {"dream": "Dreaming...", "animate": "Animating..."}


def settings_of(config: Path | None, home: Path) -> dict[str, Any]:
    """The settings in `config`, else in ./animation_mode/config.py, else in the one that comes with the program.

    Raises `BadRequest` naming the file where it cannot be read.
    """
    from sdplay.film.request import canonical_names
    from sdplay.interop.settings_file import read_settings

    path = config or next((folder / SETTINGS for folder in (Path(), home) if (folder / SETTINGS).is_file()), SETTINGS)
    found = read_settings(path)
    print(f"Settings: {path}")
    for note in found.notes:
        print(f"note: {note}")
    return canonical_names(found.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmWishes:
    """What the original's flags say about a film: how many frames, and what holds for every mode."""

    num: int | None
    common: dict[str, Any]

    def dream(self, answers: dict[str, Any]) -> AnyFilm:
        """The dream of one prompt; raises `BadRequest` and `BadRequests`."""
        sides = {name: value for name, value in answers.items() if name != "prompt"}
        return self._asked("dream", {"prompts": (answers["prompt"],), **sides}, "num")

    def animation(self, settings: dict[str, Any]) -> AnyFilm:
        """The animation of `settings`; raises `BadRequest` and `BadRequests`."""
        return self._asked("animate", settings, "max_frames")

    def _asked(self, mode: str, fields: dict[str, Any], length: str) -> AnyFilm:
        from sdplay.film.plan import FILMS
        from sdplay.film.problems import ask_film

        length_asked = {length: self.num} if self.num is not None else {}
        return ask_film(FILMS[mode], **{**fields, **self.common, **length_asked})


def make(studio: Studio, request: AnyFilm, kept_in: Path | None) -> int:
    """Make the film in a folder of its own under `kept_in`; without that it is shown, as far as it can be, and gone."""
    from sdplay.cli.film import free_folder, make_film, shot

    print(DOING[request.mode])
    if kept_in is not None:
        return make_film(studio.film(request, free_folder(kept_in, request.mode)), quiet=False)
    with tempfile.TemporaryDirectory(prefix="sdplay-") as folder, nothing_kept():
        shooting = studio.film(request, Path(folder) / request.mode)
        shot(shooting, quiet=False)
        show(shooting.folder.path / "latest.jpg")
    print("The film is not kept: --save writes it to ./images.")
    return 0


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Whatever stops a film that is not kept, there is nothing to go on with."""
    try:
        yield
    except SdplayError as error:
        reason = "stopped; the film is not kept" if isinstance(error, Stopped) else error.reason
        error.reason, error.hint = reason, "with --save a film is kept, and can be gone on with"
        raise


def show(path: Path) -> None:
    """Show a picture in the terminal, where it can."""
    from PIL import Image

    from sdplay.cli.terminal import drawn, protocol_of

    protocol = protocol_of(os.environ) if sys.stdout.isatty() else None
    if protocol is not None:
        with Image.open(path) as image:
            sys.stdout.write(drawn(image.convert("RGB"), protocol, shutil.get_terminal_size().columns))

"""The original application's conversation: its questions, in its order and words, become one request."""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import BadRequest, ModelNotFound, SdplayError, Stopped

if TYPE_CHECKING:
    from sdplay.film.plan import AnyFilm
    from sdplay.studio import Studio


SETTINGS = Path("animation_mode", "config.py")
LENGTHS = {"dream": "num", "animate": "max_frames"}  # the field that says how many frames a film has
DOING = {
    "img2img": "Running Image to Image generation...",
    "inpaint": "Running Inpaint...",
    "dream": "Dreaming...",
    "animate": "Animating...",
}

ORIGINAL_MODEL = Path("stable-diffusion-v1-4")
ON_THE_HUB = "CompVis/stable-diffusion-v1-4"
OFFLINE = 'to go on offline: --local takes ./stable-diffusion-v1-4 or else the built-in model, as `sdplay "…"` does'
IMAGES = Path("images")
STILLS = ("txt2img", "img2img", "inpaint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the original's flags say."""

    mode: str
    local: bool
    device: str
    num: int | None
    save: bool
    limit: bool
    config: Path | None = None
    home: Path = Path()


def converse(wishes: Wishes) -> int:
    """Load the model, ask, and draw; returns the exit code."""
    from sdplay.cli.draw import open_studio
    from sdplay.library.library import library_from_env

    model, token = model_and_token(wishes.local)
    common: dict[str, Any] = {"model": model, "device": wishes.device, "low_memory": wishes.limit}
    common |= {"prompt_syntax": "plain"}  # as the original reads them
    folder = IMAGES if wishes.save else None
    with open_studio(library=library_from_env(os.environ, token)) as studio:
        if wishes.mode in STILLS:
            common |= {"num": wishes.num if wishes.num is not None else 1}
            load(studio, common)
            return draw(studio, wishes.mode, common, folder)
        if wishes.mode == "animate":
            animation = film_of("animate", settings_of(wishes.config, wishes.home) | common, wishes.num)
            load(studio, common, animation)
            return make(studio, animation, folder)
        load(studio, common, film_of("dream", {"prompts": ("-",)} | common, wishes.num))
        answered = answers("dream")
        prompts = {"prompts": (answered.pop("prompt"),)}
        return make(studio, film_of("dream", prompts | answered | common, wishes.num), folder)


def load(studio: Studio, common: dict[str, Any], film: AnyFilm | None = None) -> None:
    """Load the model, once what is asked for is known to be possible; draws nothing."""
    from sdplay.requests.base import make_request
    from sdplay.requests.txt2img import Txt2Img

    print("Loading model...")
    with saying_how_to_go_on_offline():
        resolved = studio.resolve(make_request(Txt2Img, prompt="-", **common))
    if film is not None:
        studio.plan(film)
    list(studio.run(resolved, []))
    print("Model loaded successfully")


def draw(studio: Studio, mode: str, common: dict[str, Any], folder: Path | None) -> int:
    """Ask about pictures, and draw them."""
    from sdplay.cli.deliver import Delivery, PictureReport
    from sdplay.cli.follow import follow
    from sdplay.requests.base import make_request
    from sdplay.requests.request import STILLS

    resolved = studio.resolve(make_request(STILLS[mode], **answers(mode), **common))
    if mode in DOING:
        print(DOING[mode])
    print("Pictures are kept in ./images." if folder else "Pictures are not kept: --save writes them to ./images.")
    follow(PictureReport(studio, resolved, range(common["num"]), Delivery(out=folder)))
    return 0


def model_and_token(local: bool) -> tuple[str, str | None]:
    """The model to load, and the token for it: no answer is the token of HF_TOKEN or of a login, and none is needed."""
    if local:
        return (f"./{ORIGINAL_MODEL}" if ORIGINAL_MODEL.is_dir() else "builtin"), None
    question = "Enter Hugging face user access token: "
    typed = getpass.getpass(question) if sys.stdin.isatty() else input(question)
    return ON_THE_HUB, typed.strip() or None


@contextmanager
def saying_how_to_go_on_offline() -> Iterator[None]:
    """If the model cannot be loaded, the error names the flags of this command line."""
    try:
        yield
    except ModelNotFound as error:
        hint = error.hint.partition("to go on offline")[0]
        raise ModelNotFound(error.reason, field=error.field, value=error.value, hint=hint + OFFLINE) from None


def answers(mode: str) -> dict[str, Any]:
    """What the original asks about a picture of `mode`, or a dream, as fields of a request, in its order."""
    if mode in ("txt2img", "dream"):
        return {"prompt": input("Enter prompt: ")} | sides(input("Enter height and width of image: "))
    fields = {"image": path(input("Enter initial image path: "))}
    if mode == "inpaint":
        fields["mask"] = path(input("Enter mask image path: "))
    return fields | {"prompt": input("Enter prompt: ")} | strength(input("Enter strength in [0, 1] range: "))


def sides(answer: str) -> dict[str, int]:
    """Height and width in "512 512", "512,512" or "512x512"; one number is both, and no answer is the model's own."""
    from sdplay.core.values import read_size

    size = read_size(answer)
    if size is None and answer.strip():
        raise BadRequest("is not a size", field="height and width", value=answer, hint='two numbers, such as "512 512"')
    return {"height": size[0], "width": size[1]} if size else {}


def path(answer: str) -> str:
    """A path as typed, or as a file manager drops it into a terminal: in quotes."""
    bare = answer.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" else bare


def strength(answer: str) -> dict[str, float]:
    """A number; no answer is the usual strength."""
    if not answer.strip():
        return {}
    try:
        return {"strength": float(answer)}
    except ValueError:
        raise BadRequest("is not a number", field="strength", value=answer, hint="a number from 0 to 1: 0.8") from None


def settings_of(config: Path | None, home: Path) -> dict[str, Any]:
    """The settings in `config`, else in ./animation_mode/config.py, else in the one that comes with the program.

    Raises `BadRequest` naming the file where it cannot be read.
    """
    from sdplay.film.request import canonical_names
    from sdplay.interop.settings_file import read_settings

    path = config or next((folder / SETTINGS for folder in (Path(), home) if (folder / SETTINGS).is_file()), SETTINGS)
    settings = read_settings(path)
    print(f"Settings: {path}")
    for note in settings.notes:
        print(f"note: {note}")
    return canonical_names(settings.fields)


def film_of(mode: str, fields: dict[str, Any], num: int | None) -> AnyFilm:
    """The request for a film of `num` frames, the usual number if None; raises `BadRequest` and `BadRequests`."""
    from sdplay.film.plan import FILMS, ask_film

    length = {LENGTHS[mode]: num} if num is not None else {}
    return ask_film(FILMS[mode], **{**fields, **length})


def make(studio: Studio, request: AnyFilm, folder: Path | None) -> int:
    """Make the film in a new folder below `folder`; without one it is shown, if the terminal can, and not kept."""
    from sdplay.cli.film import make_film
    from sdplay.cli.prepare import free_folder

    print(DOING[request.mode])
    if folder is not None:
        return make_film(studio.film(request, free_folder(folder, request.mode)), quiet=False)
    with tempfile.TemporaryDirectory(prefix="sdplay-") as temporary, nothing_kept():
        job = studio.film(request, Path(temporary) / request.mode)
        make_film(job, quiet=False, kept=False)
        show_file(job.folder.path / "latest.jpg")
    print("The film is not kept: --save writes it to ./images.")
    return 0


@contextmanager
def nothing_kept() -> Iterator[None]:
    """A film that is not kept cannot be resumed, whatever stops it."""
    try:
        yield
    except SdplayError as error:
        reason = "stopped; the film is not kept" if isinstance(error, Stopped) else error.reason
        error.reason, error.hint = reason, "with --save a film is kept, and can be resumed"
        raise


def show_file(path: Path) -> None:
    """Show a picture in the terminal, if it can."""
    from PIL import Image

    from sdplay.cli.deliver import show
    from sdplay.cli.terminal import protocol_of_stdout

    protocol = protocol_of_stdout()
    if protocol is not None:
        with Image.open(path) as image:
            show(image.convert("RGB"), protocol)

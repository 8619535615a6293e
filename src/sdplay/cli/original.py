"""The original application's conversation: its questions, in its order and words, become one request."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import BadRequest, ModelNotFound

if TYPE_CHECKING:
    from sdplay.requests.request import AnyFilm
    from sdplay.studio import Studio

ORIGINAL_MODEL = Path("stable-diffusion-v1-4")
ON_THE_HUB = "CompVis/stable-diffusion-v1-4"
OFFLINE = 'to go on offline: --local takes ./stable-diffusion-v1-4 or else the built-in model, as `sdplay "…"` does'
KEPT_IN = Path("images")
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

    @property
    def count(self) -> int:
        """How many pictures."""
        return self.num if self.num is not None else 1


def converse(wishes: Wishes) -> int:
    """Load the model, ask, and draw; returns the exit code."""
    from sdplay.cli import original_film
    from sdplay.cli.draw import open_studio
    from sdplay.library.library import library_from_env

    model, token = model_and_token(wishes.local)
    common: dict[str, Any] = {"model": model, "device": wishes.device, "low_memory": wishes.limit}
    common |= {"prompt_syntax": "plain"}  # as the original reads them
    kept_in = KEPT_IN if wishes.save else None
    with open_studio(library=library_from_env(os.environ, token)) as studio:
        if wishes.mode in STILLS:
            load(studio, common | {"num": wishes.count})
            return draw(studio, wishes, common | {"num": wishes.count})
        film = original_film.FilmWishes(num=wishes.num, common=common)
        if wishes.mode == "animate":
            animation = film.animation(original_film.settings_of(wishes.config, wishes.home))
            load(studio, common, animation)
            return original_film.make(studio, animation, kept_in)
        load(studio, common, film.dream({"prompt": "-"}))
        return original_film.make(studio, film.dream(answers("dream")), kept_in)


def load(studio: Studio, common: dict[str, Any], film: AnyFilm | None = None) -> None:
    """Load the model, once what is asked for is known to be possible; draws nothing."""
    from sdplay.requests.request import Txt2Img, make_request

    print("Loading model...")
    with saying_how_to_go_on_offline():
        settled = studio.resolve(make_request(Txt2Img, prompt="-", **common))
    if film is not None:
        studio.plan(film)
    list(studio.run(settled, []))
    print("Model loaded successfully")


def draw(studio: Studio, wishes: Wishes, common: dict[str, Any]) -> int:
    """Ask about pictures, and draw them."""
    from sdplay.cli.deliver import Delivery, deliver
    from sdplay.cli.progress import progress_for
    from sdplay.requests.request import STILLS, make_request

    settled = studio.resolve(make_request(STILLS[wishes.mode], **answers(wishes.mode), **common))
    folder = KEPT_IN if wishes.save else None
    print("Pictures are kept in ./images." if folder else "Pictures are not kept: --save writes them to ./images.")
    with progress_for(quiet=False) as progress:
        deliver(studio, settled, range(wishes.count), Delivery(out=folder), progress)
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
    """A model that cannot be had is told with the flags of this command line."""
    try:
        yield
    except ModelNotFound as error:
        hint = error.hint.partition("to go on offline")[0]
        raise ModelNotFound(error.reason, field=error.field, value=error.value, hint=hint + OFFLINE) from None


def answers(mode: str) -> dict[str, Any]:
    """What the original asks about a picture of `mode`, or a dream, as fields of a request."""
    fields: dict[str, Any] = {"prompt": input("Enter prompt: ")}
    if mode in ("txt2img", "dream"):
        return fields | sides(input("Enter height and width of image: "))
    fields["image"] = path(input("Enter initial image path: "))
    if mode == "inpaint":
        fields["mask"] = path(input("Enter mask image path: "))
    return fields | strength(input("Enter strength in [0, 1] range: "))


def sides(answer: str) -> dict[str, int]:
    """Height and width in "512 512", "512,512" or "512x512"; one number is both, and no answer is the model's own."""
    from sdplay.cli.flags import read_size

    size = read_size(answer)
    if size is None and answer.strip():
        raise BadRequest("is no size", field="height and width", value=answer, hint='two numbers, such as "512 512"')
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
        raise BadRequest("is no number", field="strength", value=answer, hint="a number from 0 to 1: 0.8") from None

"""The original application's conversation: its questions, in its order and words, become one request."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, ModelNotFound

ORIGINAL_MODEL = Path("stable-diffusion-v1-4")
ON_THE_HUB = "CompVis/stable-diffusion-v1-4"
OFFLINE = 'to go on offline: --local takes ./stable-diffusion-v1-4 or else the built-in model, as `sdplay "…"` does'
KEPT_IN = Path("images")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the original's flags say."""

    mode: str
    local: bool
    device: str
    num: int
    save: bool
    limit: bool


def converse(wishes: Wishes) -> int:
    """Load the model, ask, and draw; returns the exit code."""
    from sdplay.cli.deliver import Delivery, deliver
    from sdplay.cli.draw import open_studio
    from sdplay.cli.progress import progress_for
    from sdplay.core.request import STILLS, Txt2Img, ask
    from sdplay.models.shelves import shelves_of

    model, token = model_and_token(wishes.local)
    machine = {"device": wishes.device, "low_memory": wishes.limit}
    common: dict[str, Any] = {"model": model, "num": wishes.num, **machine}
    with open_studio(shelves=shelves_of(os.environ, token)) as studio:
        print("Loading model...")
        with saying_how_to_go_on_offline():
            settled = studio.settle(ask(Txt2Img, prompt="-", **common))
        list(studio.run(settled, []))  # draws nothing, and so only loads
        print("Model loaded successfully")
        settled = studio.settle(ask(STILLS[wishes.mode], **answers(wishes.mode), **common))
        folder = KEPT_IN if wishes.save else None
        print("Pictures are kept in ./images." if folder else "Pictures are not kept: --save writes them to ./images.")
        with progress_for(quiet=False) as progress:
            deliver(studio, settled, range(wishes.num), Delivery(out=folder), progress)
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
    """What the original asks about a picture of `mode`, as fields of a request."""
    fields: dict[str, Any] = {"prompt": input("Enter prompt: ")}
    if mode == "txt2img":
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

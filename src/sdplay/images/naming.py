"""What saved pictures are called: a pattern such as "[seed]-[prompt_words]", filled in for each picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sdplay.core.errors import BadRequest
from sdplay.files.atomic import numbered_names
from sdplay.requests.stills import FromPicture, Still, prompt_of
from sdplay.requests.txt2img import picture_size

if TYPE_CHECKING:
    from sdplay.images.picture import Picture

NUMBER = "number"
MOST_WORDS = 8  # of a prompt, as in A1111
LONGEST = 180  # bytes of a name, so that a number and a suffix fit in the 255 that a file system takes
PART = re.compile(r"\[([^\[\]]*)\]")
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')  # what a file name cannot hold on Windows, or anywhere
TAG, WEIGHT, WORD = re.compile(r"<[^<>]*>"), re.compile(r":\s*-?[\d.]+"), re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def prompt_words(picture: Picture) -> str:
    """The first words of its prompt, without weights and `<lora:…>`."""
    if not isinstance(picture.recipe.request, Still):
        return ""
    text = WEIGHT.sub(" ", TAG.sub(" ", prompt_of(picture.recipe, picture.index).prompt))
    return "-".join(WORD.findall(text)[:MOST_WORDS])


def image_name(picture: Picture) -> str:
    """The name, without its ending, of the file that it was drawn from."""
    request = picture.recipe.request
    return Path(request.image).stem if isinstance(request, FromPicture) else ""


PARTS: dict[str, Callable[[Picture], str]] = {
    "seed": lambda picture: str(picture.seed),
    "prompt_words": prompt_words,
    "date": lambda _: date.today().isoformat(),
    NUMBER: lambda _: "",  # counted in the folder
    "model": lambda picture: picture.recipe.model.name,
    "sampler": lambda picture: picture.recipe.sampler,
    "steps": lambda picture: str(picture.recipe.steps),
    "width": lambda picture: str(picture_size(picture.recipe)[0]),
    "height": lambda picture: str(picture_size(picture.recipe)[1]),
    "image": image_name,
}


def check_pattern(pattern: str) -> str:
    """`pattern`; raises `BadRequest` for a part that there is not, and for what no file name can hold."""
    known = ", ".join(f"[{name}]" for name in PARTS)
    for name in PART.findall(pattern):
        if name not in PARTS:
            raise BadRequest(f"[{name}] is no part of a name", field="name", value=pattern, hint=f"there are {known}")
    if any(bracket in PART.sub("", pattern) for bracket in "[]"):
        raise BadRequest("a bracket is not closed", field="name", value=pattern, hint=f"there are {known}")
    bad = UNSAFE.search(pattern)
    if bad is not None or not pattern.strip(" ."):
        why = f"a file name cannot hold {bad[0]!r}" if bad is not None else "is no name"
        raise BadRequest(why, field="name", value=pattern, hint=f"write letters, digits, dashes, and {known}")
    return pattern


def names_by(pattern: str, folder: Path, picture: Picture, suffix: str) -> Iterator[Path]:
    """The file names in `folder` that `pattern` gives `picture`, the best first; none says whether it is taken."""
    stem = filled(pattern, picture)
    if f"[{NUMBER}]" in stem:
        number = next_number(stem, folder)
        while True:
            yield folder / f"{stem.replace(f'[{NUMBER}]', f'{number:05d}')}{suffix}"
            number += 1
    yield from numbered_names(folder, stem, suffix)


def filled(pattern: str, picture: Picture) -> str:
    """`pattern` with everything in place but the number, safe for every file system and not too long."""

    def part(match: re.Match[str]) -> str:
        name = match[1]
        text = UNSAFE.sub("_", PARTS[name](picture))
        return match[0] if name == NUMBER else text.replace("[", "(").replace("]", ")")  # which are no parts

    before, number, after = PART.sub(part, pattern).strip(" .").partition(f"[{NUMBER}]")
    return cut(before, LONGEST) + number + cut(after, LONGEST // 4) or str(picture.seed)


def cut(text: str, most: int) -> str:
    """The first characters of `text`, in no more than so many bytes of UTF-8."""
    if len(text.encode("utf-8", "replace")) <= most:
        return text
    return text.encode("utf-8", "replace")[:most].decode("utf-8", "ignore").rstrip(" .-")


def next_number(stem: str, folder: Path) -> int:
    """One more than the highest number in the names in `folder` that are as `stem` but for it."""
    before, _, after = stem.partition(f"[{NUMBER}]")
    numbered = re.compile(f"{re.escape(before)}(\\d{{5,}}){re.escape(after)}")
    taken = (numbered.match(path.name) for path in folder.iterdir())
    return max((int(match[1]) + 1 for match in taken if match), default=0)

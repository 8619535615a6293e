"""Names that the user gave to models: one small file for each, so that two programs cannot lose each other's."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sdplay.core.errors import BadRequest, StoreError, UnknownName
from sdplay.files.atomic import replace_file
from sdplay.library.card import shipped_cards

NAME = re.compile(r"\w[\w.+-]{0,63}")


def model_aliases(home: Path) -> dict[str, str]:
    """The names that were added, and for each the path or hub id it stands for; a damaged file is no name."""
    found: dict[str, str] = {}
    for path in sorted((home / "added").glob("*.json")):
        try:
            found[path.stem] = str(json.loads(path.read_text(encoding="ascii"))["model"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return found


def add_alias(home: Path, name: str, model: str) -> None:
    """Let `name` stand for `model`, an absolute path or a hub id.

    Raises `BadRequest` for a name that is taken or none, and `StoreError` where `home` cannot be written.
    """
    if not NAME.fullmatch(name) or name.endswith("."):
        hint = "letters, digits, - _ + and . make a name; say another with `name`"
        raise BadRequest("is not a valid name", field="name", value=name, hint=hint)
    if name in shipped_cards():
        raise BadRequest("the program itself has this name", field="name", value=name, hint="say another with `name`")
    taken = {known.casefold(): (known, other) for known, other in model_aliases(home).items()}
    known, other = taken.get(name.casefold(), (name, model))
    if other != model:
        hint = f"say another with `name`, or give it free with `sdplay models remove {known}`"
        raise BadRequest(f"this name stands for {other} already", field="name", value=name, hint=hint)
    try:
        (home / "added").mkdir(parents=True, exist_ok=True)
        replace_file(home / "added" / f"{name}.json", json.dumps({"model": model}).encode("ascii"), durable=False)
    except OSError as error:
        raise _unwritable(home, error) from None


def remove_alias(home: Path, name: str) -> str:
    """Forget `name`, and return what it stood for; the model's files stay where they are.

    Raises `UnknownName` for one that was never added.
    """
    known = model_aliases(home)
    if name not in known:
        raise UnknownName("added model", name, known)
    try:
        (home / "added" / f"{name}.json").unlink()
    except OSError as error:
        raise _unwritable(home, error) from None
    return known[name]


def _unwritable(home: Path, error: OSError) -> StoreError:
    hint = "set SDPLAY_HOME to a folder you may write to"
    return StoreError(f"cannot write there: {error.strerror or error}", field="home", value=str(home), hint=hint)

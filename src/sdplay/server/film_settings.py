"""Settings of films out of files of other programs, and into such files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from sdplay.core.errors import BadRequest, problems_of
from sdplay.film.request_dream import Dream
from sdplay.interop.settings_file import settings_in
from sdplay.requests.base import Request, known, make_request
from sdplay.requests.modes import ROLES
from sdplay.server.clients import NAMES, OWN, client_request, is_place, texts_in
from sdplay.server.records import Upload
from sdplay.server.shown import by_upload

LONGEST = 4_000_000  # characters of a file
Uploaded = Callable[[str], Upload | None]
Kind = Literal["deforum", "config", "json"]
ONLY_DREAMS = {"prompts", "num", "keyframes", "frames_per_key", "interpolate", "path", "easing", "pace", "loop"}


class ImportedFilm(BaseModel):
    """The settings that a file says, as fields of a job, and what of it was turned round or left out."""

    mode: Literal["dream", "animate"]
    fields: dict[str, Any]
    notes: list[str]


class ExportedFilm(BaseModel):
    """A file: what it is called, what is in it, and what of the request is not."""

    name: str
    text: str
    notes: list[str] = Field(description="What is written otherwise than asked, or left out.")


def import_film(name: str, text: str) -> ImportedFilm:
    """The settings in the `text` of the file called `name`; raises `BadRequest` for a file that cannot be read."""
    from sdplay.film.plan import FILMS
    from sdplay.film.request import canonical_names

    if len(text) > LONGEST:
        raise BadRequest(f"has more than {LONGEST:,} characters, which settings never have", field="text")
    settings = settings_in(text, name)
    fields = canonical_names(settings.fields)
    asked = fields.pop("mode", None)
    mode = asked if asked in FILMS else "dream" if fields.keys() & ONLY_DREAMS else "animate"
    kept, notes = without_files(fields)
    request, wrong = valid(FILMS[mode], kept)
    shown = request.model_dump(mode="json", exclude={"mode", "run"}, include=set(request.model_fields_set))
    return ImportedFilm(
        mode="dream" if isinstance(request, Dream) else "animate",
        fields={name: value for name, value in shown.items() if name in kept},
        notes=[*settings.notes, *notes, *wrong],
    )


def without_files(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`fields` without paths of the computer that they come from, and without what its owner decides."""
    kept: dict[str, Any] = {}
    files: list[str] = []
    for name, value in fields.items():
        strange = name in OWN or (name in NAMES and any(map(is_place, texts_in(value))))
        if name in ROLES and value and name not in NAMES:
            files.append(name)
        elif strange:
            files += [name] if name in NAMES else []
        elif value is not None and not (name == "seed" and value == -1):
            kept[name] = value
    return kept, [f"choose these files anew: {', '.join(files)}"] if files else []


def valid(kind: type[Request], fields: dict[str, Any]) -> tuple[Request, list[str]]:
    """The request of the `fields` that are right, and a line for each that is wrong."""
    notes = [f"not known here, left out: {', '.join(strange)}"] if (strange := unknown(kind, fields)) else []
    fields = {name: value for name, value in fields.items() if name not in strange}
    while True:
        try:
            return make_request(kind, **fields), notes
        except BadRequest as error:
            wrong = {str(each.field).partition(".")[0]: each for each in problems_of(error)}
            if not wrong.keys() & fields.keys():
                raise
            notes += [f"{name}: {wrong[name].reason}; left out" for name in sorted(wrong.keys() & fields.keys())]
            fields = {name: value for name, value in fields.items() if name not in wrong}


def unknown(kind: type[Request], fields: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in fields if not known(kind, name))


def export_film(kind: Kind, mode: str, fields: Mapping[str, Any], uploaded: Uploaded) -> ExportedFilm:
    """The job of `fields` as a file of `kind`; raises `BadRequest` and its kinds."""
    from sdplay.film.request_animate import Animate
    from sdplay.interop.config_export import to_config
    from sdplay.interop.deforum_export import FILES, to_deforum

    request = client_request(mode, fields, uploaded)
    if kind == "json":
        shown = request.model_dump(mode="json", exclude={"run"}, exclude_unset=True)
        text = json.dumps({"mode": mode, **by_upload(shown)}, ensure_ascii=False, indent=2)
        return ExportedFilm(name=f"{mode}.json", text=text + "\n", notes=[])
    if not isinstance(request, Animate):
        reason, hint = f"a {mode} has no settings of this kind", "kind=json keeps all of them"
        raise BadRequest(reason, field="kind", value=kind, hint=hint)
    if kind == "deforum":
        written = to_deforum(request)
        text = json.dumps(written.settings, ensure_ascii=False, indent=4) + "\n"
        return ExportedFilm(name="deforum_settings.txt", text=text, notes=written.notes)
    files = frozenset(FILES) & request.model_fields_set
    return ExportedFilm(name="config.py", text=to_config(request, files), notes=list(files_note(files)))


def files_note(files: frozenset[str]) -> Iterator[str]:
    if files:
        yield f"files are not taken along: {', '.join(sorted(files))}"

"""The settings in a picture of any program, as a job for this service, and what of them has no meaning here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sdplay.core.errors import BadRequest, shorten
from sdplay.images.own import is_ours, read_sheet
from sdplay.images.sheet_file import SheetRecord
from sdplay.interop import ParsedMetadata
from sdplay.requests.modes import ROLES
from sdplay.server.clients import GRID, OWN
from sdplay.server.found import prompts_of
from sdplay.server.records import Job, Upload
from sdplay.server.shown import by_upload, recipe_of, shown_request
from sdplay.server.uploads import is_picture

if TYPE_CHECKING:
    from sdplay.server.service import Service

LONGEST_TEXT = 20_000  # characters that are told of what another program wrote
LONGEST_VALUE = 200
NOT_HERE = "is not in the library of this computer, and the usual model is taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Something that a picture says and that is not in the request: its name, what it is there, and why. `note`:
    nothing of the picture is lost with it.
    """

    name: str
    value: str
    reason: str
    note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a picture says about how it was made. `request` is a job for this service, None if it makes none; `left` is
    what is not in it. `recipe`, `digest` and `enlarged` are those of a picture of ours.
    """

    program: str
    prompt: str
    negative_prompt: str
    mode: str
    index: int = 0
    digest: str = ""
    recipe: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    parameters: str | None = None
    enlarged: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    left: list[Left] = field(default_factory=list[Left])


def settings_in(service: Service, path: Path, job: Job | None = None) -> Settings:
    """The settings in the file `path`, of `job` if it was drawn here; raises `BadRequest` for one that has none."""
    if (path.parent / "job.json").exists() or is_ours(path):
        return of_ours(service, recipe_of(path, job))
    if job is not None and job.mode == GRID and (sheet := read_sheet(path)) is not None:
        return of_sheet(sheet, job)
    try:
        source = service.studio.history.read(path)
    except BadRequest as error:
        raise BadRequest(error.reason, field="file", hint=error.hint) from None
    assert isinstance(source, ParsedMetadata)
    return of_another_program(service, source)


def settings_of_bytes(service: Service, content: bytes) -> Settings:
    """As `settings_in`, of a picture that a client sends; it is not kept."""
    if not is_picture(content):
        hint = "PNG, JPEG, WebP, GIF, BMP or AVIF"
        raise BadRequest("is not a picture that can be read", field="file", hint=hint)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        path.write_bytes(content)
        return settings_in(service, path)


def of_ours(service: Service, told: Mapping[str, Any]) -> Settings:
    request = told["request"]
    left = list(not_here(service, request)) if request is not None else []
    without = {one.name for one in left}
    words = told["recipe"]
    fields = dict(told)
    if request is not None:
        fields["request"] = {name: value for name, value in request.items() if name not in without}
    return Settings(
        program="sdplay",
        prompt=str(words.get("prompt") or ""),
        negative_prompt=str(words.get("negative_prompt") or ""),
        **fields,
        left=left,
    )


def of_sheet(sheet: SheetRecord, job: Job) -> Settings:
    """Of the sheet that a grid's job made: the request draws the whole grid."""
    words = prompts_of(sheet.recipe, 0)
    return Settings(
        program="sdplay",
        prompt=words["prompt"],
        negative_prompt=words["negative_prompt"],
        mode=GRID,
        request=shown_request(job),
    )


def not_here(service: Service, request: Mapping[str, Any]) -> Iterator[Left]:
    """What the request of a picture that was drawn elsewhere names, and this service has not."""
    model = request.get("model")
    if model is not None and model not in service.model_names():
        yield Left(name="model", value=str(model), reason=NOT_HERE)
    for role in ROLES.keys() & request.keys():
        value = request[role]
        if isinstance(value, str) and value and not is_here(service, role, value):
            reason = f"is a picture that it was drawn from, which is not in the file: give `{role}`"
            yield Left(name=role, value=value, reason=reason)


def is_here(service: Service, role: str, value: str) -> bool:
    upload: Upload | None = service.find_upload(value)
    return upload is not None or role == "depth_model"


def of_another_program(service: Service, found: ParsedMetadata) -> Settings:
    left, request = list[Left](), None
    try:
        imported = service.studio.history.import_settings(found)
    except BadRequest as error:
        left.append(Left(name=error.field or "prompt", value=shown(error.value), reason=error.reason))
    else:
        given = imported.request.model_dump(mode="json", exclude_unset=True, exclude={"run"})
        fields = {name: value for name, value in given.items() if name not in OWN | {"mode"}}
        request = {"mode": imported.request.mode, **with_names(service, by_upload(fields))}
        left = [
            Left(name=one.name, value=shown(one.value), reason=one.reason, note=one.is_note) for one in imported.left
        ]
    return Settings(
        program=f"{found.program} {found.version}".strip(),
        prompt=found.prompt,
        negative_prompt=found.negative_prompt,
        mode=str(request["mode"]) if request is not None else "txt2img",
        request=request,
        parameters=found.text[:LONGEST_TEXT],
        left=left,
    )


def shown(value: object) -> str:
    """`value` as people read it, not too long."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]} …"
    return shorten(value) if value is not None else ""


def with_names(service: Service, fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` with the model by its name in the library, and not by its path."""
    paths = {str(path): name for name, path in service.library.models()}
    return {**fields, "model": paths.get(fields["model"], fields["model"])} if "model" in fields else fields

"""The answers of the native API."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, Field

from sdplay.server.notes import Note, messages, note_of
from sdplay.server.problems import Problem
from sdplay.server.records import GONE, HERE, TRASH, Job, State, StoredPicture, Upload
from sdplay.server.service import Service
from sdplay.server.shown import shown_request, size_of_job, words_of_job

PICTURE_ROUTE, JOB_ROUTE, UPLOAD_ROUTE = "/api/v1/pictures", "/api/v1/jobs", "/api/v1/uploads"

PLACES: dict[int, Literal["here", "trash", "gone"]] = {HERE: "here", TRASH: "trash", GONE: "gone"}


class Failure(Problem):
    """The first problem, and all of them where there are several."""

    problems: list[Problem] | None = None


class ErrorAnswer(BaseModel):
    """Why a request was refused."""

    error: Failure


class PictureAnswer(BaseModel):
    """A finished picture, or a film. `digest` is the sha256 of its pixels, `recipe` that of what they were made from:
    equal recipes draw equal pictures. One that was put into a folder has "" for its job, and for what it does not say.
    """

    id: int
    job: str
    index: int
    file: str = Field(description="Where the file itself is.")
    thumbnail: str
    made_from: str = Field(description="Where its recipe is.")
    media_type: str
    width: int
    height: int
    seed: int
    digest: str
    recipe: str
    prompt: str
    model: str
    seconds: float
    created: float = Field(description="Seconds since 1970.")
    name: str = Field(description="The name of its file.")
    negative_prompt: str
    program: str = Field(description="The program that wrote it.")
    starred: bool
    rating: int
    place: Literal["here", "trash", "gone"] = Field(description="Gone: somebody took its file away.")
    removed: float | None = Field(description="Since when it is not here.")
    bytes: int
    film: bool


class PictureList(BaseModel):
    """The newest first, or as asked for; `next` is the `before` of the next page, null on the last one, and where
    `offset` or `sort` was given. `total`, if it was asked for, is how many there are on all pages, and `last` the
    highest number that any picture has: `upto` that, the list stays the same while more are drawn.
    """

    pictures: list[PictureAnswer]
    next: int | None
    total: int | None = None
    last: int | None = None


class Step(BaseModel):
    """How far the pictures at work are."""

    step: int | None = None
    steps: int | None = None
    done: int | None = Field(default=None, description="Frames of a film that are on the disk.")
    seconds_left: float | None = None


class JobSummary(BaseModel):
    """A job, without its request and its pictures."""

    id: str
    url: str
    events: str = Field(description="Where what happens to it is told.")
    mode: str
    words: str = Field(description="Its prompts, cut short.")
    width: int = Field(description="Of its pictures; 0 where its request does not say.")
    height: int
    state: State
    total: int = Field(description="Pictures or frames that it makes.")
    done: int
    priority: int
    place: int | None = Field(default=None, description="How many jobs come before it, while it waits.")
    attempt: int
    deaths: int = Field(description="Processes that died drawing it since its last picture.")
    seed: int
    recipe: str
    source: str = Field(description="The entry point that it came through.")
    created: float
    started: float | None
    ended: float | None
    error: Problem | None
    notes: list[str] = Field(description="What `warnings` say, for people.")
    warnings: list[Note]


class JobAnswer(JobSummary):
    """A job. `request` can be sent again: it makes the same, bit for bit."""

    request: dict[str, Any]
    progress: Step | None = None
    pictures: list[PictureAnswer]


class JobList(BaseModel):
    """`next` is the `before` of the next page, null on the last one. `last_event`: listen after it to miss nothing."""

    jobs: list[JobSummary]
    next: str | None
    last_event: int


class UploadAnswer(BaseModel):
    """A file that was sent: requests name it by its `id`. A sound has no size."""

    id: str
    url: str
    media_type: str
    width: int
    height: int
    created: float


def job_summary(job: Job, place: int | None = None) -> dict[str, Any]:
    url = f"{JOB_ROUTE}/{job.id}"
    width, height = size_of_job(job)
    return {
        **{name: getattr(job, name) for name in JobSummary.model_fields if hasattr(job, name)},
        "url": url,
        "events": f"{url}/events",
        "place": place,
        "notes": messages(job.notes),
        "warnings": [*map(note_of, job.notes)],
        "words": words_of_job(job),
        "width": width,
        "height": height,
    }


def job_answer(service: Service, job: Job) -> JobAnswer:
    pictures = service.gallery.pictures(job=job.id, limit=max(job.total, 1))
    newest = service.hub.progress(job.id)
    return JobAnswer(
        **job_summary(job, service.queue.place(job.id) if job.state == "queued" else None),
        request=shown_request(job),
        progress=Step.model_validate(newest.data) if newest is not None and job.state == "running" else None,
        pictures=[picture_answer(picture) for picture in pictures],
    )


def picture_answer(picture: StoredPicture) -> PictureAnswer:
    url = f"{PICTURE_ROUTE}/{picture.id}"
    fields = {name: getattr(picture, name) for name in PictureAnswer.model_fields if hasattr(picture, name)}
    version = f"?v={picture.changed:x}" if picture.changed else ""
    fields |= {"file": f"{url}/file", "thumbnail": f"{url}/thumbnail{version}", "made_from": f"{url}/recipe"}
    fields |= {"name": file_name(picture), "place": PLACES[picture.place], "film": picture.is_film}
    return PictureAnswer(**fields)


def file_name(picture: StoredPicture) -> str:
    """What a picture's file is called; that of a film is named after its job."""
    path = PurePosixPath(picture.file)
    return path.name if not picture.is_film else f"{path.parent.name}{path.suffix}"


def upload_answer(upload: Upload) -> UploadAnswer:
    fields = {name: getattr(upload, name) for name in UploadAnswer.model_fields if hasattr(upload, name)}
    return UploadAnswer(**fields, url=f"{UPLOAD_ROUTE}/{upload.id}")

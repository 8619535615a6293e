"""Films: their frames while they grow, and what helps to think one up: curves, moves, sound, drafts, settings files."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import closing
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import iterate_in_threadpool

from sdplay.core.errors import BadRequest
from sdplay.server.film_curves import CurvesAnswer, curves_of
from sdplay.server.film_settings import ExportedFilm, ImportedFilm, Kind, export_film, import_film
from sdplay.server.films import (
    FILM_MODES,
    film_facts,
    film_folder,
    frame_path,
    frame_picture,
    frames_there,
    words_asked,
)
from sdplay.server.http.bodies import JsonObject
from sdplay.server.http.native.answers import JOB_ROUTE, JobSummary, PictureAnswer, job_summary, picture_answer
from sdplay.server.http.native.context import JobName, PageSize, Responses, ServiceHere, UploadName, at_leisure, next_of
from sdplay.server.http.native.jobs import parted
from sdplay.server.http.native.pictures import FOREVER
from sdplay.server.http.native.schema import json_body
from sdplay.server.motion import Motion
from sdplay.server.plans import draft_film
from sdplay.server.records import Job
from sdplay.server.service import NotFound, Service
from sdplay.server.sound import MOST_POINTS, SoundFacts, sound_facts

router = APIRouter(tags=["films"])
LARGEST_SIDE = 1024
FRAME: Responses = {200: {"description": "A frame.", "content": {"image/png": {}, "image/webp": {}}}}
MOVES: Responses = {
    200: {
        "description": "One frame after another: its number and the length of its JPEG, each 4 bytes, the lowest "
        "first; then the JPEG.",
        "content": {"application/octet-stream": {}},
    }
}


class FilmAnswer(JobSummary):
    """A job that makes a film. `first` and `last` are the frames that are drawn, of `frames` that the film would have;
    width and height are 0 while it waits and the model decides; `picture` is the finished film.
    """

    prompt: str = Field(description="All its prompts.")
    frames: int
    first: int
    last: int
    fps: float
    seconds: float
    thumbnail: str | None = Field(description="Its first frame, once there is one.")
    picture: PictureAnswer | None


class FilmList(BaseModel):
    """The newest first; `next` is the `before` of the next page, null on the last one."""

    films: list[FilmAnswer]
    next: str | None


class FramesAnswer(BaseModel):
    """Which frames of a film are on the disk: stretches of first and last. `frame` is where one is, by {index}."""

    frames: int
    first: int
    last: int
    fps: float
    there: list[tuple[int, int]]
    frame: str


class DraftAnswer(BaseModel):
    """The same film in a fraction of the time: the fields that it has otherwise, and what that means."""

    changes: dict[str, Any]
    says: list[str]


@router.get("/films")
def list_films(
    service: ServiceHere,
    before: Annotated[str | None, Query(max_length=64, description="`next` of the page before.")] = None,
    limit: PageSize = 50,
) -> FilmList:
    """Films, the newest first, and those that wait or grow."""
    jobs = service.queue.jobs(modes=FILM_MODES, before=before, limit=limit)
    return FilmList(films=[film_answer(service, job) for job in jobs], next=next_of(jobs, limit))


@router.get("/films/{name}")
def get_film(service: ServiceHere, name: JobName) -> FilmAnswer:
    """A film."""
    return film_answer(service, film_job(service, name))


@router.get("/films/{name}/frames")
def get_frames(service: ServiceHere, name: JobName) -> FramesAnswer:
    """The frames of a film that are there, while it grows and afterwards."""
    job = film_job(service, name)
    facts = film_facts(job)
    return FramesAnswer(
        frames=facts.frames,
        first=facts.first,
        last=facts.last,
        fps=facts.fps,
        there=frames_there(film_folder(job)),
        frame=f"{FILM_ROUTE}/{job.id}/frames/{{index}}",
    )


@router.get("/films/{name}/frames/{index}", response_class=Response, responses=FRAME)
async def get_frame(
    service: ServiceHere,
    name: JobName,
    index: Annotated[int, Path(ge=0, lt=10**9, description="The number of a frame.")],
    side: Annotated[int | None, Query(ge=16, le=LARGEST_SIDE, description="A WebP of up to so many pixels.")] = None,
) -> Response:
    """A frame of a film as it was drawn, or small."""

    def read() -> tuple[bytes, str]:
        try:
            return frame_picture(frame_path(film_folder(film_job(service, name)), index), side)
        except BadRequest as error:
            raise NotFound(error.reason, field="frame", value=index) from None

    content, media_type = await at_leisure(read)
    return Response(content, media_type=media_type, headers={"Cache-Control": FOREVER})


@router.post("/curves", openapi_extra=json_body("AnimateRequest"))
async def get_curves(
    service: ServiceHere,
    body: JsonObject,
    only: Annotated[list[str] | None, Query(max_length=50, description="Only these schedules.")] = None,
) -> CurvesAnswer:
    """The schedules of an animation, each with its values and with what is wrong with it; nothing is drawn."""
    _, _, fields = parted(body)
    return await at_leisure(curves_of, fields, service.find_upload, only or (), service.limits.frames)


@router.post("/motion", response_class=StreamingResponse, responses=MOVES, openapi_extra=json_body("MotionRequest"))
async def show_motion(service: ServiceHere, body: JsonObject, request: Request) -> StreamingResponse:
    """The moves of the camera alone, on a test card or a picture, as small frames; nothing is drawn."""
    asked = Motion(**body)

    def begin() -> Generator[bytes]:
        recipe, total = service.motion.recipe(asked.request, lambda mode, fields: service.request_of(mode, fields))
        task = service.motion.task(recipe, asked, total, picture_file(service, asked.picture))
        return service.motion.show(task, asked.viewer)

    frames = await at_leisure(begin)
    return StreamingResponse(
        while_wanted(request, frames), media_type="application/octet-stream", headers={"Cache-Control": "no-store"}
    )


@router.post("/draft", openapi_extra=json_body("JobRequest"))
async def draft(service: ServiceHere, body: JsonObject) -> DraftAnswer:
    """What a draft of a film changes, and what that means."""
    mode, _, fields = parted(body)
    made = await at_leisure(draft_film, service, mode, fields)
    return DraftAnswer(changes=dict(made.changes), says=list(made.says))


@router.post("/settings/read", openapi_extra=json_body("SettingsFile"))
async def read_settings_file(body: JsonObject) -> ImportedFilm:
    """The settings of a film in the text of a file: Deforum's, the original's config.py, JSON, YAML or TOML. Nothing in
    it is ever run.
    """
    name, text = body.get("name", "settings"), body.get("text")
    if not isinstance(name, str) or not isinstance(text, str):
        raise BadRequest("is not text", field="name" if isinstance(text, str) else "text")
    return await at_leisure(import_film, name[:200], text)


@router.post("/settings/write", openapi_extra=json_body("JobRequest"))
async def write_settings_file(
    service: ServiceHere,
    body: JsonObject,
    kind: Annotated[
        Kind, Query(description="Deforum's settings, the original's config.py, or a job as JSON.")
    ] = "json",
) -> ExportedFilm:
    """A film as a file of settings."""
    mode, _, fields = parted(body)
    return await at_leisure(export_film, kind, mode, service.without_options(mode, fields), service.find_upload)


@router.get("/uploads/{name}/sound")
async def get_sound(
    service: ServiceHere,
    name: UploadName,
    start: Annotated[float, Query(ge=0, le=86_400, description="Second at which it begins.")] = 0.0,
    points: Annotated[int, Query(ge=16, le=MOST_POINTS, description="Of the waveform.")] = 1000,
) -> SoundFacts:
    """The waveform of a sound that was sent, its onsets and its beat."""
    return await at_leisure(lambda: sound_facts(service.file_of(service.upload(name)), start, points))


FILM_ROUTE: Literal["/api/v1/films"] = "/api/v1/films"


def film_job(service: Service, name: str) -> Job:
    """The job `name`; raises `NotFound` for one that makes no film."""
    job = service.job(name)
    if job.mode not in FILM_MODES:
        raise NotFound("it makes no film", field="job", value=name, hint=f"its pictures are at {JOB_ROUTE}/{name}")
    return job


def film_answer(service: Service, job: Job) -> FilmAnswer:
    facts, pictures = film_facts(job), service.gallery.pictures(job=job.id, limit=1)
    there = frames_there(film_folder(job))
    summary = job_summary(job, service.queue.place(job.id) if job.state == "queued" else None)
    summary |= {"width": facts.width, "height": facts.height}
    return FilmAnswer(
        **summary,
        prompt=words_asked(job),
        frames=facts.frames,
        first=facts.first,
        last=facts.last,
        fps=facts.fps,
        seconds=round((facts.last - facts.first + 1) / facts.fps, 3),
        thumbnail=f"{FILM_ROUTE}/{job.id}/frames/{there[0][0]}?side=320" if there else None,
        picture=picture_answer(pictures[0]) if pictures else None,
    )


def picture_file(service: Service, picture: int | str | None) -> FilePath | None:
    """The file of a picture that is named as a number, or as an upload; raises `BadRequest` for one that is none."""
    if picture is None:
        return None
    stored = service.upload(picture) if isinstance(picture, str) else service.picture(picture)
    if not stored.media_type.startswith("image/"):
        raise BadRequest("is no picture", field="picture", value=picture)
    return service.file_of(stored)


async def while_wanted(request: Request, frames: Generator[bytes]) -> AsyncGenerator[bytes]:
    """`frames`, as long as somebody takes them."""
    with closing(frames):
        async for frame in iterate_in_threadpool(frames):
            if await request.is_disconnected():
                return
            yield frame

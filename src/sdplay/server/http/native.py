"""`/api/v1`: jobs, events, pictures, uploads. The body of a job is the request of its mode, with the same names."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Request, Response
from fastapi.responses import FileResponse

from sdplay.server.records import Job, StoredPicture
from sdplay.server.service import Service

router = APIRouter(prefix="/api/v1")


def the_service(request: Request) -> Service:
    return request.app.state.service


ServiceHere = Annotated[Service, Depends(the_service)]


@router.post("/jobs", status_code=202)
def submit(
    service: ServiceHere,
    response: Response,
    body: Annotated[dict[str, Any], Body()],
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> dict[str, Any]:
    mode, priority = body.pop("mode", "txt2img"), body.pop("priority", 0)
    accepted = service.submit(mode, body, key=idempotency_key, priority=priority)
    response.headers["Location"] = f"/api/v1/jobs/{accepted.job.id}"
    return job_data(service, accepted.job)


@router.get("/jobs/{name}")
def job(service: ServiceHere, name: str) -> dict[str, Any]:
    return job_data(service, service.job(name))


@router.get("/pictures/{number}/file")
def picture_file(service: ServiceHere, number: int) -> FileResponse:
    picture = service.picture(number)
    return FileResponse(service.file_of(picture), media_type=picture.media_type)


def job_data(service: Service, job: Job) -> dict[str, Any]:
    """A job as clients see it."""
    pictures = service.gallery.pictures(job=job.id, limit=max(job.total, 1))
    return {
        "id": job.id,
        "url": f"/api/v1/jobs/{job.id}",
        "mode": job.mode,
        "state": job.state,
        "total": job.total,
        "done": job.done,
        "deaths": job.deaths,
        "seed": job.seed,
        "error": job.error,
        "pictures": [picture_data(picture) for picture in pictures],
    }


def picture_data(picture: StoredPicture) -> dict[str, Any]:
    return {"id": picture.id, "index": picture.index, "seed": picture.seed, "digest": picture.digest}

"""What clients are answered: pictures as addresses and as text."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

from fastapi import Request

from sdplay.server.http.native.answers import PICTURE_ROUTE
from sdplay.server.http.openai.errors import openai_shape
from sdplay.server.http.openai.fields import ImageFields
from sdplay.server.records import Job, StoredPicture
from sdplay.server.service import Service

NO_TOKENS = {
    "input_tokens": 0,
    "output_tokens": 0,
    "total_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
}
FAILED = {"disk-full": 507, "cancelled": 409}
CANCELLED = {"code": "cancelled", "message": "the job was cancelled"}
NO_RETRY = {"x-should-retry": "false"}  # OpenAI's clients would ask for the same twice more


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was asked, and where the service is, as the client calls it."""

    service: Service
    asked: ImageFields
    address: str

    @classmethod
    def to(cls, request: Request, service: Service, asked: ImageFields) -> Answer:
        return cls(service=service, asked=asked, address=str(request.base_url).rstrip("/"))

    def images(self, job: Job) -> dict[str, Any]:
        """The answer once a job is completed."""
        pictures = self.service.gallery.pictures(job=job.id, limit=job.total)
        return {"created": int(time.time()), "data": [self.image(each) for each in pictures], **self.about(pictures)}

    def image(self, picture: StoredPicture) -> dict[str, Any]:
        """A picture as the client wants it, both ways where it does not say; its seed draws it again."""
        wanted, data = self.asked.response_format, dict[str, Any]()
        if wanted != "b64_json":
            data["url"] = f"{self.address}{PICTURE_ROUTE}/{picture.id}/file"
        if wanted != "url":
            data["b64_json"] = self.content(picture)
        return data | {"id": picture.id, "seed": picture.seed}

    def content(self, picture: StoredPicture) -> str:
        return base64.b64encode(self.service.file_of(picture).read_bytes()).decode()

    def about(self, pictures: list[StoredPicture]) -> dict[str, Any]:
        size = f"{pictures[0].width}x{pictures[0].height}" if pictures else self.asked.size
        return {**self.options(size), "usage": NO_TOKENS}

    def options(self, size: str) -> dict[str, Any]:
        asked = self.asked
        return {
            "background": "opaque",
            "output_format": asked.output_format,
            "quality": asked.quality,
            "size": size,
        }


def failure(job: Job) -> tuple[int, dict[str, Any]]:
    """(status, body) for a job that was cancelled or failed."""
    problem = (job.error or CANCELLED) if job.state == "failed" else CANCELLED
    status = FAILED.get(problem["code"], 500)
    return status, openai_shape(status, [problem])

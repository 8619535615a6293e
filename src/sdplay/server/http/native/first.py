"""What the page shows before it has asked for anything."""

from __future__ import annotations

from typing import Any

from sdplay.server.filters import PictureFilter
from sdplay.server.http.native.about import capabilities, models, samplers, schedules, status, upscalers
from sdplay.server.http.native.pictures import list_pictures
from sdplay.server.http.native.queue import queue_answer
from sdplay.server.service import Service

NEWEST = 60  # pictures
WAITING = 200  # jobs


def first(service: Service) -> dict[str, Any]:
    """The answers of these addresses, by their names; `last_event` of the queue is where listening begins."""
    answers = {
        "queue": queue_answer(service, WAITING),
        "status": status(service),
        "capabilities": capabilities(service),
        "models": models(service),
        "samplers": samplers(),
        "schedules": schedules(),
        "upscalers": upscalers(),
        "pictures": list_pictures(service, PictureFilter(), limit=NEWEST),
    }
    return {name: answer.model_dump(mode="json") for name, answer in answers.items()}

"""From words and fields to requests: which mode they mean, and many at once from folders and lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sdplay.images.inputs import pictures_in
from sdplay.requests.request import AnyStill, make_request


def requests_for(kind: type[AnyStill], prompts: Sequence[str], fields: Mapping[str, Any]) -> list[AnyStill]:
    """One request for every picture and every prompt, all of them checked before any is drawn.

    `image` may be a folder: then each picture in it, sorted by name. Raises `BadRequest` and its kinds.
    """
    plain = {name: str(value) if isinstance(value, Path) else value for name, value in fields.items()}
    image = plain.get("image")
    given = [plain] if image is None else [{**plain, "image": path} for path in pictures_in(image)]
    return [make_request(kind, **{**each, "prompt": prompt}) for each in given for prompt in prompts]

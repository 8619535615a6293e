"""The files a film is made from: a clip, a sound, pictures; what they settle, and whether they are still the same."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, TypeVar

from sdplay.core.errors import BadRequest, NotReproduced, together
from sdplay.core.sample import Asset, ClipAsset, FileAsset
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.index import probe
from sdplay.images.inputs import make_asset
from sdplay.requests.modes import named_files
from sdplay.requests.recipe import Recipe

F = TypeVar("F", bound=Film)
PICTURES = ("init_image", "color_image")
WITHOUT_SIZE = {"audio": "", "depth_model": "model.safetensors"}  # the file below the path that tells them apart


def film_files(request: F) -> tuple[F, dict[str, Asset]]:
    """`request` with what its clip settles (frames and pace), and an asset for each file it names, by role.

    Raises `BadRequest` for a file that is gone or is no such thing, before anything is drawn.
    """
    assets: dict[str, Asset] = {}
    closed: dict[str, Any] = {}
    problems: list[BadRequest] = []
    for role, path in named_files(request).items():
        try:
            if role in PICTURES:
                assets[role] = make_asset(role, path)
            elif role in WITHOUT_SIZE:
                digest = file_digest(Path(path, WITHOUT_SIZE[role]), role)
                assets[role] = FileAsset(path=path, digest=digest)
            elif isinstance(request, Animate) and request.of_clip:
                assets[role], closed = clip_asset(request)
        except BadRequest as error:
            problems.append(error)
    if isinstance(request, Animate) and request.of_clip and not request.video_init_path:
        reason, hint = "Video Input needs a clip", "give video_init_path=FILE"
        problems.append(BadRequest(reason, field="video_init_path", value="", hint=hint))
    if problems:
        raise together(problems)
    return request.model_copy(update=closed), assets


def clip_asset(request: Animate) -> tuple[ClipAsset, dict[str, Any]]:
    """The clip as an asset, and the fields of `request` that it settles: how many frames, and how fast."""
    path = Path(request.video_init_path)
    facts = probe(path)
    with clip_reader(request, path) as reader:
        frames = reader.count() - request.crossfade
    if frames < 1:
        reason = f"the clip has only {frames + request.crossfade} frames to take"
        raise BadRequest(reason, field="loop_mode", value=request.loop_mode, hint="choose a shorter crossfade")
    frames = frames if request.max_frames is None else min(frames, request.max_frames)
    rate = request.fps if request.fps is not None else str(facts.fps / request.extract_nth_frame)
    asset = ClipAsset(path=request.video_init_path, digest=facts.digest, width=facts.width, height=facts.height)
    return asset, {"max_frames": frames, "fps": rate}


def clip_reader(request: Animate, path: Path) -> ClipReader:
    """The frames of the clip at `path` that `request` takes."""
    return ClipReader(
        path, request.extract_from_frame, request.extract_to_frame, request.extract_nth_frame, request.video_sampling
    )


def file_digest(path: Path, role: str) -> str:
    """sha256 of a file, hex; raises `BadRequest` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadRequest(f"cannot be read: {error.strerror or error}", field=role, value=str(path)) from None


def check_files(recipe: Recipe) -> None:
    """Raise `NotReproduced` where a file is no longer what `recipe` was made with, `BadRequest` where it is gone."""
    request = recipe.request
    assert isinstance(request, Film)
    _, found = film_files(request)
    for role, asset in recipe.assets.items():
        if found[role].digest != asset.digest:
            raise NotReproduced(
                f"{asset.path!r} is not the {role} that the film was begun with "
                f"(sha256 {found[role].digest[:10]}, then {asset.digest[:10]})",
                hint="put the old file back, or begin a new film",
            )

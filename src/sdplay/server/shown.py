"""What is told to clients of what the service keeps: files by the ids of uploads, and no folder of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

from sdplay.images.infotext import infotext
from sdplay.images.own import read_own
from sdplay.library.card import shipped_cards
from sdplay.requests.enlarge import beyond
from sdplay.requests.modes import ROLES, request_type
from sdplay.requests.recipe import Recipe
from sdplay.requests.stills import Still
from sdplay.server.clients import GRID, OWN
from sdplay.server.grids import BASE, DRAWN
from sdplay.server.records import Job
from sdplay.version import VERSION

UPLOADS = "uploads"
MOST_WORDS = 300  # of a job, in a list of jobs
# What a recipe says in the words of requests.
EXACT = ("seed", "width", "height", "steps", "guidance_scale", "sampler", "schedule")


def shown_request(job: Job) -> dict[str, Any]:
    """The request of `job` with nothing left open: sent again, it makes the same."""
    kept = job.request
    whole = kept.get("recipe")
    fields = fields_of(job.mode, whole, job.total) if whole is not None else by_upload(kept.get("fields", {}))
    return {
        "mode": job.mode,
        **fields,
        **{name: kept[name] for name in ("preview", "format", "frames", GRID) if name in kept},
    }


def words_of_job(job: Job) -> str:
    """What a job is about, in its own words: its prompt, or those of a film; "" for one that has none."""
    kept = cast("dict[str, Any]", job.request.get("recipe") or job.request.get("fields") or {})
    listed: list[Any] = [kept.get("prompt") or job.request.get("prompt"), *(kept.get("prompts") or ())]
    listed += [key.get("prompt") for key in cast("list[dict[str, Any]]", kept.get("keyframes") or [])]
    return " | ".join(str(text) for text in listed if text)[:MOST_WORDS]


def size_of_job(job: Job) -> tuple[int, int]:
    """Width and height of the pictures of a job, (0, 0) where it does not say; of a grid those of the first."""
    written = job.request.get(DRAWN, job.request).get(BASE)
    kept = cast("dict[str, Any]", written or job.request.get("fields") or {})
    kept = kept.get("enlargement") or kept
    return int(kept.get("width") or 0), int(kept.get("height") or 0)


def fields_of(mode: str, recipe: Mapping[str, Any], total: int) -> dict[str, Any]:
    """The fields of the request that a picture's recipe, as it is written, was made from."""
    names = request_type(mode).model_fields.keys() - OWN - {"mode"}
    fields = {name: value for name, value in recipe.items() if name in names | set(EXACT)} | size_of(recipe)
    return by_upload({**fields, "model": recipe["model"]["name"], "num": total})


def size_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that give a picture its size again if that is more than its model draws: it was enlarged, or drawn
    `anyway`.
    """
    larger, card = recipe.get("enlargement"), shipped_cards().get(recipe["model"]["name"])
    if larger is not None:
        return {"width": larger["width"], "height": larger["height"]}
    return {"anyway": True} if card is not None and beyond(Recipe.from_dict(dict(recipe)), card) else {}


def by_upload(fields: Mapping[str, Any]) -> dict[str, Any]:
    """`fields` with the id of an upload in the place of each file."""
    return {name: upload_id(value) if name in ROLES else value for name, value in fields.items() if name not in OWN}


def upload_id(value: Any) -> Any:
    """The id of the upload that is kept as the file `value`; what is no path of a file as it is."""
    if not isinstance(value, str):
        return value
    path = PurePosixPath(value)
    return path.stem if path.parts[:1] == (UPLOADS,) else path.name


def recipe_of(file: Path, job: Job | None) -> dict[str, Any]:
    """What the picture or film `file` was made from, as data; raises `BadRequest` for a file that does not say."""
    if (file.parent / "job.json").exists():
        return film_recipe(file.parent, job)
    embedded = read_own(file)[0]
    recipe, seed = embedded.recipe, embedded.recipe.seed + embedded.index
    mode = recipe.request.mode
    return {
        "mode": mode,
        "index": embedded.index,
        "digest": recipe.digest,
        "recipe": without_paths(recipe),
        "request": {"mode": mode, **fields_of(mode, recipe.to_dict(), 1), "seed": seed},
        "parameters": infotext(recipe, embedded.index, VERSION) if isinstance(recipe.request, Still) else None,
        "enlarged": [one.to_dict() for one in embedded.enlarged],
    }


def film_recipe(folder: Path, job: Job | None) -> dict[str, Any]:
    from sdplay.film.job.description import described_recipe
    from sdplay.film.job.folder import JobFolder

    recipe = described_recipe(JobFolder.open(folder).description)
    return {
        "mode": recipe.request.mode,
        "index": 0,
        "digest": recipe.digest,
        "recipe": without_paths(recipe),
        "request": shown_request(job) if job is not None else None,
        "parameters": None,
        "enlarged": [],
    }


def without_paths(recipe: Recipe) -> dict[str, Any]:
    """`recipe` as it is written, with the ids of uploads in the place of paths."""
    written = recipe.to_dict()
    for asset in cast("dict[str, dict[str, Any]]", written.get("assets", {})).values():
        asset["path"] = upload_id(asset["path"])
    return {name: upload_id(value) if name in ROLES else value for name, value in written.items()}

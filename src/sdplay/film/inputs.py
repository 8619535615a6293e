"""What a request for a film names, read before the first frame: its files, its depth model, styles and wildcards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from sdplay.core.errors import BadRequest, ModelNotFound, NotReproduced, together
from sdplay.core.sample import Asset, ClipAsset, FileAsset
from sdplay.core.seeding import SEEDS
from sdplay.files.model_files import read_json
from sdplay.files.regular import open_regular
from sdplay.film.plan import AnyFilm
from sdplay.film.prompt_track import joined_negative, prompt_pairs, split_negative
from sdplay.film.request import Film
from sdplay.film.request_animate import Animate
from sdplay.film.request_dream import Dream
from sdplay.film.video.decode import ClipReader
from sdplay.film.video.index import probe
from sdplay.images.inputs import make_asset
from sdplay.library.depth_models import BUILTIN_DEPTH, depth_place
from sdplay.prompts.styles import read_styles, styled
from sdplay.prompts.template import Wildcards, resolved
from sdplay.prompts.wildcards import read_wildcards
from sdplay.requests.base import make_request
from sdplay.requests.modes import named_files
from sdplay.requests.recipe import Recipe

DEFAULT_MODEL = "depth-anything/Depth-Anything-V2-Small-hf"  # Apache-2.0; the larger ones are not free for all uses
CONFIG, WEIGHTS = "config.json", "model.safetensors"
OWN_KIND = "sdplay_depth"  # of the program's own depth models, in their config.json
GUESS = "builtin"  # what recipes call the guess that lower is nearer: once nothing else came with the program
Cached = Callable[[str, str], object]
# (the field of a single picture that it is like, which prompt of the film it belongs to, the text) -> another text
Change = Callable[[str, int, str], str]
F = TypeVar("F", bound=Film)
PICTURES = ("init_image", "color_image")
WITHOUT_SIZE = {"audio": "", "depth_model": WEIGHTS}  # the file below the path that tells them apart


def read_files(request: Film) -> tuple[Film, dict[str, Asset]]:
    """As `modes.read_files`; raises `BadRequest` for a file that is gone or of another kind."""
    if isinstance(request, Animate) and (request.animation_mode == "3D" or request.save_depth_maps):
        request = request.model_copy(update={"depth_model": choose_depth(request.depth_model)})
    return film_files(request)


def film_files(request: F) -> tuple[F, dict[str, Asset]]:
    """`request` with what its clip decides (frames and pace), and an asset for each file it names, by role.

    Raises `BadRequest` for a file that is gone or of another kind, before anything is drawn.
    """
    assets: dict[str, Asset] = {}
    closed: dict[str, Any] = {}
    problems: list[BadRequest] = []
    for role, path in named_files(request).items():
        try:
            if role in PICTURES:
                assets[role] = make_asset(role, path)
            elif role in WITHOUT_SIZE:
                place = depth_place(path) if role == "depth_model" else Path(path)
                digest = file_digest(place / WITHOUT_SIZE[role], role)
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
    """The clip as an asset, and the fields of `request` that it decides: how many frames, and how fast."""
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
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadRequest(f"cannot be read: {error.strerror or error}", field=role, value=str(path)) from None


def check_files(recipe: Recipe) -> None:
    """Raise `NotReproduced` where a file is no longer what `recipe` was made with, `BadRequest` where it is gone."""
    request = recipe.request
    assert isinstance(request, Film)
    _, assets = film_files(request)
    for role, asset in recipe.assets.items():
        if assets[role].digest != asset.digest:
            raise NotReproduced(
                f"{asset.path!r} is not the {role} that the film was begun with "
                f"(sha256 {assets[role].digest[:10]}, then {asset.digest[:10]})",
                hint="put the old file back, or begin a new film",
            )


def with_prompts(request: AnyFilm, change: Change) -> AnyFilm:
    """`request` with all its prompts and negative prompts as `change` makes them; itself where they stay as they are.

    Prompts of an animation that cannot be read stay as they are: they are reported with all else that is wrong.
    """
    fields: dict[str, Any] = {"negative_prompt": change("negative_prompt", 0, request.negative_prompt)}
    if isinstance(request, Dream):
        fields["prompts"] = tuple(change("prompt", number, text) for number, text in enumerate(request.prompts))
        fields["keyframes"] = tuple(
            key.model_copy(
                update={
                    "prompt": change("prompt", number, key.prompt),
                    "negative": None if key.negative is None else change("negative_prompt", number, key.negative),
                }
            )
            for number, key in enumerate(request.keyframes)
        )
    else:
        try:
            pairs = prompt_pairs(request.animation_prompts)
            texts = [(frame, _both(text, number, change)) for number, (frame, text) in enumerate(pairs)]
        except BadRequest as error:
            if error.field != "animation_prompts":
                raise
            return request
        if texts != pairs:
            fields["animation_prompts"] = json.dumps(texts, ensure_ascii=False)
    if all(getattr(request, name) == value for name, value in fields.items()):
        return request
    return make_request(type(request), **{**request.model_dump(), **fields})


def _both(text: str, number: int, change: Change) -> str:
    """A prompt of an animation, with the negative prompt in it."""
    prompt, negative = split_negative(text)
    said = None if negative is None else change("negative_prompt", number, negative)
    changed = change("prompt", number, prompt)
    return text if (changed, said) == (prompt, negative) else joined_negative(changed, said)


def expand_prompts(request: AnyFilm, known: Wildcards | None, seed: int) -> tuple[AnyFilm, dict[str, tuple[str, ...]]]:
    """As `modes.expand_prompts`: styles are put in and choices made, so that no wildcards are left."""
    styles = read_styles(Path(request.styles_file)) if request.style else {}

    def with_styles(field: str, _: int, text: str) -> str:
        pair = (text, "") if field == "prompt" else ("", text)
        return styled(*pair, request.style, styles)[field != "prompt"]

    asked = with_prompts(request, with_styles).model_copy(update={"style": ()}) if request.style else request
    if asked.prompt_syntax == "plain":
        return asked, {}
    texts: list[str] = []
    with_prompts(asked, lambda _, __, text: texts.append(text) or text)
    lines = read_wildcards(texts, Path(request.wildcards), known)
    return with_prompts(asked, lambda field, number, text: resolved(text, lines, (seed + number) % SEEDS, field)), {}


def choose_depth(asked: str, cached: Cached | None = None) -> str:
    """What `asked` ("auto", "builtin", "guess", "none", a folder or a hub id) means on this machine, as recipes say it:
    the name of the program's own model, `GUESS`, "none", or the folder of a model. Nothing is fetched.

    "auto" is Depth Anything V2 Small if the hub's cache holds it and transformers, which runs it, is installed; else
    the program's own. `cached(repo, file)` is the hub's own look into its cache. Raises `ModelNotFound` for a folder
    or id that is not here, and `BadRequest` without transformers.
    """
    if asked == "auto":
        return str((has_depth_library() and _in_cache(DEFAULT_MODEL, cached)) or BUILTIN_DEPTH)
    if asked in (known := {"none": "none", "guess": GUESS, "builtin": BUILTIN_DEPTH, BUILTIN_DEPTH: BUILTIN_DEPTH}):
        return known[asked]
    path = Path(asked).expanduser()
    folder = path.resolve() if (path / CONFIG).is_file() else _in_cache(asked, cached)
    if folder is None:
        reason = "is not a folder of a depth model, and not in the hub's cache"
        hint = f"download it (hf download {DEFAULT_MODEL} is a good one), or take depth_model builtin"
        raise ModelNotFound(reason, field="depth_model", value=asked, hint=hint)
    if read_json(folder / CONFIG).get("model_type") != OWN_KIND:
        check_depth_library(asked)
    return str(folder)


def has_depth_library() -> bool:
    return find_spec("transformers") is not None


def check_depth_library(asked: str) -> None:
    """Raise `BadRequest` for the depth model `asked` where transformers is not installed."""
    if not has_depth_library():
        raise BadRequest(
            "a depth model needs transformers, which is not installed",
            field="depth_model",
            value=asked,
            hint='pip install "sdplay[depth]", or take depth_model builtin',
        )


def _in_cache(name: str, cached: Cached | None) -> Path | None:
    if cached is None:
        from huggingface_hub import try_to_load_from_cache

        cached = try_to_load_from_cache
    try:
        config, weights = (cached(name, file) for file in (CONFIG, WEIGHTS))
    except ValueError:  # an impossible id cannot be in the cache
        return None
    # The hub's answer for a file known to be missing is neither a path nor None.
    return Path(config).parent if isinstance(config, str) and isinstance(weights, str) else None

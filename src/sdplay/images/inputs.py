"""The pictures a request names: read into a recipe as assets, and found again for it, wherever they are now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sdplay.core.errors import BadRequest, NotReproduced
from sdplay.core.sample import Asset, ImageAsset
from sdplay.images.mask import Mask, check_paints, read_mask, shaped
from sdplay.images.open import SUFFIXES
from sdplay.images.picture import pixel_digest
from sdplay.images.read import Pixels, read_image, read_without_profile
from sdplay.requests.base import Request
from sdplay.requests.given import PictureInMemory, PictureLike, as_picture
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.latents import as_latents, latents_asset
from sdplay.requests.modes import named_files
from sdplay.requests.recipe import Recipe

CALLED = {  # by role, in messages
    "image": "the picture",
    "mask": "the mask",
    "control_image": "the control image",
    "latents": "the latents",
}


def input_assets(request: Request) -> dict[str, Asset]:
    """The pictures a request names, read once: size and digest by role; raises `BadRequest` for one that is none."""
    paths = named_files(request)
    images = {role: make_asset(role, paths[role]) for role in ("image", "control_image") if role in paths}
    assets: dict[str, Asset] = {**images}
    if "latents" in paths:
        assets["latents"] = latents_asset(paths["latents"])
    if "mask" in paths and "image" in images:
        width, height = images["image"].width, images["image"].height
        mask = read_mask(paths["mask"], (width, height))
        assets["mask"] = ImageAsset(path=paths["mask"], digest=pixel_digest(mask), width=width, height=height)
    return assets


def read_pictures(request: Request) -> tuple[Request, dict[str, Asset]]:
    """As `modes.read_files`: `request` itself and the pictures that it names; a mask must paint something."""
    assets = input_assets(request)
    asset = assets.get("mask")
    if isinstance(request, Inpaint) and isinstance(asset, ImageAsset) and not any(request.borders):
        mask = read_input_mask(asset, (asset.width, asset.height))
        check_paints(shaped(mask, invert=request.mask_invert, grow=request.mask_grow), asset.path)
    return request, assets


def make_asset(role: str, path: str) -> ImageAsset:
    """The picture at `path`, read once for its size and digest."""
    pixels = read_image(path, role)
    height, width = pixels.shape[:2]
    return ImageAsset(path=path, digest=pixel_digest(pixels), width=width, height=height)


def pictures_in(path: str) -> list[str]:
    """`path` itself, or the pictures in it, sorted by name, where it is a folder; raises `BadRequest` for none."""
    if isinstance(path, PictureInMemory) or "\0" in path or not (folder := Path(path)).is_dir():
        return [path]
    found = [file for file in sorted(folder.iterdir()) if file.suffix.casefold() in SUFFIXES and file.is_file()]
    if not found:
        hint = f"pictures end in {', '.join(SUFFIXES)}"
        raise BadRequest("the folder holds no picture", field="image", value=path, hint=hint)
    return [str(file) for file in found]


def with_inputs(recipe: Recipe, where: Mapping[str, PictureLike | None]) -> Recipe:
    """`recipe` with the given pictures found `where` they are now (paths, or pictures), by role, and where they were
    for the rest.

    Raises `NotReproduced` when one is not the picture it was drawn from, and `BadRequest` when it cannot be read.
    """
    moved = {role: given_picture(role, picture) for role, picture in where.items() if picture is not None}
    if strange := moved.keys() - recipe.assets.keys():
        role = min(strange)
        raise BadRequest(f"it was drawn without {CALLED[role]}", field=role, value=moved[role])
    request = recipe.request.model_copy(update=moved)
    try:
        found = input_assets(request)
    except BadRequest as error:
        role = str(error.field)
        hint = f"say with `{role}` where {CALLED[role]} it was drawn from is now"
        raise BadRequest(error.reason, field=role, value=error.value, hint=hint) from None
    for role, asset in recipe.assets.items():
        if found[role].digest != asset.digest:
            if isinstance(asset, ImageAsset) and is_without_profile(found[role].path, role, asset):
                raise NotReproduced(
                    f"{found[role].path!r} has a colour profile, which was left out when it was drawn from",
                    hint="this version reads its true colours: draw it anew to have them",
                )
            raise NotReproduced(
                f"{found[role].path!r} is not {CALLED[role]} it was drawn from "
                f"(sha256 {found[role].digest[:10]}, then {asset.digest[:10]})",
                hint=f"point `{role}` at the file it was drawn from",
            )
    return replace(recipe, request=request, assets=found)


def is_without_profile(path: str, role: str, asset: ImageAsset) -> bool:
    """Whether the picture at `path` was that of `asset` when its colour profile counted for nothing, as it once did."""
    return role != "mask" and pixel_digest(read_without_profile(path, role)) == asset.digest


def given_picture(role: str, picture: PictureLike) -> str:
    """As `as_picture`; raises `BadRequest` for what is no picture."""
    try:
        return as_latents(picture) if role == "latents" else as_picture(picture)
    except ValueError as error:
        raise BadRequest(str(error), field=role, value=picture) from None


def read_input(asset: ImageAsset, role: str = "image") -> Pixels:
    """The pixels of a recipe's picture; raises `BadRequest` when the file is gone or holds another one."""
    pixels = read_image(asset.path, role)
    check_unchanged(asset, pixels, role)
    return pixels


def read_input_mask(asset: ImageAsset, size: tuple[int, int]) -> Mask:
    """The same for its mask, which must have the picture's `size`."""
    mask = read_mask(asset.path, size)
    check_unchanged(asset, mask, "mask")
    return mask


def check_unchanged(asset: ImageAsset, values: NDArray[np.uint8], field: str) -> None:
    if pixel_digest(values) != asset.digest:
        reason = "holds another picture than when the recipe was made"
        raise BadRequest(reason, field=field, value=asset.path, hint="give the picture it was made from")

"""The camera in space: a picture seen from a place moved and turned, given how far away each pixel is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sdplay.core.errors import BadRequest
from sdplay.film.camera.warp2d import Border, SamplingMode, sample

Geometry = Literal["deforum", "pinhole"]

UNITS_PER_DEPTH = 200  # translations and planes are given in units of which 200 are one depth (Disco Diffusion's scale)
NEAREST = 1e-3  # what comes closer to the camera than this, or behind it, is held here
SLOPE_REACH = 0.1  # the slope of a move is measured this far around the picture's centre, of 1 to its edge
FLATTEST = 1e-2  # a move that shrinks or blows up areas by more than this has no slope to go by
STRAIGHT = [[1.0, 0.0], [0.0, 1.0]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move3D:
    """One frame's move of the camera: translations in 1/200 of a depth, rotations in degrees.

    What the picture does: + translation_x moves it left, + y down, + z goes in; + rotation_x moves it down, + y left,
    + z turns it counter-clockwise.
    """

    translation_x: float = 0.0
    translation_y: float = 0.0
    translation_z: float = 0.0
    rotation_x: float = 0.0
    rotation_y: float = 0.0
    rotation_z: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A rigid motion of points written as rows: view = point @ `rotation` [3, 3] + `translation` [3], float64."""

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]

    @property
    def still(self) -> bool:
        return bool((self.rotation == np.eye(3)).all() and (self.translation == 0).all())


def identity() -> Pose:
    return Pose(np.eye(3), np.zeros(3))


def pose(move: Move3D) -> Pose:
    """The pose of one move: rotation about x, then y, then z, and translation (-x, +y, -z)/200."""
    translation = np.array([-move.translation_x, move.translation_y, -move.translation_z]) / UNITS_PER_DEPTH
    (cx, sx), (cy, sy), (cz, sz) = (
        (math.cos(math.radians(angle)), math.sin(math.radians(angle)))
        for angle in (move.rotation_x, move.rotation_y, move.rotation_z)
    )
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return Pose(about_x @ about_y @ about_z, translation)


def compose(first: Pose, then: Pose) -> Pose:
    """The pose that does `first` and then `then`."""
    return Pose(first.rotation @ then.rotation, first.translation @ then.rotation + then.translation)


def depth_of(
    nearness: NDArray[np.float32], geometry: Geometry, near_plane: float = 200, far_plane: float = 10000
) -> NDArray[np.float32]:
    """How far away each pixel is, [H, W], from its `nearness` (0 far, 1 near).

    "deforum" takes 2 - nearness, whatever the planes; "pinhole" spaces 1/depth evenly between the two planes, given
    in 1/200 of a depth, as depth models do. Raises `BadRequest` unless 0 < near_plane < far_plane.
    """
    if not near_plane > 0:
        raise BadRequest("must be above 0", field="near_plane", value=near_plane, hint="200 is usual")
    if not far_plane > near_plane:
        raise BadRequest(
            f"must be above near_plane ({near_plane:g})", field="far_plane", value=far_plane, hint="10000 is usual"
        )
    if geometry == "deforum":
        return 2 - nearness
    near, far = UNITS_PER_DEPTH / near_plane, UNITS_PER_DEPTH / far_plane
    return (1 / (far + nearness * (near - far))).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens:
    """The vertical field of view as a focal length, the picture's proportions, and which geometry bends the space."""

    focal: float
    aspect: float
    geometry: Geometry

    def offsets(self, x: Tensor, y: Tensor, z: Tensor, seen_from: Pose) -> tuple[Tensor, Tensor]:
        """How far the points at `x` and `y` (both in -1..1 across the picture) and depth `z` move on it, same units.

        f·view.xy/view.z - f·point.xy/point.z, x divided by the aspect; equals what pytorch3d's FoVPerspectiveCameras
        projects. "deforum" places points at (aspect·x, y, z), "pinhole" on the ray through their pixel.
        """
        r, t = seen_from.rotation.tolist(), seen_from.translation.tolist()
        across, down = x * self.aspect, y
        if self.geometry == "pinhole":
            across, down = across * z / self.focal, down * z / self.focal
        seen_x, seen_y, seen_z = (
            across * r[0][axis] + down * r[1][axis] + z * r[2][axis] + t[axis] for axis in range(3)
        )
        seen_z = seen_z.clamp_min(NEAREST)
        moved_x = self.focal * (seen_x / seen_z - across / z) / self.aspect
        moved_y = self.focal * (seen_y / seen_z - down / z)
        return moved_x, moved_y


def lens(fov: float, width: int, height: int, geometry: Geometry = "deforum") -> Lens:
    """The lens with a vertical field of view of `fov` degrees; raises `BadRequest` unless 0 < fov < 180."""
    if not 0 < fov < 180:
        raise BadRequest("must be between 0 and 180 degrees", field="fov", value=fov, hint="40 is usual")
    return Lens(focal=1 / math.tan(math.radians(fov) / 2), aspect=width / height, geometry=geometry)


def warp3d(
    pixels: Tensor,
    seen_from: Pose,
    depth: Tensor,
    *,
    through: Lens,
    iterations: int = 3,
    sampling_mode: SamplingMode = "bicubic",
    padding_mode: Border = "border",
) -> Tensor:
    """`pixels` float32 [H, W, 3] in 0..255 as `seen_from` there, `depth` float32 [H, W] above 0; one resample.

    A pixel's place in the old picture is where place + offset(place) meets the pixel, found in `iterations` steps. One
    step, with the offset of the pixel's own place, is Deforum's way and many pixels off in a large move; further ones
    are Newton's with the slope at the picture's centre. A pose that stands still gives back `pixels` exactly.
    """
    if seen_from.still:
        return pixels
    height, width = pixels.shape[:2]
    x, y = _centres(width, pixels.device)[None, :], _centres(height, pixels.device)[:, None]
    (xx, xy), (yx, yy) = _step(through, seen_from, depth) if iterations > 1 else STRAIGHT
    from_x, from_y, z = x.expand(height, width), y.expand(height, width), depth
    for step in range(iterations):
        if step:
            z = _bilinear(depth, from_x, from_y)
        moved_x, moved_y = through.offsets(from_x, from_y, z, seen_from)
        left_x, left_y = x - from_x - moved_x, y - from_y - moved_y
        from_x, from_y = from_x + xx * left_x + xy * left_y, from_y + yx * left_x + yy * left_y
    columns, rows = (from_x + 1) * (width / 2) - 0.5, (from_y + 1) * (height / 2) - 0.5
    return sample(pixels, columns, rows, mode=sampling_mode, border=padding_mode)


def _step(through: Lens, seen_from: Pose, depth: Tensor) -> list[list[float]]:
    """How far to go for what is left: the inverse slope of place + offset(place) at the picture's centre.

    Where the camera has turned so far away that this says nothing, steps are taken as they are.
    """
    beside = torch.tensor([[SLOPE_REACH, 0], [-SLOPE_REACH, 0], [0, SLOPE_REACH], [0, -SLOPE_REACH]]).double()
    z = torch.full((4,), float(depth.median()), dtype=torch.float64)
    landed = beside + torch.stack(through.offsets(beside[:, 0], beside[:, 1], z, seen_from), dim=-1)
    slope = ((landed[0::2] - landed[1::2]) / (2 * SLOPE_REACH)).T.numpy()
    if not FLATTEST < np.linalg.det(slope) < 1 / FLATTEST:
        return STRAIGHT
    return np.linalg.inv(slope).tolist()


def _centres(size: int, device: torch.device) -> Tensor:
    """The places of a row's pixels in -1..1."""
    return (2 * torch.arange(size, device=device, dtype=torch.float32) + 1) / size - 1


def _bilinear(values: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """`values` [H, W] at places in -1..1; beyond the edge they go on as it is."""
    grid = torch.stack((x, y), dim=-1)[None]
    return F.grid_sample(values[None, None], grid, mode="bilinear", padding_mode="border", align_corners=False)[0, 0]

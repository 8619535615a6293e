"""The camera in space: signs, the projection written out in full, and that degrees are degrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.camera.warp3d import Geometry, Lens, Move3D, Pose, compose, depth_of, identity, lens, pose, warp3d
from tests.support.dots import dot, place, scenery

WIDTH, HEIGHT = 96, 64
CENTRE = (47.5, 31.5)


def moved(x: int, y: int, depth: float = 1.0, geometry: Geometry = "deforum", **move: float) -> tuple[float, float]:
    """Where a dot at (x, y) of a 96x64 picture that is `depth` away goes."""
    through = lens(40, WIDTH, HEIGHT, geometry)
    picture, far = dot(WIDTH, HEIGHT, x, y), torch.full((HEIGHT, WIDTH), depth)
    options = {"iterations": 8, "sampling_mode": "bilinear", "padding_mode": "zeros"}
    return place(warp3d(picture, pose(Move3D(**move)), far, through=through, **options))


@pytest.mark.parametrize("geometry", ["deforum", "pinhole"])
@pytest.mark.parametrize(
    ("move", "start", "direction"),
    [
        ({"translation_x": 10}, (47, 31), (-1, 0)),  # the camera goes right, the picture left
        ({"translation_y": 10}, (47, 31), (0, 1)),
        ({"translation_z": 10}, (67, 31), (1, 0)),  # in: away from the centre
        ({"translation_z": 10}, (47, 11), (0, -1)),
        ({"translation_z": -10}, (67, 31), (-1, 0)),
        ({"rotation_x": 2}, (47, 31), (0, 1)),
        ({"rotation_y": 2}, (47, 31), (-1, 0)),
        ({"rotation_z": 5}, (67, 31), (0, -1)),  # counter-clockwise: what is right goes up
        ({"rotation_z": 5}, (47, 11), (-1, 0)),
    ],
)
def test_signs(geometry: Geometry, move: dict[str, float], start: tuple[int, int], direction: tuple[int, int]) -> None:
    x, y = moved(*start, geometry=geometry, **move)
    step = np.array([x - start[0], y - start[1]])
    along = float(step @ direction)
    assert along > 0.5
    assert abs(float(step @ direction[::-1])) < 0.3 * along


@pytest.mark.parametrize("mode", ["bicubic", "bilinear", "nearest"])
def test_standing_still_is_exact(mode: str) -> None:
    picture = torch.rand(40, 56, 3, generator=torch.Generator().manual_seed(0)) * 255
    depth = 1 + torch.rand(40, 56, generator=torch.Generator().manual_seed(1))
    seen = warp3d(picture, pose(Move3D()), depth, through=lens(40, 56, 40), sampling_mode=mode)  # type: ignore[arg-type]
    assert torch.equal(seen, picture)
    assert compose(identity(), pose(Move3D())).still
    assert not pose(Move3D(rotation_y=0.01)).still


def projected(points: np.ndarray, world_to_view: np.ndarray, fov: float, aspect: float) -> np.ndarray:
    """What pytorch3d's FoVPerspectiveCameras.transform_points does, in homogeneous rows: world, view, NDC.

    Its projection matrix K with znear 1, zfar 100: m00 = 2n/(right-left), m11 = 2n/(top-bottom), and a last row that
    puts the depth into w; here its aspect ratio is the picture's, with top = tan(fov/2)·n and right = top·aspect.
    """
    near, far = 1.0, 100.0
    top = math.tan(math.radians(fov) / 2) * near
    right = top * aspect
    k = np.zeros((4, 4))
    k[0, 0], k[1, 1] = 2 * near / (right + right), 2 * near / (top + top)
    k[2, 2], k[2, 3], k[3, 2] = far / (far - near), -(far * near) / (far - near), 1
    rows = np.concatenate([points, np.ones((*points.shape[:-1], 1))], axis=-1) @ world_to_view @ k.T
    return rows[..., :2] / rows[..., 3:]


def rotated(axis: str, degrees: float) -> np.ndarray:
    """pytorch3d's euler_angles_to_matrix, one axis at a time."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows = {"x": (1, 0, 0, 0, c, -s, 0, s, c), "y": (c, 0, s, 0, 1, 0, -s, 0, c), "z": (c, -s, 0, s, c, 0, 0, 0, 1)}
    return np.array(rows[axis]).reshape(3, 3)


def offsets_by_projection(
    x: np.ndarray, y: np.ndarray, z: np.ndarray, move: Move3D, lens_is: tuple[float, float, Geometry]
) -> np.ndarray:
    """Projected after the move less projected before it."""
    fov, aspect, geometry = lens_is
    reach = z * math.tan(math.radians(fov) / 2) if geometry == "pinhole" else np.ones_like(z)
    points = np.stack((x * aspect * reach, y * reach, z), axis=-1)
    after = np.eye(4)
    after[:3, :3] = rotated("x", move.rotation_x) @ rotated("y", move.rotation_y) @ rotated("z", move.rotation_z)
    after[3, :3] = -move.translation_x / 200, move.translation_y / 200, -move.translation_z / 200
    return projected(points, after, fov, aspect) - projected(points, np.eye(4), fov, aspect)


ANGLE = st.floats(-20, 20)
SHIFT = st.floats(-60, 60)


@given(
    move=st.builds(
        Move3D,
        translation_x=SHIFT,
        translation_y=SHIFT,
        translation_z=SHIFT,
        rotation_x=ANGLE,
        rotation_y=ANGLE,
        rotation_z=ANGLE,
    ),
    fov=st.floats(20, 90),
    size=st.sampled_from([(96, 64), (64, 64), (40, 100)]),
    geometry=st.sampled_from(["deforum", "pinhole"]),
)
def test_the_closed_form_is_the_whole_projection(
    move: Move3D, fov: float, size: tuple[int, int], geometry: Geometry
) -> None:
    width, height = size
    y, x = np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 9), indexing="ij")
    z = 1.5 + 0.5 * np.sin(3 * x + 2 * y)
    expected = offsets_by_projection(x, y, z, move, (fov, width / height, geometry))
    through = lens(fov, width, height, geometry)
    found = through.offsets(*(torch.from_numpy(each) for each in (x, y, z)), pose(move))
    near_camera = (np.abs(expected) > 50).any(axis=-1)  # held at NEAREST there, and far outside the picture
    assert np.abs(torch.stack(found, dim=-1).numpy() - expected)[~near_camera].max(initial=0) < 1e-6


@pytest.mark.parametrize(
    ("geometry", "move", "point", "offset"),
    [
        # By hand: fov 90 makes the focal length 1; a = 1.5.
        ("deforum", Move3D(translation_z=100), (0.5, -0.5, 1.0), (0.5, -0.5)),  # z 1 → 0.5: all is doubled
        ("deforum", Move3D(translation_x=60), (0.0, 0.0, 2.0), (-0.1, 0.0)),  # -0.3 / 2 / 1.5
        ("pinhole", Move3D(translation_y=50), (0.2, 0.4, 5.0), (0.0, 0.05)),  # 0.25 / 5
        ("pinhole", Move3D(rotation_y=45), (0.0, 0.0, 3.0), (-1 / 1.5, 0.0)),  # tan 45°
    ],
)
def test_offsets_worked_out_by_hand(
    geometry: Geometry, move: Move3D, point: tuple[float, float, float], offset: tuple[float, float]
) -> None:
    found = lens(90, 96, 64, geometry).offsets(*(torch.tensor(each, dtype=torch.float64) for each in point), pose(move))
    assert [float(each) for each in found] == pytest.approx(offset, abs=1e-9)


def test_first_then_second_is_the_composed_pose() -> None:
    points = np.random.default_rng(0).normal(size=(20, 3))
    first, then = pose(Move3D(rotation_x=5, translation_z=-20)), pose(Move3D(rotation_z=30, translation_x=7))

    def seen(points: np.ndarray, by: Pose) -> np.ndarray:
        return points @ by.rotation + by.translation

    assert seen(points, compose(first, then)) == pytest.approx(seen(seen(points, first), then), abs=1e-12)


@pytest.mark.parametrize("degrees", [5, -30, 90])
@pytest.mark.parametrize("depth", [1.0, 7.0])
def test_pinhole_degrees_are_degrees(degrees: float, depth: float) -> None:
    x, y = moved(63, 31, depth, "pinhole", rotation_z=degrees)
    arm = (15.5 * math.cos(math.radians(degrees)), -15.5 * math.sin(math.radians(degrees)))
    lift = (-0.5 * math.sin(math.radians(degrees)), -0.5 * math.cos(math.radians(degrees)))  # (63, 31) is off the axis
    assert (x - CENTRE[0], y - CENTRE[1]) == pytest.approx((arm[0] + lift[0], arm[1] + lift[1]), abs=0.03)


def test_pinhole_parallax_is_one_over_depth() -> None:
    near, far = (47 - moved(47, 31, depth, "pinhole", translation_x=20)[0] for depth in (1.0, 4.0))
    assert near == pytest.approx(4 * far, rel=0.01)


def exact_source(at: tuple[float, float], through: Lens, seen_from: Pose, z: float) -> tuple[float, float]:
    """Where `at` comes from, found by Newton's method in float64."""
    guess = torch.tensor(at, dtype=torch.float64)

    def landed(p: torch.Tensor) -> torch.Tensor:
        return p + torch.stack(through.offsets(p[0], p[1], torch.tensor(z, dtype=torch.float64), seen_from))

    for _ in range(20):
        slope = torch.func.jacrev(landed)(guess)
        guess = guess - torch.linalg.solve(slope, landed(guess) - torch.tensor(at, dtype=torch.float64))
    return float(guess[0]), float(guess[1])


def test_more_iterations_come_closer_to_the_exact_place() -> None:
    """A picture whose colour is its own column shows where each pixel came from."""
    ramp = torch.arange(128.0)[None, :, None].expand(128, 128, 3).contiguous()
    seen_from, through = pose(Move3D(translation_z=30, rotation_y=4)), lens(40, 128, 128)
    errors = []
    for iterations in (1, 3, 5):
        seen = warp3d(ramp, seen_from, torch.full((128, 128), 1.3), through=through, iterations=iterations)
        found = [float(seen[row, column, 0]) for row, column in ((40, 50), (64, 80), (100, 30))]
        exact = [
            (exact_source(((2 * c + 1) / 128 - 1, (2 * r + 1) / 128 - 1), through, seen_from, 1.3)[0] + 1) * 64 - 0.5
            for r, c in ((40, 50), (64, 80), (100, 30))
        ]
        errors.append(max(abs(one - other) for one, other in zip(found, exact, strict=True)))
    assert errors[0] > 3
    assert errors[1] < errors[0] / 8
    assert errors[2] < 0.1


def test_near_things_move_more_than_far_ones() -> None:
    picture = torch.zeros(64, 64, 3)
    picture[16, 32], picture[48, 32] = 255.0, 255.0
    depth = depth_of(np.repeat(np.linspace(0, 1, 64, dtype=np.float32)[:, None], 64, axis=1), "deforum")
    seen = warp3d(picture, pose(Move3D(translation_x=20)), torch.from_numpy(depth), through=lens(40, 64, 64))
    far, near = (float((half[..., 0].sum(0) * torch.arange(64)).sum() / half[..., 0].sum()) for half in seen.split(32))
    assert near < far < 31.5


def test_depth_of_nearness() -> None:
    nearness = np.array([[0, 0.5, 1]], np.float32)
    assert depth_of(nearness, "deforum").tolist() == [[2, 1.5, 1]]
    assert depth_of(nearness, "pinhole")[0] == pytest.approx([50, 2 / 1.02, 1])
    assert depth_of(nearness, "pinhole", 400, 1000)[0] == pytest.approx([5, 2 / 0.7, 2])
    assert depth_of(nearness, "pinhole").dtype == np.float32


@pytest.mark.parametrize(("near", "far", "field"), [(0, 10, "near_plane"), (5, 5, "far_plane"), (-1, 9, "near_plane")])
def test_impossible_planes_are_refused(near: float, far: float, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        depth_of(np.ones((2, 2), np.float32), "pinhole", near, far)
    assert caught.value.field == field


@pytest.mark.parametrize("fov", [0, 180, -5, float("nan")])
def test_impossible_fields_of_view_are_refused(fov: float) -> None:
    with pytest.raises(BadRequest, match="between 0 and 180"):
        lens(fov, 64, 64)


@pytest.mark.parametrize("move", [Move3D(translation_z=400), Move3D(rotation_y=170), Move3D(rotation_x=90)])
@pytest.mark.parametrize("geometry", ["deforum", "pinhole"])
def test_a_camera_beyond_the_picture_still_gives_numbers(move: Move3D, geometry: Geometry) -> None:
    depth = torch.linspace(1, 2, 64)[:, None].expand(64, 96).contiguous()
    seen = warp3d(scenery(96, 64), pose(move), depth, through=lens(40, 96, 64, geometry))
    assert seen.isfinite().all()
    assert seen.min() >= 0
    assert seen.max() <= 255

"""Pictures that follow a control image: drawn, proved, and told what they followed."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sdplay.core.errors import BadRequest, ModelBroken, NotReproduced, UnknownName
from sdplay.images.canny import canny_of_input
from sdplay.images.read import read_image
from sdplay.images.writer import ImageWriter
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from sdplay.tasks import DrawTask
from sdplay.version import VERSION
from tests.support.controlnets import build_controlnet
from tests.support.drawing import digests, each_alone
from tests.support.given import mask, photo

FEW = {"prompt": "a red apple", "steps": 4, "seed": 5, "device": "cpu", "precision": "float32"}
SIZE = (64, 64)


@pytest.fixture(scope="module")
def network(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(build_controlnet(tmp_path_factory.mktemp("networks") / "tiny-canny", tiny))


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with Studio() as studio:
        yield studio


@pytest.fixture
def asked(tiny: Path, network: str, tmp_path: Path) -> dict[str, Any]:
    image = str(photo(tmp_path / "control.png", SIZE, seed=9))
    return {**FEW, "model": str(tiny), "control_image": image, "controlnet": network}


def pixels(studio: Studio, kind: Any = Txt2Img, **fields: Any) -> np.ndarray:
    (picture,) = studio.draw(make_request(kind, **fields))
    return picture.pixels


def without(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if not name.startswith("control")}


def test_what_is_asked_has_its_effect(studio: Studio, asked: dict[str, Any]) -> None:
    plain, followed = pixels(studio, **without(asked)), pixels(studio, **asked)
    assert not np.array_equal(plain, followed)
    for changed in (
        {"control_scale": 0.5},
        {"control_start": 0.5},
        {"control_end": 0.5},
        {"canny_low": 0, "canny_high": 0},
        {"control_preprocessor": "none"},
    ):
        other = pixels(studio, **asked, **changed)
        assert not np.array_equal(other, followed)
        assert not np.array_equal(other, plain)
    for off in ({"control_scale": 0.0}, {"control_end": 0.0}):
        assert np.array_equal(pixels(studio, **asked, **off), plain)


def test_other_modes_follow_too(studio: Studio, asked: dict[str, Any], tmp_path: Path) -> None:
    image = str(photo(tmp_path / "photo.png", SIZE))
    hole = str(mask(tmp_path / "mask.png", SIZE, (16, 16, 48, 48)))
    for kind, more in ((Img2Img, {}), (Inpaint, {"mask": hole}), (Inpaint, {"mask": hole, "only_masked": True})):
        given = {"image": image, **more}
        followed = pixels(studio, kind, **asked, **given)
        assert not np.array_equal(followed, pixels(studio, kind, **without(asked), **given))
    assert np.array_equal(followed[:2], read_image(Path(image))[:2])  # far from the mask the picture is as it was


def test_only_a_part_is_looked_at_where_only_a_part_is_drawn(
    studio: Studio, asked: dict[str, Any], tmp_path: Path
) -> None:
    """What the control image shows far from the part that is painted anew has no effect on it."""
    image, control = str(photo(tmp_path / "photo.png", (128, 128))), photo(tmp_path / "wide.png", (128, 128), seed=9)
    hole = str(mask(tmp_path / "mask.png", (128, 128), (8, 8, 40, 40)))
    fields = asked | {"image": image, "mask": hole, "only_masked": True, "padding": 8, "control_image": str(control)}
    first = pixels(studio, Inpaint, **fields)
    for box, counts in (((80, 80, 120, 120), False), ((16, 16, 24, 24), True)):
        with Image.open(control) as picture:
            changed = picture.copy()
        changed.paste("white", box)
        changed.save(tmp_path / "changed.png")
        other = pixels(studio, Inpaint, **fields | {"control_image": str(tmp_path / "changed.png")})
        assert np.array_equal(first, other) != counts


def test_a_picture_is_the_same_alone_and_in_a_batch(studio: Studio, asked: dict[str, Any]) -> None:
    settled = studio.resolve(make_request(Txt2Img, **asked, num=3, batch_size=2))
    assert digests(studio, settled, range(3)) == each_alone(studio, settled, range(3))


def test_a_map_is_looked_at_as_it_is_and_a_photo_by_its_edges(
    studio: Studio, asked: dict[str, Any], network: str, tiny: Path, tmp_path: Path
) -> None:
    pixels_of_map = canny_of_input(read_image(Path(asked["control_image"])), 100, 200)
    Image.fromarray(pixels_of_map).save(tmp_path / "map.png")
    of_map = asked | {"control_image": str(tmp_path / "map.png")}
    assert studio.resolve(make_request(Txt2Img, **asked)).recipe.request.control_preprocessor == "canny"  # type: ignore[union-attr]
    assert studio.resolve(make_request(Txt2Img, **of_map)).recipe.request.control_preprocessor == "none"  # type: ignore[union-attr]
    assert np.array_equal(pixels(studio, **asked), pixels(studio, **of_map))
    depth = build_controlnet(tmp_path / "tiny-depth", tiny)
    of_depth = studio.resolve(make_request(Txt2Img, **asked | {"controlnet": str(depth)}))
    assert of_depth.recipe.request.control_preprocessor == "none"  # type: ignore[union-attr]


def test_a_kept_picture_is_proved(studio: Studio, asked: dict[str, Any], tmp_path: Path) -> None:
    writer, here = ImageWriter(tmp_path / "out", "png", VERSION), asked["model"]
    (kept,) = [writer.write(picture).path for picture in studio.draw(make_request(Txt2Img, **asked))]
    studio.verify(kept, here)
    control = Path(asked["control_image"])
    control.rename(tmp_path / "moved.png")
    with pytest.raises(BadRequest, match="no such file"):
        studio.verify(kept, here)
    moved = str(tmp_path / "moved.png")
    studio.verify(kept, here, pictures={"control_image": moved})
    (again,) = studio.draw_again(kept, model=here, control_image=moved)
    assert np.array_equal(again.pixels, read_image(kept))
    photo(control, SIZE, seed=8)
    with pytest.raises(NotReproduced, match="is not the control image it was drawn from"):
        studio.verify(kept, here)
    (softer,) = studio.draw_again(kept, model=here, control_image=moved, control_scale=0.3)
    assert not np.array_equal(softer.pixels, read_image(kept))


def test_another_controlnet_of_that_name_is_noticed(
    studio: Studio, asked: dict[str, Any], tiny: Path, tmp_path: Path
) -> None:
    folder = build_controlnet(tmp_path / "mine-canny", tiny)
    (picture,) = studio.draw(make_request(Txt2Img, **asked | {"controlnet": str(folder)}))
    kept = ImageWriter(tmp_path / "out", "png", VERSION).write(picture).path
    build_controlnet(folder, tiny, seed=6)
    with pytest.raises(NotReproduced, match="ControlNet 'mine-canny' is not the one it was drawn with"):
        studio.verify(kept, asked["model"])
    (other,) = studio.draw(make_request(Txt2Img, **asked | {"controlnet": str(folder)}))
    assert not np.array_equal(other.pixels, picture.pixels)


def test_a_task_can_be_sent_to_another_process(studio: Studio, asked: dict[str, Any]) -> None:
    what = studio.resolve(make_request(Txt2Img, **asked))
    task = DrawTask(recipe=what.recipe, indices=[0], model=what.model, device=what.device)
    assert pickle.loads(pickle.dumps(task)) == task


def test_refusals_name_the_field_and_say_what_to_do(studio: Studio, asked: dict[str, Any], tmp_path: Path) -> None:
    plain = {name: value for name, value in asked.items() if name != "controlnet"}
    with pytest.raises(BadRequest, match="has no ControlNet of its own") as caught:
        studio.resolve(make_request(Txt2Img, **plain))
    assert caught.value.field == "controlnet"
    with pytest.raises(UnknownName):
        studio.resolve(make_request(Txt2Img, **plain, controlnet="nobody-made-this"))
    with pytest.raises(BadRequest, match="no such file") as caught:
        studio.resolve(make_request(Txt2Img, **asked | {"control_image": str(tmp_path / "gone.png")}))
    assert caught.value.field == "control_image"
    with pytest.raises(ModelBroken) as broken:
        studio.resolve(make_request(Txt2Img, **asked | {"controlnet": str(Path(asked["model"]) / "unet")}))
    assert broken.value.field == "controlnet"

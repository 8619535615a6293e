"""Numbers that overflow: calculated again in more precision, recorded so that the same bits come again, and told."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from sdplay.core.errors import NumbersFailed
from sdplay.core.sample import Noise
from sdplay.events import Event, ImageDone, Retried
from sdplay.executors.inline import InlineExecutor
from sdplay.film.plan_dream import DreamPlan
from sdplay.images.own import read_own
from sdplay.images.picture import Picture
from sdplay.images.writer import ImageWriter
from sdplay.pipeline.model_cache import LoadedModel, TextEncodingCache
from sdplay.pipeline.retry import BLACK, RenderInputs, RetryPolicy, render_with_retry
from sdplay.requests.base import make_request
from sdplay.requests.img2img import Img2Img
from sdplay.requests.recipe import Recipe, plan
from sdplay.requests.resolve import resolve_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.sampling.noise import seed_noise
from sdplay.studio import Studio
from sdplay.tasks import DrawTask, Task
from sdplay.version import VERSION
from tests.pipeline.stub import StubFamily, plain_decode
from tests.support.drawing import settled
from tests.support.given import photo, settled_on
from tests.support.recipes import MACHINE, MODEL
from tests.support.stubfilm import alike, film_request
from tests.support.stubfilm import settled as film_settled
from tests.support.tiny import build_tiny

Decode = Callable[[Tensor], Tensor]
FILM = RetryPolicy(on_failure="reroll", black_is_bad=True, smaller_batches=True)


def recipe_of(num: int = 3, *, tile: int = 1, dtype: str = "float16", codec: str = "float16") -> Recipe:
    request = make_request(Txt2Img, prompt="a", width=64, height=64, steps=2, seed=5, num=num, sampler="euler")
    recipe = resolve_request(request, MODEL, MACHINE, 7)
    return replace(recipe, numerics=replace(recipe.numerics, dtype=dtype, decode_dtype=codec, tile=tile))


class Calls:
    """A decoder that spoils one picture: that of the `which`-th row it is given, counted over all calls."""

    def __init__(self, which: int, worth: float) -> None:
        self.which, self.worth, self.seen = which, worth, 0

    def __call__(self, latents: Tensor) -> Tensor:
        pixels = plain_decode(latents).clamp(-0.9, 0.9)
        for row in range(len(latents)):
            if self.seen == self.which:
                pixels[row] = self.worth
            self.seen += 1
        return pixels


def loaded(decode: Decode = plain_decode, exact: Decode = plain_decode) -> LoadedModel:
    family = StubFamily(decode)
    family.decode_float32 = exact
    return LoadedModel(family, TextEncodingCache(family))


def never(recipe: Recipe) -> LoadedModel:
    raise AssertionError("nothing has to be drawn again")


def pictures(events: list[Event]) -> dict[int, Picture]:
    return {event.picture.index: event.picture for event in events if isinstance(event, ImageDone)}


def collect(source: Iterable[Event], into: list[Event]) -> None:
    """One by one: what was told before an error stays."""
    for event in source:
        into.append(event)


def notes(events: list[Event]) -> dict[int, str]:
    return {event.index: event.how for event in events if isinstance(event, Retried)}


@pytest.mark.parametrize("worth", [torch.nan, torch.inf, -1.0], ids=["nan", "infinite", "black"])
@pytest.mark.parametrize("tile", [1, 3])
def test_what_the_vae_cannot_hold_is_decoded_again_in_float32(tile: int, worth: float) -> None:
    recipe = recipe_of(tile=tile)
    renderer = RenderInputs(recipe=recipe, model=loaded(Calls(1, worth), plain_decode), load_precise=never)
    events = list(render_with_retry(renderer, plan(recipe, range(3))))
    found = pictures(events)
    assert list(notes(events)) == [1]
    assert "decoded again in float32" in notes(events)[1]
    formats = [(found[i].recipe.numerics.dtype, found[i].recipe.numerics.decode_dtype) for i in range(3)]
    assert formats == [("float16", "float16"), ("float16", "float32"), ("float16", "float16")]
    alone = RenderInputs(recipe=found[1].recipe, model=loaded(), load_precise=never)
    (again,) = pictures(list(render_with_retry(alone, plan(recipe, [1])))).values()
    assert again.digest == found[1].digest


def test_what_a_model_for_inpainting_draws_is_drawn_again_whole() -> None:
    """Also from words alone: its VAE reads the gray that it is shown, and it too in the format of the recipe."""
    asked: list[tuple[str, str]] = []

    def inpainting(decode: Decode) -> LoadedModel:
        family = StubFamily(decode)
        family.decode_float32, family.is_inpaint = plain_decode, True
        family.encode = lambda pixels: torch.zeros(1, 4, 8, 8)
        return LoadedModel(family, TextEncodingCache(family))

    def exact(more: Recipe) -> LoadedModel:
        asked.append((more.numerics.dtype, more.numerics.decode_dtype))
        return inpainting(plain_decode)

    renderer = RenderInputs(
        recipe=recipe_of(1),
        model=inpainting(lambda latents: plain_decode(latents) * torch.nan),
        load_precise=exact,
    )
    assert notes(list(render_with_retry(renderer, plan(renderer.recipe, [0])))) == {
        0: "drawn again with its VAE in float32, since its numbers overflowed in float16"
    }
    assert asked == [("float16", "float32")]


def test_a_black_picture_of_sound_numbers_is_kept_and_told() -> None:
    recipe = recipe_of(dtype="float32", codec="float32")
    renderer = RenderInputs(recipe=recipe, model=loaded(Calls(1, -1.0)), load_precise=never)
    events = list(render_with_retry(renderer, plan(recipe, range(3))))
    assert notes(events) == {1: BLACK}
    assert len(pictures(events)) == 3
    assert not pictures(events)[1].pixels.any()


@pytest.mark.parametrize("tile", [1, 2])
def test_what_the_network_cannot_hold_is_drawn_again_in_float32(tile: int) -> None:
    """Of four pictures the third: its latents are no numbers, whoever decodes them."""
    recipe, asked = recipe_of(4, tile=tile), list[tuple[str, str]]()
    spoiled = recipe.seed + 2

    def exact(more: Recipe) -> LoadedModel:
        asked.append((more.numerics.dtype, more.numerics.decode_dtype))
        return loaded() if more.numerics.dtype == "float32" else overflowing(spoiled)

    events = list(
        render_with_retry(
            RenderInputs(recipe=recipe, model=overflowing(spoiled), load_precise=exact),
            plan(recipe, range(4)),
        )
    )
    assert asked == [("float16", "float32"), ("float32", "float32")]
    assert notes(events) == {2: "drawn again in float32, since its numbers overflowed in float16"}
    found = pictures(events)
    assert sorted(found) == [0, 1, 2, 3]
    assert [found[i].recipe.numerics.dtype for i in range(4)] == ["float16", "float16", "float32", "float16"]
    sound = pictures(
        list(render_with_retry(RenderInputs(recipe=recipe, model=loaded(), load_precise=never), plan(recipe, range(4))))
    )
    assert {i: found[i].digest for i in found} == {i: sound[i].digest for i in sound}


def overflowing(seed: int) -> LoadedModel:
    """A model whose latents of the picture from `seed` are no numbers: known by its noise, which the stub keeps."""
    mark = seed_noise(Noise(seed=seed), (4, 8, 8))

    def decode(latents: Tensor) -> Tensor:
        pixels = plain_decode(latents)
        for row, each in enumerate(latents):
            if alike(each, mark):
                pixels[row] = torch.nan
        return pixels

    return loaded(decode, decode)


def test_what_fails_in_float32_costs_none_of_the_others() -> None:
    recipe = recipe_of(4, tile=2, dtype="float32", codec="float32")
    renderer, events = (
        RenderInputs(recipe=recipe, model=overflowing(recipe.seed + 1), load_precise=never),
        list[Event](),
    )
    with pytest.raises(NumbersFailed, match="picture 1: the numbers overflowed"):
        collect(render_with_retry(renderer, plan(recipe, range(4))), events)
    assert sorted(pictures(events)) == [0, 2, 3]


@pytest.mark.parametrize("tile", [1, 4])
def test_a_frame_of_a_film_is_drawn_in_float32_before_another_seed_is_tried(tile: int) -> None:
    request = film_request("dream", prompts=["a"], seeds=[10, 11, 12, 13], num=4, batch_size=tile)
    recipe = film_settled(request)
    recipe = replace(recipe, numerics=replace(recipe.numerics, dtype="float16", decode_dtype="float16"))
    half, asked = overflowing(12), list[str]()

    def exact(more: Recipe) -> LoadedModel:
        asked.append(more.numerics.dtype)
        return loaded() if more.numerics.dtype == "float32" else half

    renderer = RenderInputs(recipe=recipe, model=half, policy=FILM, load_precise=exact)
    events = list(render_with_retry(renderer, [DreamPlan(recipe).frame(index) for index in range(4)]))
    assert asked == ["float16", "float32"]
    assert notes(events) == {2: "drawn again in float32, since its numbers overflowed in float16"}
    whole = replace(renderer, model=loaded())
    sound = pictures(list(render_with_retry(whole, [DreamPlan(recipe).frame(index) for index in range(4)])))
    assert {i: picture.digest for i, picture in pictures(events).items()} == {i: p.digest for i, p in sound.items()}


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose VAE reaches 10^6 on the way, which float32 holds and the next norm takes back."""
    folder = build_tiny(tmp_path_factory.mktemp("loud") / "model")
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    for name in ("conv2.weight", "conv2.bias"):
        weights[f"decoder.up_blocks.1.resnets.0.{name}"] *= 1e7
    save_file(weights, path, {"format": "pt"})
    return folder


def task(folder: Path, **fields: Any) -> Task:
    """A task with the network in float32 and the VAE in float16, as on a GPU without bfloat16."""
    what = settled(folder, width=64, height=64, **fields)
    recipe = replace(what.recipe, numerics=replace(what.recipe.numerics, decode_dtype="float16"))
    return DrawTask(recipe=recipe, indices=range(recipe.request.num), model=what.model, device="cpu")


def test_a_real_vae_that_overflows_is_mended_kept_and_proved(loud: Path, tmp_path: Path) -> None:
    job = task(loud, num=2)
    events = list(InlineExecutor().run(job))
    assert sorted(notes(events)) == [0, 1]
    with Studio() as studio:
        for picture in pictures(events).values():
            assert picture.pixels.std() > 1
            path = ImageWriter(tmp_path / "out", "png", VERSION).write(picture).path
            assert read_own(path)[0].recipe.numerics.decode_dtype == "float32"
            assert studio.verify(path, str(loud)).digest == picture.digest


def test_what_is_drawn_from_a_picture_is_drawn_again_whole(loud: Path, tmp_path: Path) -> None:
    """For the VAE has read the picture too, in the format that the recipe names."""
    given = {"prompt": "a", "image": photo(tmp_path / "photo.png", (64, 64)), "strength": 0.6, "steps": 3, "seed": 4}
    what = settled_on(loud, Img2Img, **given)
    recipe = replace(what.recipe, numerics=replace(what.recipe.numerics, dtype="float32", decode_dtype="float16"))
    events = list(InlineExecutor().run(DrawTask(recipe=recipe, indices=[0], model=what.model, device="cpu")))
    assert notes(events) == {0: "drawn again with its VAE in float32, since its numbers overflowed in float16"}
    path = ImageWriter(tmp_path / "out", "png", VERSION).write(pictures(events)[0]).path
    with Studio() as studio:
        assert studio.verify(path, str(loud)).digest == pictures(events)[0].digest

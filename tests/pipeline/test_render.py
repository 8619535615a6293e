"""The loop: its events, its order, what it refuses, and that stopping leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sdplay.core.errors import BadRequest, RenderFailed
from sdplay.core.sample import Sample
from sdplay.events import Event, Finished, ImageDone, Started, Stepped
from sdplay.images.writer import ImageWriter
from sdplay.pipeline.conditioning import BatchConditioning
from sdplay.pipeline.latents import to_pixels
from sdplay.pipeline.model_cache import TextEncodingCache
from sdplay.pipeline.render import batches, render, sigmas_key
from sdplay.requests.recipe import Recipe, plan
from sdplay.sampling.denoiser import GuidedDenoiser
from sdplay.sampling.process import EpsilonProcess, NoiseSchedule
from sdplay.sampling.samplers import SAMPLERS
from sdplay.studio import Studio
from tests.pipeline.stub import StubFamily, plain_decode
from tests.support.drawing import digests, settled
from tests.support.recipes import recipe


def in_tiles_of(tile: int, **fields: Any) -> Recipe:
    made = recipe(**{"steps": 3, "sampler": "euler_a", **fields})
    return replace(made, numerics=replace(made.numerics, tile=tile))


def drawn_with(family: StubFamily, what: Recipe, indices: list[int]) -> list[Event]:
    return list(render(what, plan(what, indices), family, TextEncodingCache(family)))


# --- events ----------------------------------------------------------------------------------------------------------


def test_every_step_and_every_picture_is_told_in_order() -> None:
    events = drawn_with(StubFamily(), in_tiles_of(2), [4, 0, 7])
    steps = [(event.indices, event.step, event.steps) for event in events if isinstance(event, Stepped)]
    assert steps == [((4, 0), 1, 3), ((4, 0), 2, 3), ((4, 0), 3, 3), ((7,), 1, 3), ((7,), 2, 3), ((7,), 3, 3)]
    kinds = "".join("s" if isinstance(event, Stepped) else "D" for event in events)
    assert kinds == "sssDDsssD"
    assert [event.picture.index for event in events if isinstance(event, ImageDone)] == [4, 0, 7]


def test_a_picture_knows_its_recipe_seed_and_size() -> None:
    what = in_tiles_of(1, seed=40, width=72, height=64)
    (picture,) = [event.picture for event in drawn_with(StubFamily(), what, [2]) if isinstance(event, ImageDone)]
    assert (picture.recipe, picture.index, picture.seed) == (what, 2, 42)
    assert picture.pixels.shape == (64, 72, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.seconds > 0


def test_a_studio_starts_and_finishes_the_story(tiny: Path) -> None:
    with Studio() as studio:
        what = settled(tiny)
        events = list(studio.run(what, [0, 1]))
    assert isinstance(events[0], Started)
    assert (events[0].total, events[0].recipe) == (2, what.recipe)
    assert isinstance(events[-1], Finished)
    assert events[-1].total == 2


def test_nothing_asked_for_draws_nothing() -> None:
    family = StubFamily()
    assert drawn_with(family, in_tiles_of(4), []) == []
    assert family.asked == []


# --- tiles, words and guidance ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(0, 3), (1, 1), (5, 1), (1, 4), (4, 4), (5, 4), (7, 3)])
def test_tiles_are_all_of_one_size_and_lose_nobody(count: int, size: int) -> None:
    frames = list(plan(recipe(), range(count)))
    cut = list(batches(iter(frames), size, sigmas_key))
    assert [frame for tile, real in cut for frame in tile[:real]] == frames
    assert {len(tile) for tile, _ in cut} <= {size}
    assert all(real == size for _, real in cut[:-1])
    assert all(frame == tile[real - 1] for tile, real in cut for frame in tile[real:])


def test_tiles_take_frames_only_as_they_are_needed() -> None:
    taken: list[int] = []

    def frames() -> Any:
        for frame in plan(recipe(), range(10)):
            taken.append(frame.index)
            yield frame

    first: tuple[Any, int] = next(batches(frames(), 3, sigmas_key))
    assert first[1] == 3
    assert taken == [0, 1, 2]


def test_the_network_sees_full_tiles_only() -> None:
    family = StubFamily()
    drawn_with(family, in_tiles_of(4, guidance_scale=3.0), [0, 1, 2, 3, 4])
    assert {batch for batch, _ in family.asked} == {8}  # away and towards, in one call
    assert len(family.asked) == 2 * 3


@pytest.mark.parametrize("scale", [0.0, 0.5, 1.0])
def test_guidance_of_one_or_less_asks_for_one_half_only_and_never_for_the_negative(scale: float) -> None:
    family = StubFamily()
    drawn_with(family, in_tiles_of(2, guidance_scale=scale, negative_prompt="blurry"), [0, 1])
    assert {batch for batch, _ in family.asked} == {2}
    assert family.encoded == ["a red apple"]


def test_the_first_half_is_away_and_the_second_towards() -> None:
    what = in_tiles_of(1, guidance_scale=3.0, negative_prompt="x" * 50)
    family = StubFamily()
    denoiser = BatchConditioning(what, list(plan(what, [0])), family, TextEncodingCache(family)).denoiser(
        [2.0, 1.0, 0.0], None
    )
    assert isinstance(denoiser, GuidedDenoiser)
    away, towards = 0.5, 0.11  # the lengths of both, in hundreds
    assert denoiser(torch.zeros(1, 4, 2, 2), 1e6).mean() == pytest.approx(away + 3 * (towards - away))


def test_every_text_is_encoded_once_however_many_pictures_there_are() -> None:
    family = StubFamily()
    drawn_with(family, in_tiles_of(2, negative_prompt="blurry"), list(range(6)))
    assert sorted(family.encoded) == ["a red apple", "blurry"]


def test_an_empty_negative_is_encoded_and_not_dropped() -> None:
    family = StubFamily()
    drawn_with(family, in_tiles_of(1), [0])
    assert sorted(family.encoded) == ["", "a red apple"]


def test_the_memo_forgets_what_was_not_used_for_longest() -> None:
    family = StubFamily()
    memo = TextEncodingCache(family, capacity=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        assert memo(text).embeds is not None
    assert family.encoded == ["a", "b", "c", "b"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_draws_a_picture_near_its_words(sampler: str) -> None:
    """The stub's pictures lie around the length of the prompt: that is where full runs end, on average.

    A picture's mean strays by 2 grey levels from seed to seed, since its pixels do by 25; that of eight by 0.7.
    """
    what = in_tiles_of(1, prompt="x" * 30, sampler=sampler, steps=30, guidance_scale=1.0, schedule="karras")
    events = drawn_with(StubFamily(), what, range(8))
    means = [event.picture.pixels.mean() for event in events if isinstance(event, ImageDone)]
    assert sum(means) / 8 == pytest.approx((0.3 + 1) * 127.5, abs=2)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(64, 64), (72, 64), (64, 88)])
def test_a_side_that_the_vae_cannot_make_is_drawn_larger_and_cut(width: int, height: int) -> None:
    family = StubFamily(lambda latents: plain_decode(plain_decode(latents)[:, [0, 1, 2, 2]])[..., ::4, ::4])
    family.vae_scale_factor = 16
    events = drawn_with(family, in_tiles_of(1, width=width, height=height), [0])
    (picture,) = [event.picture for event in events if isinstance(event, ImageDone)]
    assert picture.pixels.shape == (height, width, 3)
    assert picture.pixels.flags["C_CONTIGUOUS"]


def test_more_steps_than_the_model_knows_are_refused_before_any_is_taken() -> None:
    family = StubFamily()
    family.process = EpsilonProcess(NoiseSchedule(family.process.schedule.sigmas[:10], 0))
    with pytest.raises(BadRequest, match="steps = 11"):
        drawn_with(family, in_tiles_of(1, steps=11), [0])
    assert family.asked == []


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_no_picture_raise_and_are_not_drawn_black(wrong: float) -> None:
    def one_wrong(latents: Tensor) -> Tensor:
        decoded = plain_decode(latents)
        decoded[0, 1, 5, 5] = wrong
        return decoded

    family = StubFamily(one_wrong)
    events = render(in_tiles_of(1), plan(in_tiles_of(1), [0]), family, TextEncodingCache(family))
    told = []
    with pytest.raises(RenderFailed, match="NaN or infinity") as caught:
        told.extend(events)
    assert "`precision=float32`" in caught.value.hint
    assert not any(isinstance(event, ImageDone) for event in told)


def test_a_network_that_says_nan_leaves_no_file(tiny: Path, tmp_path: Path) -> None:
    with Studio() as studio:
        what = settled(tiny)
        models: Any = studio.resolver.executor
        loaded = models._models.get(what.model, what.recipe.numerics, "cpu")
        good = loaded.family.unet.conv_out.bias.data.clone()
        loaded.family.unet.conv_out.bias.data.fill_(float("nan"))
        with pytest.raises(RenderFailed, match="NaN"):
            list(studio.run(what, [0], ImageWriter(tmp_path, "png", "0")))
        assert list(tmp_path.iterdir()) == []
        loaded.family.unet.conv_out.bias.data.copy_(good)
        assert digests(studio, what, [0])


def too_large(_: Tensor) -> Tensor:
    return torch.empty(1 << 50, dtype=torch.uint8)  # a petabyte


def out_of_gpu_memory(_: Tensor) -> Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")


def out_of_python_memory(_: Tensor) -> Tensor:
    raise MemoryError


@pytest.mark.parametrize("decode", [too_large, out_of_gpu_memory, out_of_python_memory])
def test_running_out_of_memory_is_an_error_of_ours(decode: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(RenderFailed, match="not enough memory") as caught:
        drawn_with(StubFamily(decode), in_tiles_of(1), [0])
    assert "`size`" in caught.value.hint


def test_a_bug_is_not_dressed_up_as_something_else() -> None:
    def broken(_: Tensor) -> Tensor:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes do not match"):
        drawn_with(StubFamily(broken), in_tiles_of(1), [0])


def test_pixels_are_rounded_and_clamped() -> None:
    values = [-9.0, -1.0, -1 + 1 / 255, -1 + 2.98 / 255, -1 + 3.02 / 255, 0.999, 1.0, 9.0]
    decoded = torch.tensor(values).reshape(1, 1, 1, -1).expand(1, 3, 1, -1)
    found = to_pixels(decoded)
    assert found.shape == (1, 1, len(values), 3)
    assert found[0, 0, :, 0].tolist() == [0, 0, 0, 1, 2, 255, 255, 255]
    levels = torch.linspace(-1, 1, 256).reshape(1, 1, 1, -1).expand(1, 3, 1, -1)
    assert to_pixels(levels)[0, 0, :, 2].tolist() == list(range(256))


# --- stopping, and the settings of others -----------------------------------------------------------------------------


@pytest.mark.parametrize("after", [1, 2, 4, 5])
def test_stopping_at_any_event_leaves_nothing_and_the_next_run_is_as_ever(
    after: int, tiny: Path, tmp_path: Path
) -> None:
    with Studio() as studio:
        what = settled(tiny, steps=4)
        before = digests(studio, what, [0, 1])
        events = studio.run(what, [0, 1], ImageWriter(tmp_path, "png", "0"))
        told = [next(events) for _ in range(after)]
        assert isinstance(told[-1], Started if after == 1 else Stepped)
        events.close()  # type: ignore[attr-defined]
        assert list(tmp_path.iterdir()) == []
        assert not torch.is_inference_mode_enabled()
        assert digests(studio, what, [0, 1]) == before


def test_a_run_left_waiting_does_not_touch_the_settings_of_others(tiny: Path) -> None:
    with Studio() as studio:
        threads = torch.get_num_threads()
        what = settled(tiny, threads=threads + 1)
        for _ in studio.run(what, [0]):
            assert torch.get_num_threads() == threads
            assert not torch.is_inference_mode_enabled()
            assert torch.ones(1, requires_grad=True).sum().requires_grad
        assert torch.get_num_threads() == threads


def test_a_step_runs_on_as_many_threads_as_the_recipe_says() -> None:
    noted: list[tuple[int, bool]] = []

    class Watched(StubFamily):
        def encode_text(self, text: str, clip_skip: int = 1) -> Any:
            noted.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
            return super().encode_text(text, clip_skip)

        def denoiser(self, conditionings: Any, seen: Tensor | None = None) -> Any:
            inner = super().denoiser(conditionings, seen)

            def watched(x: Tensor, sigma: float) -> Tensor:
                noted.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
                return inner(x, sigma)

            return watched

    def decode(latents: Tensor) -> Tensor:
        noted.append((torch.get_num_threads(), torch.is_inference_mode_enabled()))
        return plain_decode(latents)

    made = in_tiles_of(1)
    what = replace(made, numerics=replace(made.numerics, threads=3))
    drawn_with(Watched(decode), what, [0])
    assert noted == [(3, True)] * (2 + 3 + 1)


def test_two_runs_taken_in_turns_do_not_disturb_each_other(tiny: Path) -> None:
    with Studio() as studio:
        one, other = settled(tiny), settled(tiny, "the blue cat", seed=5, threads=2)
        expected = digests(studio, one, [0]) | {1: digests(studio, other, [1])[1]}
        running = [studio.run(one, [0]), studio.run(other, [1])]
        found: dict[int, str] = {}
        while running:
            for events in list(running):
                event = next(events, None)
                if event is None:
                    running.remove(events)
                elif isinstance(event, ImageDone):
                    found[event.picture.index] = event.picture.digest
        assert found == expected


def test_frames_wait_for_nobody_in_txt2img() -> None:
    frames = list(plan(recipe(seed=5), [3, 1]))
    assert [frame.index for frame in frames] == [3, 1]
    assert [frame.noise.seed for frame in frames] == [8, 6]
    assert all(isinstance(frame, Sample) and frame.waits_for is None for frame in frames)

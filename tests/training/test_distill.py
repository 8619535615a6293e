"""One long step leads where many short ones led, and low-rank layers learn to take it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.training.tiny import network
from training.distill import STUDENT_STEPS, TEACHER_STEPS, DistillSettings, course, learn, levels, step, step_taken
from training.lora import said_of, tensors_of


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_students_levels_are_among_the_teachers() -> None:
    assert levels(STUDENT_STEPS) == [999, 749, 499, 249]
    assert levels(TEACHER_STEPS)[:: TEACHER_STEPS // STUDENT_STEPS] == levels(STUDENT_STEPS)


@pytest.mark.parametrize(("t", "s"), [(999, 749), (499, 249), (249, None)])
def test_the_step_taken_leads_to_the_end(t: int, s: int | None) -> None:
    z, end = torch.randn(2, 2, 4, 8, 8, generator=torch.Generator().manual_seed(1)).unbind(0)
    torch.testing.assert_close(step(z, step_taken(z, end, t, s), t, s), end, atol=1e-4, rtol=1e-4)


def test_the_last_step_with_the_true_v_gives_the_clean_picture() -> None:
    from training.noise import KEPT

    clean, noise = torch.randn(2, 1, 4, 8, 8, generator=torch.Generator().manual_seed(2)).unbind(0)
    a, b = KEPT[249].sqrt(), (1 - KEPT[249]).sqrt()
    torch.testing.assert_close(
        step(a * clean + b * noise, a * noise - b * clean, 249, None), clean, atol=1e-5, rtol=1e-5
    )


def test_low_rank_layers_learn_the_long_steps() -> None:
    unet, words = network().requires_grad_(False), torch.randn(8, 4, 8, generator=torch.Generator().manual_seed(3))
    noise = torch.randn(8, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    states = course(unet, noise, words, torch.zeros(1, 4, 8), guidance=2.0)
    assert states.shape == (STUDENT_STEPS + 1, 8, 4, 8, 8)
    assert torch.equal(states[0], noise)
    # an end that the network does not reach by itself: there is something to learn
    states[1:] = states[1:] * 0.5
    settings = DistillSettings(rank=4, batch=8, lr=5e-3)
    layers, late = learn(unet, states, words, settings, steps=60)
    _, early = learn(network().requires_grad_(False), states, words, settings, steps=4)
    assert late < 0.9 * early
    tensors = tensors_of(layers, 4.0)
    assert len(tensors) == 3 * len(layers)
    assert all(tensor.dtype == torch.float16 for tensor in tensors.values())
    assert said_of("four-steps", 4, 4.0)["ss_network_dim"] == "4"


def test_courses_are_seeded_by_their_noise() -> None:
    unet, words = network().requires_grad_(False), torch.zeros(1, 4, 8)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 4, 8, 8), np.float32))
    one, other = (course(unet, noise, words, words, guidance=3.0) for _ in range(2))
    assert torch.equal(one, other)

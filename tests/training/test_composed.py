"""Things are told from their ground and from each other; the scores count what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.drawn import art
from training.art import SIZE
from training.composed import (
    SCORES,
    composed_prompts,
    count_scores,
    gradient_energy,
    pair_scores,
    pieces,
    source_pictures,
    thing_mask,
)
from training.judge import Judge
from training.pictures import Chooser, Painter
from training.things import things
from training.views import Gallery


class Sure(Judge):
    """A judge that tells our four shapes by their colour."""

    def probabilities(self, pictures: np.ndarray) -> dict[str, np.ndarray]:
        kinds = {"apple": (220, 40, 50), "banana": (240, 210, 60), "house": (150, 110, 80), "dog": (170, 120, 60)}
        names, rows = self.labels["concept"], []
        for pixels in pictures:
            near = [
                float((np.abs(pixels.astype(int) - kinds.get(name, (0, 0, 0))).max(-1) < 10).sum()) for name in names
            ]
            rows.append(np.array(near) / max(sum(near), 1.0))
        return {"concept": np.stack(rows)}


@pytest.fixture(scope="module")
def made() -> tuple[Gallery, Judge]:
    pixels, drawings = art()
    gallery = Gallery(Chooser(things(drawings)), Painter(pixels))
    return gallery, Sure(gallery.labels())


@pytest.mark.parametrize("kind", SCORES)
def test_prompts_are_the_same_every_time_and_say_what_is_asked(made: tuple[Gallery, Judge], kind: str) -> None:
    one, other = (composed_prompts(made[0].chooser, kind, 21) for _ in range(2))
    assert [(p.text, p.seed) for p in one] == [(p.text, p.seed) for p in other]
    for prompt in one:
        assert all(part.thing.name.split()[-1][:3] in prompt.text for part in prompt.picture.parts)


def test_source_pairs_are_found_and_wrong_ones_are_not(made: tuple[Gallery, Judge]) -> None:
    gallery, judge = made
    prompts = composed_prompts(gallery.chooser, "pair", 28)
    pictures = source_pictures(gallery.painter, prompts)
    found = pair_scores(judge, pictures, prompts)
    assert found["side"] > 0.8
    mirrored = pair_scores(judge, pictures[:, ::-1, ::-1], prompts)
    assert mirrored["side"] < 0.2


def test_counts_are_counted(made: tuple[Gallery, Judge]) -> None:
    gallery, judge = made
    prompts = composed_prompts(gallery.chooser, "count", 18)
    pictures = source_pictures(gallery.painter, prompts)
    assert count_scores(judge, pictures, prompts)["count"] > 0.9
    blank = np.full_like(pictures, 255)
    assert count_scores(judge, blank, prompts)["count"] == 0


def test_pieces_are_what_hangs_together() -> None:
    pixels = np.full((SIZE, SIZE, 3), 200, np.uint8)
    pixels[20:80, 20:80], pixels[150:220, 120:200] = 10, 90
    found = pieces(thing_mask(pixels))
    assert len(found) == 2
    assert found[0].sum() > found[1].sum()


def test_blur_takes_gradient_energy_away() -> None:
    sharp = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3)).astype(np.uint8)
    soft = ((sharp.astype(int) + np.roll(sharp, 1, 1) + np.roll(sharp, 1, 2)) // 3).astype(np.uint8)
    assert gradient_energy(soft) < 0.6 * gradient_energy(sharp)
    assert gradient_energy(np.full_like(sharp, 7)) == 0

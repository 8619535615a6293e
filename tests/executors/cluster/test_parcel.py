"""What a worker sends comes out as it drew it; frames of a film come as the files that they become."""

from __future__ import annotations

import numpy as np
import pytest

from sdplay.core.errors import StoreError
from sdplay.events import ImageDone, KeyframeDone
from sdplay.executors.cluster.parcel import as_drawn, as_sent, pack, unpack
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.frame_file import pixels_of
from sdplay.tasks import DrawTask
from tests.support.film import picture
from tests.support.recipes import MODEL, recipe


def task() -> DrawTask:
    return DrawTask(recipe=recipe(num=2), indices=range(2), model=MODEL, device="cpu")


def test_pictures_come_out_as_they_were_drawn_and_of_our_own_recipe() -> None:
    what = task()
    drawn = list(FakeExecutor().run(what))
    sent = unpack(pack(drawn, what), what)
    assert [type(event) for event in sent] == [type(event) for event in drawn]
    pictures = [(one, other) for one, other in zip(sent, drawn, strict=True) if isinstance(one, ImageDone)]
    for one, other in pictures:
        assert isinstance(other, ImageDone)
        assert one.picture.digest == other.picture.digest
        assert one.picture.recipe is what.recipe
    assert len(pictures) == 2


def test_a_frame_is_sent_as_a_file_that_is_kept() -> None:
    pixels = picture(5)
    key = KeyframeDone(index=3, pixels=pixels)
    (sent,) = [as_sent(key)]
    assert isinstance(sent, KeyframeDone)
    assert sent.pixels.size == 0
    drawn = as_drawn(sent)
    assert isinstance(drawn, KeyframeDone)
    np.testing.assert_array_equal(drawn.pixels, pixels)
    assert drawn.png == sent.png
    assert as_sent(drawn) is drawn


def test_a_frame_that_was_damaged_on_its_way_is_told() -> None:
    sent = as_sent(KeyframeDone(index=3, pixels=picture(5)))
    assert isinstance(sent, KeyframeDone)
    with pytest.raises(StoreError, match="damaged on its way"):
        pixels_of(sent.png[: len(sent.png) // 2])

"""A film ten times as long takes no more memory: nothing in its path holds a list over frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import child

PEAK = """
import sys
from pathlib import Path
from sdplay.executors.fake import FakeExecutor
from sdplay.film.job.film import shoot
from tests.support.machine import peak_memory
from tests.support.stubfilm import film_request, shooting
fields = {"animation_prompts": "a hill", "zoom": "0:(1+0.01*sin(t))", "diffusion_cadence": 4, "steps": 1}
fields |= {"width": 256, "height": 256}
request = film_request("animate", **fields, max_frames=int(sys.argv[2]))
for event in shoot(shooting(Path(sys.argv[1]), request, FakeExecutor())):
    pass
assert event.frames == int(sys.argv[2])
print(peak_memory())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux")
def test_four_hundred_frames_take_as_much_memory_as_forty(tmp_path: Path) -> None:
    """A fifth of what the frames weigh is far more than another processor or a busy machine adds to a peak."""
    short, long = (int(child.run(PEAK, tmp_path / str(count), count)) for count in (40, 400))
    assert long - short < 360 * (256 * 256 * 3) / 5

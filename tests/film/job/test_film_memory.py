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
from tests.support.stubfilm import film_request, shooting
fields = {"animation_prompts": "a hill", "zoom": "0:(1+0.01*sin(t))", "diffusion_cadence": 4, "steps": 1}
request = film_request("animate", **fields, max_frames=int(sys.argv[2]))
for event in shoot(shooting(Path(sys.argv[1]), request, FakeExecutor())):
    pass
assert event.frames == int(sys.argv[2])
# not ru_maxrss, which begins with the memory of the process that started this one
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(status["VmHWM"].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from Linux")
def test_two_thousand_frames_take_as_much_memory_as_two_hundred(tmp_path: Path) -> None:
    short, long = (int(child.run(PEAK, tmp_path / str(count), count)) for count in (200, 2000))
    assert long <= short * 1.05 + 10 * 1024

"""The most memory that drawing takes, measured in a process of its own, beside what was predicted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tests.support import child

# One step is as good as twenty: each holds what the one before held. The machine is asked for nothing but its memory.
DRAWING = """
import json, sys
from dataclasses import replace
from pathlib import Path
from sdplay.events import ImageDone
from sdplay.tasks import DrawTask, Task
from sdplay.executors.inline import InlineExecutor
from sdplay.requests.memory import memory_plan
from tests.support.drawing import settled
from tests.support.machine import peak_memory
folder, fields, numerics = Path(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
what = settled(folder, negative_prompt="a pear", sampler="euler", steps=2, **fields)
recipe = replace(what.recipe, numerics=replace(what.recipe.numerics, **numerics))
plan = memory_plan(recipe, what.model)
task = DrawTask(recipe=recipe, indices=range(recipe.request.num), model=what.model, device="cpu")
digests = [event.picture.digest for event in InlineExecutor().run(task) if isinstance(event, ImageDone)]
print(json.dumps({"predicted": plan.predicted, "measured": peak_memory(), "digests": digests}))
"""
PATIENCE = 1500  # seconds; a minute where nothing else runs
HAS_PROC = Path("/proc/self/status").exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Bytes `predicted` and `measured`, and the digests of the pictures that were drawn."""

    predicted: int
    measured: int
    digests: tuple[str, ...]

    @property
    def apart(self) -> float:
        """By which share of what was measured the prediction is off."""
        return abs(self.predicted - self.measured) / self.measured


def peak_of(folder: Path, fields: dict[str, object], numerics: dict[str, object]) -> Peak:
    """Draw pictures with the model in `folder`: `fields` of the request, and `numerics` whatever they ask for."""
    process = child.start(DRAWING, folder, json.dumps(fields), json.dumps(numerics))
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()  # where it is still at it
    assert process.returncode == 0, err
    found = json.loads(out)
    return Peak(predicted=found["predicted"], measured=found["measured"], digests=tuple(found["digests"]))

"""A service whose drawing can be watched and held up: `python -m tests.support.gated` is its process.

In the folder of SDPLAY_HOME, `drawn.log` has a line for each step and picture, by whom and of what. While `gate-WORD`
is there, no task whose prompt has that word goes on after its first event.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from sdplay.events import Event, Started
from sdplay.executors.fake import FakeExecutor
from sdplay.tasks import DrawTask, Task
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service


class GatedExecutor(FakeExecutor):
    """Pretends to draw, and writes down what."""

    def run(self, task: Task) -> Generator[Event, None, None]:
        home = Path(os.environ["SDPLAY_HOME"])
        texts = [text for _, text in task.recipe.request.texts({}) if text] if isinstance(task, DrawTask) else []
        prompt = texts[0] if texts else "larger"
        indices = list(task.indices) if isinstance(task, DrawTask) else []
        if not indices and isinstance(task, DrawTask):  # the service loads its model when it starts, some time
            yield from super().run(task)
            return
        for event in super().run(task):
            with (home / "drawn.log").open("a") as log:
                log.write(f"{os.getpid()} {prompt} {indices} {type(event).__name__}\n")
            yield event
            if isinstance(event, Started):
                wait_until(lambda: not any((home / f"gate-{word}").exists() for word in prompt.split()))


class GatedService:
    """What is known of such a service from outside."""

    def __init__(self, service: RunningService) -> None:
        self.service, self.home = service, service.home
        self.running = service.folder / "running.json"

    def lines(self, prompt: str = "") -> list[str]:
        """What was drawn of `prompt` so far, in order."""
        log = self.home / "drawn.log"
        found = log.read_text().splitlines() if log.exists() else []
        return [line for line in found if not prompt or f" {prompt} " in line]

    def events(self, prompt: str) -> list[str]:
        """Names of what came of `prompt` so far."""
        return [line.split()[-1] for line in self.lines(prompt)]

    @contextmanager
    def gate(self, word: str) -> Iterator[None]:
        """Hold up what has this word, until the end."""
        gate = self.home / f"gate-{word}"
        gate.touch()
        try:
            yield
        finally:
            gate.unlink()


@contextmanager
def gated_service(home: Path, *flags: str) -> Generator[GatedService]:
    with running_service(home, command=[sys.executable, "-m", "tests.support.gated", *flags]) as service:
        yield GatedService(service)


def main(idle_minutes: float = 0.0, workers: float = 1) -> None:
    from sdplay.server.run import ServeOptions, serve

    options = ServeOptions(port=0, inside=GatedExecutor, idle_minutes=idle_minutes, workers=int(workers))
    serve(options, lambda url, token: None)


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))

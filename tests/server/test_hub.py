"""Who comes later than a job's first steps sees how far it is, and never that it goes back."""

from __future__ import annotations

import asyncio

from sdplay.server.hub import Hub
from sdplay.server.records import Change


def step(number: int) -> Change:
    return Change(type="step", job="a", data={"step": number, "steps": 20})


def test_a_late_listener_is_told_the_newest_step_after_those_that_are_on_their_way() -> None:
    async def told() -> list[int]:
        hub = Hub()
        hub.attach(asyncio.get_running_loop())
        async with hub.listening("a") as listener:
            hub.tell(step(1))  # delivered in the next round of the loop
            hub.tell(step(7))  # too soon after it to be told by itself
            hub.catch_up(listener, "a")
            steps = [await listener.next(1), await listener.next(1)]
            return [change.data["step"] for change in steps if change is not None]

    assert asyncio.run(told()) == [1, 7]


def test_a_job_without_progress_tells_nothing() -> None:
    async def told() -> Change | None:
        hub = Hub()
        hub.attach(asyncio.get_running_loop())
        async with hub.listening() as listener:
            hub.catch_up(listener, "a")
            return await listener.next(0.01)

    assert asyncio.run(told()) is None

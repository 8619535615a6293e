"""Results that wait until another worker has drawn the same: which to believe, which to draw again, and whom to ban."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sdplay.executors.audit import Opinion, is_audited, judge

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Deliver(Generic[Result]):
    """The `result` of unit `number`, by `worker`, counts."""

    number: int
    worker: str
    result: Result = field(repr=False)


@dataclass(frozen=True, slots=True)
class Again:
    """Unit `number` is to be drawn once more, by none of `avoid`."""

    number: int
    avoid: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ban:
    """`worker` drew something else than most, and gets no more."""

    worker: str


@dataclass(slots=True)
class Said(Generic[Result]):
    """What workers drew of one unit: their opinions, and a result for each different one."""

    opinions: list[Opinion] = field(default_factory=list[Opinion])
    results: dict[str, Result] = field(default_factory=dict[str, Result])


@dataclass(slots=True)
class Checks(Generic[Result]):
    """Draws a `share` (0 to 1) of all units twice, by two workers, and compares. `banned` are those who were wrong.

    A unit that is checked counts once two agree; so no wrong result of it ever counts. What a banned worker drew of
    others, which counted, is for the caller to have drawn again.
    """

    share: float
    banned: set[str] = field(default_factory=set[str])
    _said: dict[int, Said[Result]] = field(default_factory=dict[int, "Said[Result]"])

    def is_checked(self, job: str, piece: int) -> bool:
        return self.share > 0 and is_audited(job, piece, self.share)

    def hear(
        self, number: int, opinion: Opinion, result: Result, *, checked: bool = True
    ) -> Iterator[Deliver[Result] | Again | Ban]:
        """A `result` of unit `number`, which `opinion` says what it is of whom; what comes of it."""
        if opinion.worker in self.banned:
            yield Again(number, frozenset(self.banned))
            return
        if not checked and number not in self._said:
            yield Deliver(number, opinion.worker, result)
            return
        said = self._said.setdefault(number, Said())
        said.opinions.append(opinion)
        said.results.setdefault(opinion.digest, result)
        verdict = judge(said.opinions)
        for worker in sorted(verdict.wrong - self.banned):
            self.banned.add(worker)
            yield Ban(worker)
        yield from self._settled(number)
        if verdict.wrong:
            for other in [number for number, held in self._said.items() if self._is_spoiled(held)]:
                if other in self._said:
                    yield from self._settled(other)

    def forget(self, number: int) -> None:
        """Nobody waits for this unit any more."""
        self._said.pop(number, None)

    def _is_spoiled(self, said: Said[Result]) -> bool:
        return any(opinion.worker in self.banned for opinion in said.opinions)

    def _settled(self, number: int) -> Iterator[Deliver[Result] | Again]:
        """Deliver a unit about which two workers agree, and have any other drawn once more."""
        said = self._said[number]
        said.opinions = [opinion for opinion in said.opinions if opinion.worker not in self.banned]
        verdict = judge(said.opinions)
        agreed = [opinion for opinion in said.opinions if opinion.digest == verdict.digest]
        if verdict.digest and len(agreed) > 1:
            del self._said[number]
            yield Deliver(number, agreed[0].worker, said.results[verdict.digest])
        else:
            yield Again(number, frozenset(self.banned | {opinion.worker for opinion in said.opinions}))

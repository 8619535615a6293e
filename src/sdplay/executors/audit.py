"""Whether workers draw what they say: a share of their work is drawn again by others, and whoever differs is found out.

What is drawn again is chosen by a hash of the job and the piece, so no worker has a say in it, and every machine
chooses the same. This module draws nothing and reads no file: executors and shared folders put it to use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

BITS = 64


def is_audited(job: str, piece: int, share: float) -> bool:
    """Whether `piece` of the job with the digest `job` is one of the `share` (0 to 1) that is drawn again.

    A larger share holds all of a smaller one.
    """
    drawn = hashlib.sha256(f"{job}:{piece}".encode()).digest()[: BITS // 8]
    return int.from_bytes(drawn, "big") < share * 2**BITS


def piece_digest(shas: Mapping[str, str]) -> str:
    """One digest for all that a piece holds: `shas` by name, of pixels and not of files."""
    lines = "".join(f"{name} {sha}\n" for name, sha in sorted(shas.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What `worker` drew of a piece, by its `piece_digest`."""

    worker: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What several opinions of one piece come to: `digest` is what most say, "" if that is open; `wrong` are the
    workers that said something else.
    """

    digest: str = ""
    wrong: frozenset[str] = frozenset()
    disputed: bool = False


def judge(opinions: Iterable[Opinion]) -> Verdict:
    """The verdict on one piece.

    A worker that said two different things is wrong, whatever the others say. Two workers that differ leave it open
    which of them is wrong: a third has to draw it too.
    """
    said: dict[str, set[str]] = {}
    for opinion in opinions:
        said.setdefault(opinion.worker, set()).add(opinion.digest)
    unsteady = frozenset(worker for worker, digests in said.items() if len(digests) > 1)
    votes: dict[str, set[str]] = {}
    for worker, digests in said.items():
        if worker not in unsteady:
            votes.setdefault(min(digests), set()).add(worker)
    ranked = sorted(votes.items(), key=lambda vote: (-len(vote[1]), vote[0]))
    if not ranked:
        return Verdict(wrong=unsteady, disputed=bool(unsteady))
    if len(ranked) > 1 and len(ranked[0][1]) == len(ranked[1][1]):
        return Verdict(wrong=unsteady, disputed=True)
    others = frozenset(worker for _, workers in ranked[1:] for worker in workers)
    return Verdict(digest=ranked[0][0], wrong=unsteady | others)


@dataclass(slots=True)
class Audit:
    """The opinions of all pieces of the job with the digest `job`, of which a `share` (0 to 1) is to be drawn twice.

    `banned` are the workers that were found out: they get no more work, and what they drew is drawn again.
    """

    job: str
    share: float
    banned: set[str] = field(default_factory=set[str])
    _opinions: dict[int, list[Opinion]] = field(default_factory=dict[int, "list[Opinion]"])

    def add(self, piece: int, opinion: Opinion) -> Verdict:
        """Count an `opinion` of `piece`; whoever is wrong by the verdict that comes of it is banned."""
        self._opinions.setdefault(piece, []).append(opinion)
        verdict = self.verdict(piece)
        self.banned |= verdict.wrong
        return verdict

    def verdict(self, piece: int) -> Verdict:
        """The verdict of those workers that are not banned."""
        return judge(each for each in self._opinions.get(piece, ()) if each.worker not in self.banned)

    def wants(self, piece: int, worker: str) -> bool:
        """Whether `worker` should draw `piece`, which somebody drew already, once more: it is one of those to be drawn
        twice and was not yet, or workers differ about it, and this one did not draw it before.
        """
        opinions = self._opinions.get(piece, ())
        if not opinions or worker in self.banned or any(each.worker == worker for each in opinions):
            return False
        return self.is_open(piece)

    def is_open(self, piece: int) -> bool:
        """Whether `piece` still has to be drawn by another worker."""
        counted = {each.worker for each in self._opinions.get(piece, ()) if each.worker not in self.banned}
        return self.verdict(piece).disputed or (is_audited(self.job, piece, self.share) and len(counted) < 2)

    def spoiled(self) -> Iterator[int]:
        """The pieces whose first opinion, which is the one that was kept, came from a banned worker or was wrong."""
        for piece, opinions in self._opinions.items():
            verdict = self.verdict(piece)
            wrong = verdict.digest != "" and opinions[0].digest != verdict.digest
            if opinions[0].worker in self.banned or wrong:
                yield piece

    def forget(self, piece: int) -> None:
        """Forget what was said of `piece`: it is drawn anew."""
        self._opinions.pop(piece, None)

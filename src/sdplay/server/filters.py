"""Which pictures of the gallery somebody wants to see, and in which order, in the words of SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sdplay.server.records import FILMS, GONE, HERE, TRASH
from sdplay.server.rows import OF_JOB
from sdplay.server.words import asked_words

Order = Literal["newest", "oldest", "rating"]
Kind = Literal["picture", "film"]
ORDERS: dict[Order, str] = {
    "newest": "created DESC, id DESC",
    "oldest": "created, id",
    "rating": "rating DESC, created DESC, id DESC",
}
# Those that come before the one with the number ?, in each order.
BEFORE: dict[Order, str] = {
    "newest": "(created, id) > (SELECT created, id FROM pictures WHERE id = ?)",
    "oldest": "(created, id) < (SELECT created, id FROM pictures WHERE id = ?)",
    "rating": "(rating, created, id) > (SELECT rating, created, id FROM pictures WHERE id = ?)",
}
AFTER = "(created, id) < (SELECT created, id FROM pictures WHERE id = ?)"
PLACES = {"here": HERE, "trash": TRASH, "gone": GONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFilter:
    """Pictures whose words hold all of `text` (`red "on a table" -dog`), drawn by `model`, starred, with at least
    `rating` stars, made from `since` until before `until` (seconds since 1970), of a `kind`, up to the number `upto`
    (so that a list stays what it is while more are drawn). Those of a `job` are listed wherever their files are.
    """

    job: str | None = None
    text: str = ""
    model: str = ""
    starred: bool = False
    rating: int = 0
    since: float | None = None
    until: float | None = None
    kind: Kind | None = None
    upto: int | None = None
    trash: bool = False

    def where(self) -> tuple[str, list[object]]:
        """(a condition, its values)."""
        clauses, values = list[str](), list[object]()
        for clause, value in self._conditions():
            clauses.append(clause)
            values.append(value)
        return " AND ".join(clauses), values

    def _conditions(self) -> Iterator[tuple[str, object]]:
        if self.job is not None:
            yield "place != ?", GONE
            yield OF_JOB, self.job
        else:
            yield "place = ?", TRASH if self.trash else HERE
        if self.model:
            yield "model = ?", self.model
        if self.starred:
            yield "starred = ?", 1
        if self.rating:
            yield "rating >= ?", self.rating
        if self.since is not None:
            yield "created >= ?", self.since
        if self.until is not None:
            yield "created < ?", self.until
        if self.upto is not None:
            yield "id <= ?", self.upto
        if self.kind is not None:
            yield f"file {'' if self.kind == 'film' else 'NOT '}LIKE ?", f"{FILMS}%"
        wanted, unwanted = asked_words(self.text)
        yield from (("words LIKE ? ESCAPE '\\'", f"%{escaped(word)}%") for word in wanted)
        yield from (("words NOT LIKE ? ESCAPE '\\'", f"%{escaped(word)}%") for word in unwanted)


def escaped(text: str) -> str:
    """`text` for LIKE, where % and _ stand for others."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

"""How much notation a prompt may hold, and what is said of one that holds more."""

from __future__ import annotations

from sdplay.core.errors import BadRequest
from sdplay.core.fields import LONGEST_PROMPT

DEEPEST = 64
PLAIN = "write fewer, or draw the text as it stands with `prompt_syntax=plain`"


def refused(reason: str, field: str, text: str, hint: str = PLAIN) -> BadRequest:
    return BadRequest(reason, field=field, value=text, hint=hint)


def check_length(text: str, field: str) -> None:
    """Raise `BadRequest` for a text of more than 32,000 characters, before anything is made of it."""
    if len(text) > LONGEST_PROMPT:
        reason = f"has {len(text):,} characters, and {LONGEST_PROMPT:,} is the most that is read"
        raise refused(reason, field, text, "write fewer")


def check_depth(depth: int, field: str, text: str) -> None:
    """Raise `BadRequest` for brackets nested more than 64 deep."""
    if depth > DEEPEST:
        raise refused(f"its brackets are nested more than {DEEPEST} deep", field, text)

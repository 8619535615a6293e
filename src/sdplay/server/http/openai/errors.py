"""Errors as OpenAI's clients read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# An invalid request is a 400 there; 422 is not known.
STATUSES = {422: 400}
# What a client called it, where that is not our name.
PARAMS = {"num": "n", "width": "size", "height": "size", "prompts": "prompt"}
UNKNOWN_FIELD = "option"  # what the tree of errors calls the name of a field
CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def openai_shape(status: int, problems: list[dict[str, Any]]) -> dict[str, Any]:
    """The body of an answer with `status`: all problems in one message, the first one's field as `param`."""
    first = problems[0]
    return {
        "error": {
            "message": "; ".join(map(sentence, problems)),
            "type": TYPES.get(status, "invalid_request_error" if status < 500 else "server_error"),
            "param": param_of(first),
            "code": CODES.get(status, first["code"].replace("-", "_")),
        }
    }


def param_of(problem: Mapping[str, Any]) -> str | None:
    """The field at fault, as the client called it; of a field that is not known its name."""
    field = problem.get("field")
    if field == UNKNOWN_FIELD and problem.get("value"):
        return str(problem["value"]).strip("'\"")
    return PARAMS.get(field, field) if field is not None else None


def sentence(problem: Mapping[str, Any]) -> str:
    """A problem in words: field, value, why, what to do."""
    param, value, hint = param_of(problem), problem.get("value"), problem.get("hint")
    shown = f" = {value}" if value is not None and problem.get("field") != UNKNOWN_FIELD else ""
    return (f"{param}{shown}: " if param else "") + str(problem["message"]) + (f" ({hint})" if hint else "")

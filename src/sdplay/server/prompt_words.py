"""What prompts may name beside words: the styles and wildcards in the service's folder."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from sdplay.prompts.styles import read_styles
from sdplay.prompts.wildcards import wildcard_files

STYLES, WILDCARDS = Path("styles.csv"), Path("wildcards")  # where requests look for them


class NamedStyle(BaseModel):
    """A style, and what it adds; `{prompt}` in it is where the prompt goes."""

    name: str
    prompt: str
    negative_prompt: str


class PromptWords(BaseModel):
    """`wildcards` are named in a prompt with `__` on both sides."""

    styles: list[NamedStyle]
    wildcards: list[str]


def prompt_words() -> PromptWords:
    """All of them; raises `BadRequest` for a file of them that cannot be read."""
    styles = read_styles(STYLES) if STYLES.is_file() else {}
    named = [
        NamedStyle(name=name, prompt=style.prompt, negative_prompt=style.negative_prompt)
        for name, style in styles.items()
    ]
    return PromptWords(styles=named, wildcards=wildcard_files(WILDCARDS))

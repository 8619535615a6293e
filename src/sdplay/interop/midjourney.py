"""What Midjourney writes: the words with flags behind them, as `Description`."""

from __future__ import annotations

import re

from sdplay.interop.parsed import ParsedMetadata, check_length, whole

PROGRAM = "Midjourney"
JOB = re.compile(r"\s*Job ID:\s*([0-9a-f]{8}-[0-9a-f-]{27})\s*$", re.I)
FLAG = re.compile(r"\s(?:--|—)([a-z]\w*)(?:[ =]((?:(?!\s(?:--|—)[a-z]).)*))?", re.I | re.DOTALL)


def is_midjourney(text: str) -> bool:
    return JOB.search(text[-200:]) is not None


def parse_midjourney(text: str) -> ParsedMetadata:
    """What `text` says: what stands before its flags is the prompt, the flag `no` the negative one."""
    check_length(text)
    job = JOB.search(text)
    said = text[: job.start()] if job else text
    flags = {match[1].casefold(): (match[2] or "").strip() for match in FLAG.finditer(said)}
    first = FLAG.search(said)
    negative, version = flags.pop("no", ""), flags.pop("v", flags.pop("version", ""))
    seed = whole(flags.get("seed"))
    fields = {} if seed is None else {"seed": seed}
    other = {key: value for key, value in flags.items() if key not in fields} | ({"Job ID": job[1]} if job else {})
    return ParsedMetadata(
        program=PROGRAM,
        version=version,
        prompt=said[: first.start()].strip() if first else said.strip(),
        negative_prompt=negative,
        fields=fields,
        other=other,
        text=text,
    )

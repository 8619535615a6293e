"""The "parameters" text that A1111 writes into pictures: its grammar, both ways.

infotext = prompt ["\\nNegative prompt: " negative] "\\n" pairs; pairs = "Key: value" joined by ", "; a value that holds
a comma, a colon or a newline is written as a JSON string. Other programs and web sites keep this loosely: values break
over lines, templates follow on lines of their own, line breaks are lost. So the pairs are found by what they are.

The format loses some of what is put into it, and every reader of it must: lines lose the blanks around them, a prompt
loses its first empty lines, and a line that begins with "Negative prompt:" begins the negative one. Our own chunk
(`write.chunk`) keeps the words exactly.
"""

from __future__ import annotations

import json
import re

NEGATIVE = "Negative prompt:"
LEAST_PAIRS = 3  # a line with fewer pairs is part of the prompt
MOST_LINES = 1000  # lines from the end among which the settings are looked for
# A run of key characters is looked at once, from its start, so that no text takes more than linear time to read.
PAIR = re.compile(r'(?<![\w \-/])[ \-/]*+(\w[\w \-/]++):\s*+("(?:\\.|[^\\"])++"|[^,]*)(?:,|$)')
SIZE = re.compile(r"(\d+)x(\d+)")
# What settings have and sentences have not; a line with two of these is not a line of a prompt.
CORE = re.compile(
    r"(?<![\w\-/])(?:(Steps|Seed): *-?\d+ *(?:,|$)|(Size): *\d+x\d+ *(?:,|$)|(CFG scale): *[\d.]+ *(?:,|$)"
    r"|(Sampler|Model|Model hash|Version): *[^\s,])"
)
FIRST_KEY = re.compile(rf"(?:{CORE.pattern}|[\w \-/]+: *[^,]*,.*,\s*$)", re.DOTALL)
STEPS = re.compile(r"(?<=\s)Steps: *\d+ *,")
COMPLETE = re.compile(r"(?:^|[\s,])(?:Steps|Seed|Size|CFG scale): *[\dx.\-]+\s*$")  # no value that could go on
AFTER = "After the settings"  # the key of text that belongs to none
KEY = re.compile(r"\w[\w \-/]+: ")
# Lines of their own behind the pairs, never quoted (sd-dynamic-prompts).
WHOLE_LINE = re.compile(r"\s*((?:\w[\w \-/]* )?(?:[Tt]emplate|[Pp]rompt)):\s*")
# Civitai writes JSON after these keys without quoting it.
BARE_JSON = ("Hashes", "Civitai resources", "Civitai metadata")


def quoted(value: object) -> str:
    """`value` as it stands after a key: itself, or a JSON string where it would be read as something else."""
    text = str(value)
    plain = text == text.strip() and not text.startswith('"') and not any(c in text for c in ",:\n")
    return text if plain else json.dumps(text, ensure_ascii=False)


def unquoted(text: str) -> str:
    """The inverse of `quoted`; a text that is not a JSON string stays as it is."""
    if not text.startswith('"') or not text.endswith('"'):
        return text
    try:
        value = json.loads(text)
        value.encode()
    except ValueError:
        return text
    return value


def parts(text: str) -> tuple[str, str, dict[str, str]]:
    """Prompt, negative prompt and pairs of an infotext; `Size: 512x768` becomes the pairs `Size-1` and `Size-2`."""
    lines = text.strip().split("\n")
    first = settings_line(lines)
    pairs = settings_pairs(lines[first:])
    if first < len(lines):
        lines = lines[:first] + unfolded(lines[first])[0]
    prompt: list[str] = []
    negative: list[str] = []
    here = prompt
    for line in map(str.strip, lines):
        if line.startswith(NEGATIVE):
            here, line = negative, line.removeprefix(NEGATIVE).strip()
        if line or here:
            here.append(line)
    values: dict[str, str] = {}
    for key, value in pairs:
        size = SIZE.fullmatch(value)
        values |= {f"{key}-1": size[1], f"{key}-2": size[2]} if size else {key: value}
    return "\n".join(prompt), "\n".join(negative), values


def settings_line(lines: list[str]) -> int:
    """Which of `lines` the settings begin on: the last that looks like them, else the last if it has pairs enough;
    the number of lines where none does.
    """
    for index in range(len(lines) - 1, max(-1, len(lines) - 1 - MOST_LINES), -1):
        named = core_keys(lines[index])
        if len(named) > 1 and len(settings_pairs(lines[index:])) >= LEAST_PAIRS:
            above = core_keys(lines[index - 1]) if index and "Steps" not in named else set[str]()
            return index - 1 if "Steps" in above and len(above) > 1 else index
    return len(lines) - 1 if len(pairs_in(lines[-1])) >= LEAST_PAIRS else len(lines)


def core_keys(line: str) -> set[str]:
    """The keys in `line` that settings have, each with a value of its kind."""
    return {name for match in CORE.finditer(line) for name in match.groups() if name}


def unfolded(line: str) -> tuple[list[str], str]:
    """(prompt and negative prompt that stand before the settings on their line, the settings): so it is where the line
    breaks were lost.
    """
    steps = STEPS.search(line)
    if steps is None or FIRST_KEY.match(line[: steps.start()].lstrip()):
        return [], line
    prompt, negative, unwanted = line[: steps.start()].partition(NEGATIVE)
    return [part for part in (prompt, negative + unwanted) if part.strip()], line[steps.start() :]


def settings_pairs(lines: list[str]) -> list[tuple[str, str]]:
    """The pairs on the lines from the settings on: a value may go on on the next, a template has lines of its own."""
    if not lines:
        return []
    settings = unfolded(lines[0])[1]
    own: list[tuple[str, str]] = []
    for line in map(str.rstrip, lines[1:]):
        if match := WHOLE_LINE.match(line):
            own.append((match[1], line[match.end() :]))
        elif own:
            own[-1] = (own[-1][0], f"{own[-1][1]}\n{line}")
        elif KEY.match(line.lstrip()):
            settings = f"{settings.rstrip().removesuffix(',')}, {line.lstrip()}"
        elif COMPLETE.search(settings):
            own.append((AFTER, line))
        else:
            settings += f"\n{line}"
    return pairs_in(settings) + [(key, value.strip()) for key, value in own]


def pairs_in(line: str) -> list[tuple[str, str]]:
    """All `Key: value` pairs of a line, in order, values unquoted."""
    pairs: list[tuple[str, str]] = []
    position, bare = 0, set(BARE_JSON)
    while match := PAIR.search(line, position):
        key, value, position = match[1], unquoted(match[2]), match.end()
        if key in bare:
            bare.remove(key)  # one try each: where JSON is damaged, telling so takes time in the length of the line
            if end := end_of_json(line, match.start(2)):
                value, position = line[match.start(2) : end], line.find(",", end) + 1 or len(line)
        pairs.append((key, value))
    return pairs


def end_of_json(line: str, start: int) -> int:
    """Where the JSON object or list that begins at `start` ends; 0 where there is none."""
    if not line.startswith(("{", "["), start):
        return 0
    try:
        return json.JSONDecoder().raw_decode(line, start)[1]
    except (ValueError, RecursionError):
        return 0

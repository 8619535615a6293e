"""Files that were distilled to draw in few steps, and the settings that they were made for.

They are found by the names under which they were published, in the name of the file or in what it says of itself
(`modelspec.title`, `ss_output_name`); merges keep the word in their name. Sources: the model cards of LCM-LoRA
(arXiv:2311.05556), TCD (2402.19159), Hyper-SD (2404.13686), SDXL-Lightning (2402.13929), DMD2 (2405.14867), and of
SD-Turbo and SDXL-Turbo (2311.17042).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sdplay.core.errors import SdplayError
from sdplay.families.common.checkpoint_names import COND_PROJ, UNET
from sdplay.files.model_files import read_header, read_json
from sdplay.library.card import ModelCard, shipped_cards
from sdplay.library.resolve import ResolvedModel

STEPS = re.compile(r"(\d+) ?steps?\b")
TITLES = ("modelspec.title", "ss_output_name", "title")


@dataclass(frozen=True, slots=True, kw_only=True)
class FewSteps:
    """How a kind of distilled file is drawn with: `steps` where its name says no number, `guidance_scale` 1 for none.

    `words` is found in names, in lower case, with a space for every sign. `size` is the side in pixels that a
    checkpoint draws best, None for that of its kind. `of_merges` are words that only checkpoints are named by: a LoRA
    called "lightning" may draw lightning.
    """

    title: str
    words: str
    steps: int
    guidance_scale: float
    sampler: str
    schedule: str = "trailing"
    size: int | None = None
    of_merges: bool = False


def merge_of(title: str, *, steps: int, guidance_scale: float) -> FewSteps:
    """What merges of a kind are drawn with, most of which keep some of the guidance that they were merged with."""
    word = title.lower()
    return FewSteps(
        title=f"a merge of {title}",
        words=rf"\b{word}|{word}\b",
        steps=steps,
        guidance_scale=guidance_scale,
        sampler="dpmpp_2m_sde",
        schedule="karras",
        of_merges=True,
    )


# The first that fits counts: what a name says most exactly comes first.
KNOWN = (
    FewSteps(title="DMD2", words=r"\bdmd ?2?\b", steps=4, guidance_scale=1.0, sampler="lcm"),
    FewSteps(title="Hyper-SD with guidance", words=r"\bhyper\b.*\bcfg\b", steps=8, guidance_scale=3.5, sampler="euler"),
    FewSteps(title="Hyper-SD", words=r"\bhyper ?sd|\bhyper\b.*\d ?step", steps=4, guidance_scale=1.0, sampler="ddim"),
    FewSteps(title="TCD", words=r"\btcd\b", steps=4, guidance_scale=1.0, sampler="tcd"),
    FewSteps(title="LCM", words=r"\blcm\b|\blcm(lora|sd|xl)", steps=6, guidance_scale=1.8, sampler="lcm"),
    FewSteps(
        title="Lightning",
        words=r"\bsd ?xl lightning|lightning.*\d ?steps?\b",
        steps=4,
        guidance_scale=1.0,
        sampler="euler",
    ),
    FewSteps(title="SD-Turbo", words=r"\bsd ?turbo\b", steps=4, guidance_scale=1.0, sampler="euler_a", size=512),
    FewSteps(title="SDXL-Turbo", words=r"\bsd ?xl ?turbo\b", steps=4, guidance_scale=1.0, sampler="euler_a", size=512),
    merge_of("Lightning", steps=6, guidance_scale=1.5),
    merge_of("Turbo", steps=8, guidance_scale=2.0),
)
# A whole LCM, whose network is told the guidance and draws in one half what took two: found by its configuration.
TOLD_GUIDANCE = FewSteps(title="LCM, told its guidance", words="", steps=4, guidance_scale=8.0, sampler="lcm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Settings, and the name of the file that they were found for."""

    settings: FewSteps
    name: str

    def on(self, card: ModelCard) -> ModelCard:
        """`card` with these settings in place of its own."""
        few = self.settings
        tuned = replace(card, steps=few.steps, guidance_scale=few.guidance_scale)
        tuned = replace(tuned, sampler=few.sampler, schedule=few.schedule)
        return replace(tuned, size=few.size) if few.size is not None else tuned


def few_steps_of(model: ResolvedModel) -> Found | None:
    """The settings of the first LoRA of `model` that was made for few steps, else of its checkpoint; None for others.

    A checkpoint that is told its guidance is an LCM whatever its name.

    Models that come with the program say in their card what they are.
    """
    if model.card.name in shipped_cards():
        return None
    loras = [(one.identity.name, one.path, False) for one in model.add_ons if one.identity.kind == "lora"]
    for name, path, is_checkpoint in (*loras, (model.identity.name, model.path, True)):
        found = known(names_of(name, path), is_checkpoint=is_checkpoint)
        if is_checkpoint and is_told_guidance(path):
            found = TOLD_GUIDANCE
        if found is not None:
            return Found(settings=found, name=name)
    return None


def is_told_guidance(path: Path) -> bool:
    """Whether the network of the model at `path`, a diffusers folder or a single file, reads a guidance scale."""
    try:
        if path.is_dir():
            return read_json(path / "unet" / "config.json").get("time_cond_proj_dim") is not None
        return f"{UNET}{COND_PROJ}.weight" in read_header(path).tensors
    except SdplayError:
        return False


def known(names: Iterable[str], *, is_checkpoint: bool) -> FewSteps | None:
    """What is known of a file with these `names`."""
    for name in names:
        plain = spaced(name)
        for few in KNOWN:
            if (is_checkpoint or not few.of_merges) and re.search(few.words, plain):
                said = STEPS.search(plain)
                return replace(few, steps=int(said[1])) if said and 1 <= int(said[1]) <= 32 else few
    return None


def spaced(name: str) -> str:
    """A name in lower case, with a space for every sign, and before a capital or number that follows small letters."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r"[\W_]+", " ", parted).lower()


def names_of(name: str, path: Path) -> Iterator[str]:
    """A file's name, then what it says that it is called."""
    yield name
    if not path.is_file():
        return
    try:
        metadata = read_header(path).metadata
    except SdplayError:
        return
    yield from (metadata[key] for key in TITLES if metadata.get(key))

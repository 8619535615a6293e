"""A byte-level BPE tokenizer in CLIP's layout, trained on the words of the captions; any unicode text tokenises."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from training.art import STYLES, load_art, read_concepts
from training.captions import Shown, caption
from training.colours import BACKGROUNDS, OBJECT_COLOURS

VOCABULARY = 4096
POSITIONS = 32
START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
# Words the captions of later rounds will need, so that the vocabulary need not change then.
LATER = (
    "small large big tiny left right top bottom center middle corner above below beside next to between photo picture "
    "painting of and with in the two three light dark bright pastel gradient striped round happy sad"
)


def texts(work: Path) -> Iterator[str]:
    """What the merges are learned from: names thrice, tags, and thousands of captions."""
    rng = np.random.default_rng(0)
    _, drawings = load_art(work)
    for drawing in drawings:
        yield from [drawing.label.lower()] * 3
        yield from (tag.lower() for tag in drawing.tags)
    for _ in range(50):
        yield LATER
    backgrounds, colours = list(BACKGROUNDS), list(OBJECT_COLOURS)
    for concept in read_concepts(later=True):
        for _ in range(6):
            yield caption(
                Shown(concept, str(rng.choice(STYLES)), str(rng.choice(backgrounds)), str(rng.choice(colours))), rng
            )


def byte_letters() -> list[str]:
    """The 256 stand-in letters of byte-level BPE, in the order CLIP's vocabulary has them."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in set(printable)]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def train(work: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Learn merges; returns the vocabulary in id order and the merges that stay inside it."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORDS), "removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        end_of_word_suffix="</w>",
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=[],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(work), trainer)
    learned = json.loads(tokenizer.to_str())["model"]["merges"]
    merges = [(m[0], m[1]) if isinstance(m, list) else tuple(m.split(" ")) for m in learned]
    letters = byte_letters()
    wanted = letters + [f"{letter}</w>" for letter in letters] + ["".join(merge) for merge in merges]
    vocabulary = list(dict.fromkeys(wanted))[: VOCABULARY - 2]
    kept = set(vocabulary)
    return [*vocabulary, START, END], [m for m in merges if "".join(m) in kept]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    work: Path = parser.parse_args().work
    vocabulary, merges = train(work)
    folder = work / "tokenizer"
    folder.mkdir(exist_ok=True)
    ids = {token: i for i, token in enumerate(vocabulary)}
    (folder / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(m) for m in merges) + "\n")
    tokenizer = CLIPTokenizer.from_pretrained(folder, model_max_length=POSITIONS)
    tokenizer.save_pretrained(folder)
    for text in ("a 3d render of a red apple on a blue background", "Привет 你好 🍎 zzxqy", ""):
        print(len(tokenizer(text).input_ids), tokenizer.tokenize(text))
    print(f"{len(vocabulary)} tokens, {len(merges)} merges -> {folder}")


if __name__ == "__main__":
    main()

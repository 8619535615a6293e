"""CLIP's tokenizer from the files of a diffusers folder, in any of the forms that transformers has written them in.

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import AddedToken

from sdplay.files.model_files import read_json
from sdplay.files.regular import read_regular_text
from sdplay.networks.tokenizer import CLIPTokenizer

Token = str | AddedToken
Merges = list[tuple[str, str]]
OF_A_TOKEN = ("content", "single_word", "lstrip", "rstrip", "normalized", "special")


def read_clip_tokenizer(folder: Path) -> CLIPTokenizer:
    """The tokenizer in `folder`: `tokenizer.json`, else `vocab.json` and `merges.txt`; and what is said beside them.

    Raises `ModelBroken`, `ValueError` and others for files that are none.
    """
    whole = _entries(folder / "tokenizer.json")
    vocabulary, merges = _in_one(whole) if whole else _in_two(folder)
    config = _entries(folder / "tokenizer_config.json")
    if "added_tokens_decoder" in config:
        numbered = {int(number): _token(token) for number, token in config["added_tokens_decoder"].items()}
        named = _named(config)
    else:  # as transformers wrote before version 4.34
        named = _named(config | _with_special(_entries(folder / "special_tokens_map.json")))
        texts = {str(token.content if isinstance(token, AddedToken) else token) for token in named.values()}
        numbered = {
            number: AddedToken(text, normalized=text not in texts, special=text in texts)
            for text, number in _entries(folder / "added_tokens.json").items()
        }
        numbered |= {int(token["id"]): _token(token) for token in whole.get("added_tokens", ())}
    added = [token for _, token in sorted(numbered.items(), key=lambda pair: pair[0])]
    return CLIPTokenizer(vocabulary, merges, named, added)


def _entries(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _in_one(whole: Mapping[str, Any]) -> tuple[dict[str, int], Merges]:
    model = whole["model"]
    pairs = (merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"])
    return model["vocab"], [(first, second) for first, second in pairs]


def _in_two(folder: Path) -> tuple[dict[str, int], Merges]:
    vocabulary = read_json(folder / "vocab.json")
    lines = read_regular_text(folder / "merges.txt").replace("\r\n", "\n").split("\n")
    pairs = (line.split(" ") for line in lines if line and not line.startswith("#version"))
    return vocabulary, [(first, second) for first, second in pairs]


def _named(config: Mapping[str, Any]) -> dict[str, Token]:
    """The entries of a configuration that name a token, such as `pad_token`."""
    return {
        name: token if isinstance(token, str) else _token(token)
        for name, token in config.items()
        if name.endswith("_token") and isinstance(token, str | dict)
    }


def _with_special(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: token | {"special": True} if isinstance(token, dict) else token for name, token in names.items()}


def _token(entries: Mapping[str, Any]) -> AddedToken:
    return AddedToken(**{name: entries[name] for name in OF_A_TOKEN if name in entries})

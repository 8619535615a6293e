"""The tokenizer against that of transformers, over the files that programs have written for it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer as Stock

from sdplay.core.errors import ModelBroken
from sdplay.families.common.tokenizer import SIZE, clip_vocabulary
from sdplay.families.common.tokenizer_files import read_clip_tokenizer
from sdplay.networks.tokenizer import CLIPTokenizer
from tests.support.tiny import write_tokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = {"bos_token": START, "eos_token": END, "unk_token": END, "pad_token": END}
TEXTS = [
    *("", "a red apple", "A RED  Apple!!", "hello!", "!!! wow !", "100 dollars 3.14", "it's I'll we've they'd 's't're"),
    *(END, f"x{START}y <|EndOfText|>z", f"don't {END}!", "<cat-toy> and <CAT-TOY> a<sks>b", "cat-toy"),
    *(
        "e\u0301 é \t\n two   spaces ",
        "\u00a0\u2003\u200b\u3000",
        "İıſßẞŁż",
        "中文 日本語 한국어 हिन्दी",
        "😀👩‍🚀🇩🇪ﬁ㎏①½²™",
    ),
    *("\u0000\u0001\u007f\u0085", "it’s “quoted” — and…"),
]


def token(content: str, **changes: Any) -> dict[str, Any]:
    plain = {"lstrip": False, "normalized": True, "rstrip": False, "single_word": False}
    return {"content": content, **plain, **changes}


def named(**changes: Any) -> dict[str, Any]:
    """`tokenizer_config.json` as OpenAI's folders have it."""
    return {name: {"__type": "AddedToken", **token(text)} for name, text in WORDS.items()} | changes


DECODER = {str(SIZE - 2): token(START, special=True), str(SIZE - 1): token(END, special=True)}
FORMS: dict[str, dict[str, dict[str, Any]]] = {
    "two files": {},
    "OpenAI": {
        "tokenizer_config": named(pad_token=END, do_lower_case=True, model_max_length=77),
        "special_tokens_map": {"bos_token": token(START), "eos_token": token(END), "pad_token": END},
    },
    "SD 2": {"tokenizer_config": named(pad_token="!"), "special_tokens_map": {"pad_token": "!"}},
    "the second of SDXL": {
        "tokenizer_config": WORDS
        | {"pad_token": "!", "added_tokens_decoder": DECODER | {"0": token("!", normalized=False, special=True)}}
    },
    "textual inversions": {
        "tokenizer_config": named(),
        "added_tokens": {"<cat-toy>": SIZE, "<Sks>": SIZE + 1},
    },
    "special tokens alone": {"special_tokens_map": {"pad_token": token("!", normalized=False)}},
}


WRITTEN_AGAIN = ("OpenAI", "SD 2", "textual inversions")  # by transformers of today, in one file


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, builtin: Path) -> dict[str, Path]:
    """Folders of tokenizers by what is in them."""
    root = tmp_path_factory.mktemp("tokenizers")
    write_tokenizer(root / "tiny")
    found = {"tiny": root / "tiny", "builtin": builtin / "tokenizer"}
    vocabulary, merges = clip_vocabulary()
    for number, (form, files) in enumerate(FORMS.items()):
        folder = found[form] = root / str(number)
        folder.mkdir()
        (folder / "vocab.json").write_text(json.dumps(vocabulary))
        (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
        for name, entries in files.items():
            (folder / f"{name}.json").write_text(json.dumps(entries))
    for form in WRITTEN_AGAIN:
        whole = found[f"{form}, in one"] = root / f"{form} whole"
        Stock.from_pretrained(found[form], local_files_only=True).save_pretrained(whole)
    return found


@cache
def both(folder: Path) -> tuple[CLIPTokenizer, Any]:
    return read_clip_tokenizer(folder), Stock.from_pretrained(folder, local_files_only=True)


@pytest.mark.parametrize("form", ["tiny", "builtin", *FORMS, *(f"{form}, in one" for form in WRITTEN_AGAIN)])
def test_every_form_reads_as_in_transformers(form: str, folders: dict[str, Path]) -> None:
    ours, theirs = both(folders[form])
    for text in TEXTS:
        agree(ours, theirs, text)
    assert len(ours) == len(theirs)
    assert (ours.bos_token_id, ours.eos_token_id) == (theirs.bos_token_id, theirs.eos_token_id)


LETTERS = st.characters(exclude_categories=["Cs"])


@given(text=st.text(LETTERS | st.sampled_from("abcABC 09'!,.<|>\n"), max_size=40))
@pytest.mark.parametrize("form", ["builtin", "two files", "SD 2"])
def test_any_text_reads_as_in_transformers(form: str, text: str, folders: dict[str, Path]) -> None:
    agree(*both(folders[form]), text)


def agree(ours: CLIPTokenizer, theirs: Any, text: str, length: int = 12) -> None:
    """Ids, marks, padding and cuts, and the way back."""
    ids = list(theirs(text, add_special_tokens=False, verbose=False).input_ids)
    assert ours.encode(text) == ids, text
    assert ours.marked(ids, length) == theirs(text, padding="max_length", truncation=True, max_length=length).input_ids
    assert ours.decode(ids) == theirs.decode(ids, clean_up_tokenization_spaces=False).strip()
    assert ours.pieces(ids) == theirs.convert_ids_to_tokens(ids)


def test_files_that_are_none_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=r"vocab\.json cannot be read"):
        read_clip_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("[")
    with pytest.raises(ModelBroken, match=r"tokenizer\.json cannot be read"):
        read_clip_tokenizer(tmp_path)

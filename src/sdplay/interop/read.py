"""Open a picture and return what it says about how it was made, whichever program wrote that, in whichever place."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, shorten
from sdplay.images.open import UNREADABLE
from sdplay.interop import drawthings, easydiffusion, invokeai, midjourney, swarmui
from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.comfyui import is_graph, is_workflow, parse_comfyui
from sdplay.interop.fooocus import is_fooocus, parse_fooocus
from sdplay.interop.novelai import is_novelai, parse_novelai
from sdplay.interop.parsed import ParsedMetadata, json_object
from sdplay.interop.texts import COMFYUI, HIDDEN, XMP, Texts, texts_behind, texts_in

Reader = Callable[[], ParsedMetadata | None]
# Where anybody may say anything about a picture.
COMMENTS = ("UserComment", "comment", "Comment", "ImageDescription", "XPComment", "Description")
LIKE_JSON = re.compile(r"\s*\{\s*(\"|\})")
DEEPEST = 3  # texts within texts
# Texts that do not say how a picture was made, though they are there.
OF_FILES = re.compile(r"date|time|software|copyright|author|^title$|profile|compression|exif|thumb", re.I)
SILENT = "many web sites and messengers take such words out of pictures; use the file that the program itself saved"


def read_found(path: Path) -> ParsedMetadata | None:
    """What the picture `path` says about how it was made; None where it says nothing that we understand.

    Read in the order of A1111: the chunk `parameters`, NovelAI's chunks, comments; then the chunks of other programs,
    XMP, and at last what stands behind the pixels or is hidden in them. Raises `BadRequest` for a file that is no
    picture, and when all that is there is damaged.
    """
    try:
        return first_found(texts_in(path)) or first_found(texts_behind(path))
    except FileNotFoundError:
        raise BadRequest("no such file", field="file", value=str(path)) from None
    except UNREADABLE as error:
        raise BadRequest(f"is not a picture that can be read: {error}", field="file", value=str(path)) from None
    except BadRequest as problem:
        reason = f"its metadata {problem.reason}"
        raise BadRequest(reason, field="file", value=str(path), hint=problem.hint) from None


def why_silent(path: Path) -> str:
    """What to say of a picture of which `read_found` understands nothing: its texts are in no form that is read here,
    or it has none.
    """
    texts = {key: text.strip() for key, text in texts_in(path).items() if not OF_FILES.search(key) and text.strip()}
    if not texts:
        return SILENT
    shown = "; ".join(f"{key}: {shorten(text[:60])}" for key, text in list(texts.items())[:2])
    return f"its words are in no form that is read here ({shown})"


def first_found(texts: Texts, depth: int = 0) -> ParsedMetadata | None:
    """What the first of `texts` says that says something; raises `BadRequest` where all of them are damaged."""
    problem: BadRequest | None = None
    for read in readers(texts, depth):
        try:
            found = read()
        except BadRequest as error:
            problem = problem or error
        else:
            if found is not None:
                return found
    if problem is not None:
        raise problem
    return None


def readers(texts: Texts, depth: int) -> Iterator[Reader]:
    """What is to be tried on the texts of a picture, in order."""
    if depth >= DEEPEST:
        return
    for key in ("parameters", HIDDEN):
        if key in texts:
            yield lambda key=key: of_text(texts[key], depth, texts.get("fooocus_scheme", ""))
    if texts.get("Software") == "NovelAI":
        yield lambda: parse_novelai(texts)
    for key in (key for key in COMMENTS if key in texts):
        yield lambda key=key: of_comment(texts[key], depth)
    if any(chunk in texts for chunk in invokeai.CHUNKS):
        yield lambda: invokeai.parse_invokeai(texts)
    graphs = [texts[chunk] if texts.get(chunk, "").lstrip().startswith("{") else None for chunk in COMFYUI]
    if any(graphs):
        yield lambda: of_graphs(*graphs)
    if easydiffusion.is_easy_diffusion(texts):
        yield lambda: easydiffusion.parse_easy_diffusion(texts)
    if XMP in texts:
        yield lambda: drawthings.parse_xmp(texts[XMP])
    if midjourney.is_midjourney(texts.get("Description", "")):
        yield lambda: midjourney.parse_midjourney(texts["Description"])


def of_text(text: str, depth: int, scheme: str = "") -> ParsedMetadata | None:
    """What a text that only programs write says: JSON if it is an object of it, else an infotext, whatever its prompt
    begins with.
    """
    if scheme == "a1111":
        return parse_fooocus(text, scheme)
    if text.lstrip().startswith("{"):
        try:
            said = json_object(text)
        except BadRequest as damaged:
            found = parse_infotext(text)
            if not found.fields and LIKE_JSON.match(text):
                raise damaged from None
            return found
        return of_json(said, text, depth)
    return parse_infotext(text)


def of_comment(text: str, depth: int) -> ParsedMetadata | None:
    """What a comment says; None where it may be anybody's about anything."""
    found = of_text(text, depth)
    return found if found is not None and found.fields else None


def of_json(said: dict[str, Any], text: str, depth: int) -> ParsedMetadata | None:
    """What the JSON object `said`, written `text`, says; None for that of a program that we do not know."""
    if is_fooocus(said):
        return parse_fooocus(text)
    for kind in (swarmui, drawthings, easydiffusion):
        if kind.is_json_of(said):
            return kind.parse_json(said, text)
    if invokeai.is_metadata(said):
        return invokeai.parse_invokeai({"sd-metadata" if "image" in said else "invokeai_metadata": text})
    if is_novelai(said):
        return parse_novelai({"Comment": text})
    if is_graph(said):
        return of_graphs(text, None)
    if is_workflow(said):
        return of_graphs(None, text)
    return first_found(as_texts(said), depth + 1)


def as_texts(said: Mapping[str, Any]) -> Texts:
    """A JSON object that holds what others put into chunks."""
    held = {key: value for key, value in said.items() if isinstance(value, str | dict)}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in held.items()}


def of_graphs(prompt: str | None, workflow: str | None) -> ParsedMetadata | None:
    """What ComfyUI's graphs say; None for JSON that is not a graph."""
    found = parse_comfyui(prompt, workflow)
    return found if found.fields or found.other else None

"""Open a picture and return what it says about how it was made, whichever program wrote that."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image, PngImagePlugin

from sdplay.core.errors import BadRequest
from sdplay.images.read import LARGEST_FILE, MOST_PIXELS, UNREADABLE
from sdplay.images.write import EXIF_IFD, USER_COMMENT
from sdplay.interop import invokeai
from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.comfyui import parse_comfyui
from sdplay.interop.fooocus import is_fooocus, is_json, parse_fooocus
from sdplay.interop.novelai import parse_novelai
from sdplay.interop.parsed import ParsedMetadata

UNICODE, ASCII, UNDEFINED = b"UNICODE\0", b"ASCII\0\0\0", bytes(8)

FORMATS = ("PNG", "WEBP", "JPEG", "GIF")
COMFYUI = ("prompt", "workflow")
Texts = dict[str, str]


def read_found(path: Path) -> ParsedMetadata | None:
    """What the picture `path` says about how it was made; None where it says nothing that we understand.

    Read in the order of A1111: the chunk `parameters`, the EXIF comment, other comments; then the chunks of InvokeAI,
    ComfyUI and NovelAI. Raises `BadRequest` for a file that is no picture, and when all that is there is damaged.
    """
    try:
        texts = texts_in(path)
    except FileNotFoundError:
        raise BadRequest("no such file", field="file", value=str(path)) from None
    except UNREADABLE as error:
        raise BadRequest(f"is no picture that can be read: {error}", field="file", value=str(path)) from None
    problem: BadRequest | None = None
    for read in readers(texts):
        try:
            found = read()
        except BadRequest as error:
            problem = problem or error
        else:
            if found is not None:
                return found
    if problem is not None:
        raise BadRequest(f"its metadata {problem.reason}", field="file", value=str(path), hint=problem.hint)
    return None


def readers(texts: Texts) -> Iterator[Callable[[], ParsedMetadata | None]]:
    """What is to be tried on the texts of a picture, in order."""
    if "parameters" in texts:
        yield lambda: of_parameters(texts["parameters"], texts.get("fooocus_scheme", ""))
    for comment in (texts[key] for key in ("UserComment", "comment", "Comment") if key in texts):
        yield lambda comment=comment: of_comment(comment)
    if any(chunk in texts for chunk in invokeai.CHUNKS):
        yield lambda: invokeai.parse_invokeai(texts)
    if texts.get("Software") == "NovelAI":
        yield lambda: parse_novelai(texts)
    graphs = [texts[chunk] if is_json(texts.get(chunk, "")) else None for chunk in COMFYUI]
    if any(graphs):
        yield lambda: of_graphs(*graphs)


def of_parameters(text: str, scheme: str) -> ParsedMetadata | None:
    """What the chunk `parameters` says; None for JSON of a program that we do not know."""
    if scheme or is_fooocus(text):
        return parse_fooocus(text, scheme)
    return None if is_json(text) else parse_infotext(text)


def of_comment(text: str) -> ParsedMetadata | None:
    """What a comment says; None where it may be anybody's about anything."""
    if is_json(text):
        return parse_fooocus(text) if is_fooocus(text) else None
    found = parse_infotext(text)
    return found if found.fields else None


def of_graphs(prompt: str | None, workflow: str | None) -> ParsedMetadata | None:
    """What ComfyUI's graphs say; None for JSON that is no graph."""
    found = parse_comfyui(prompt, workflow)
    return found if found.fields or found.other else None


def texts_in(path: Path) -> Texts:
    """All texts in a picture file, by chunk keyword or name; ComfyUI's EXIF tags under its chunks' keywords."""
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"it is larger than {LARGEST_FILE // 2**20} MiB")
    with Image.open(path, formats=FORMATS) as image:
        texts = {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
        if isinstance(comment := image.info.get("comment"), bytes):
            texts["comment"] = decoded(comment)
        texts |= exif_texts(image)
        if isinstance(image, PngImagePlugin.PngImageFile) and not list(readers(texts)):
            texts |= texts_behind(image)
        return texts


def texts_behind(image: PngImagePlugin.PngImageFile) -> Texts:
    """The chunks of a PNG file that stand behind its pixels, which have to be read for it."""
    if image.width * image.height > MOST_PIXELS:
        return {}
    return {str(key): str(value) for key, value in image.text.items()}


def exif_texts(image: Image.Image) -> Texts:
    """The user comment, wherever it stands (Fooocus puts it among the picture's own tags), and ComfyUI's tags."""
    exif = image.getexif()
    texts: Texts = {}
    for tags in (exif, exif.get_ifd(EXIF_IFD)):
        if USER_COMMENT in tags:
            value = tags[USER_COMMENT]
            texts["UserComment"] = decoded_user_comment(value) if isinstance(value, bytes) else str(value)
    for value in exif.values():
        chunk, colon, json = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and chunk.strip().casefold() in COMFYUI:
            texts[chunk.strip().casefold()] = json.strip()
    return texts


def decoded_user_comment(comment: bytes) -> str:
    """An EXIF UserComment as text, "\ufffd" for what is no letter, since anybody's comment on anything comes by here.

    Eight bytes name the encoding. UNICODE is UTF-16 in whatever byte order the writer liked: big-endian for A1111, and
    little-endian is seen too, with a mark or without one.
    """
    head, body = comment[:8], comment[8:]
    if head == UNICODE:
        return body.decode(byte_order(body), "replace").removeprefix("\ufeff").rstrip("\0")
    if head in (ASCII, UNDEFINED):
        return decoded(body)
    return decoded(comment)


def byte_order(body: bytes) -> str:
    """The encoding of UTF-16 text: by its mark, else the order in which more of its letters are Latin."""
    for mark, order in ((codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        if body.startswith(mark):
            return order
    return "utf-16-le" if body[1::2].count(0) > body[::2].count(0) else "utf-16-be"


def decoded(body: bytes) -> str:
    """UTF-8, or else Latin-1, in which any bytes are text."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    return text.rstrip("\0")

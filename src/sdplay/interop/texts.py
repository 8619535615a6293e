"""All texts in a picture file: chunks, EXIF tags and comments, XMP, and what is hidden in the lowest bits."""

from __future__ import annotations

import codecs
from pathlib import Path

from PIL import Image, PngImagePlugin

from sdplay.images.open import MOST_PIXELS, open_file
from sdplay.images.write import EXIF_IFD, IMAGE_DESCRIPTION, USER_COMMENT
from sdplay.interop.stealth import LOSSLESS, hidden_text

ENCODINGS = {b"UNICODE\0": "utf-16", b"ASCII\0\0\0": "utf-8", bytes(8): "utf-8", b"JIS\0\0\0\0\0": "cp932"}
WRITTEN_OUT = (b"charset=", b"CHARSET=")  # some write the name of the encoding, up to a blank
XP_COMMENT = 0x9C9C
XMP = "XML:com.adobe.xmp"  # its keyword in PNG files
COMFYUI = ("prompt", "workflow")
HIDDEN = "hidden"  # under which name the text in the lowest bits stands
Texts = dict[str, str]


def texts_in(path: Path) -> Texts:
    """All texts in a picture file, by chunk keyword or name; ComfyUI's EXIF tags under its chunks' keywords.

    Raises what is in `UNREADABLE`, also for a file that is not opened.
    """
    with open_file(path) as image:
        texts = {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
        if isinstance(comment := image.info.get("comment"), bytes):
            texts["comment"] = decoded(comment)
        if isinstance(xmp := image.info.get("xmp"), bytes):
            texts.setdefault(XMP, decoded(xmp))
        return texts | exif_texts(image)


def texts_behind(path: Path) -> Texts:
    """The texts for which the pixels have to be read: chunks of a PNG file behind them, and what is hidden in them."""
    with open_file(path) as image:
        if image.width * image.height > MOST_PIXELS:
            return {}
        hidden = hidden_text(image) if image.format in LOSSLESS else None
        behind = image.text if isinstance(image, PngImagePlugin.PngImageFile) else {}
        texts = {str(key): str(value) for key, value in behind.items()}
        return texts if hidden is None else {**texts, HIDDEN: hidden}


def exif_texts(image: Image.Image) -> Texts:
    """The user comment, wherever it stands (Fooocus puts it among the picture's own tags), other tags that hold words,
    and ComfyUI's tags.
    """
    exif = image.getexif()
    texts: Texts = {}
    for tags in (exif, exif.get_ifd(EXIF_IFD)):
        for tag, name in ((USER_COMMENT, "UserComment"), (XP_COMMENT, "XPComment")):
            if tag in tags:
                value = tags[tag]
                texts[name] = decoded_user_comment(value) if isinstance(value, bytes) else str(value).rstrip("\0")
    if isinstance(description := exif.get(IMAGE_DESCRIPTION), str):
        texts["ImageDescription"] = description.rstrip("\0")
    for value in exif.values():
        chunk, colon, json = value.partition(":") if isinstance(value, str) else ("", "", "")
        if colon and chunk.strip().casefold() in COMFYUI:
            texts[chunk.strip().casefold()] = json.strip()
    return texts


def decoded_user_comment(comment: bytes) -> str:
    """An EXIF UserComment as text, "\ufffd" for what is not a letter, since any comment on anything comes by here.

    Eight bytes name the encoding, and many writers put another one behind them: UNICODE is UTF-16 in whatever byte
    order the writer liked (big-endian for A1111), with a mark or without one, or UTF-8.
    """
    if comment.startswith(WRITTEN_OUT):
        return decoded(comment.partition(b" ")[2])
    meant = ENCODINGS.get(comment[:8])
    return decoded(comment) if meant is None else decoded(comment[8:], meant)


def decoded(body: bytes, meant: str = "utf-8") -> str:
    """`body` as UTF-16 if it looks like that, else as UTF-8 if it is, else as it is `meant`; any bytes are Latin-1."""
    if order := byte_order(body):
        return body.decode(order, "replace").removeprefix("\ufeff").rstrip("\0")
    body = body.rstrip(b"\0")
    for encoding in dict.fromkeys(("utf-8-sig", meant.replace("utf-16", "utf-16-be"))):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-16-be", "replace") if meant == "utf-16" else body.decode("latin-1")


def byte_order(body: bytes) -> str:
    """The encoding of UTF-16 text: by its mark, else the order in which more of its letters are Latin; "" for other
    text, in which zeros stand at the end only.
    """
    for mark, order in ((codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le")):
        if body.startswith(mark):
            return order
    if b"\0" not in body.rstrip(b"\0"):
        return ""
    return "utf-16-le" if body[1::2].count(0) > body[::2].count(0) else "utf-16-be"

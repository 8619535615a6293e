"""The bytes of picture comments as text."""

from __future__ import annotations

import codecs

UNICODE, ASCII, UNDEFINED = b"UNICODE\0", b"ASCII\0\0\0", bytes(8)


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

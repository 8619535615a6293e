"""A picture that was enlarged, as a PNG file: what the smaller one said about itself, and that it is larger now."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from sdplay.images.infotext import infotext
from sdplay.images.infotext_grammar import quoted
from sdplay.images.open import UNREADABLE, open_file
from sdplay.images.picture import Picture, UpscaleRecord
from sdplay.images.write import CHUNK, ENLARGED, chunk, own_chunk
from sdplay.interop.texts import HIDDEN, Texts, texts_behind, texts_in
from sdplay.library.upscalers import UPSCALER_LABELS
from sdplay.requests.recipe import canonical_json

# Where files say what a PNG of A1111 says in `parameters`, the first that is there.
COMMENTS = ("UserComment", "comment", HIDDEN, "XPComment", "ImageDescription")


def upscale_infotext(one: UpscaleRecord) -> str:
    """What A1111 writes into the chunk of this name."""
    pairs = {"Postprocess upscale by": f"{one.scale:g}", "Postprocess upscaler": UPSCALER_LABELS[one.upscaler]}
    return ", ".join(f"{key}: {quoted(value)}" for key, value in pairs.items())


def texts_of(picture: Picture, version: str) -> Texts:
    """What the file of a drawn picture says."""
    return {"parameters": infotext(picture.recipe, picture.index, version), CHUNK: chunk(picture, version)}


def texts_in_file(path: Path) -> Texts:
    """What the picture in `path` says about itself, as the chunks of a PNG file; nothing where it cannot be told."""
    with suppress(*UNREADABLE):
        texts = texts_behind(path) | texts_in(path)
        with open_file(path) as image:
            own = own_chunk(image)
        if texts.get("ImageDescription") == own:  # where other files than PNG hold it
            texts.pop("ImageDescription", None)
        comment = next((texts[name] for name in COMMENTS if name in texts), None)
        kept = {name: text for name, text in texts.items() if name not in COMMENTS}
        if comment is not None:
            kept.setdefault("parameters", comment)
        return kept | ({CHUNK: own} if own is not None else {})
    return {}


def upscale_records_in(texts: Texts) -> tuple[UpscaleRecord, ...]:
    """How often a picture of ours was enlarged before."""
    return tuple(map(UpscaleRecord.from_dict, json.loads(texts[CHUNK]).get(ENLARGED, ()))) if CHUNK in texts else ()


def encode_upscaled(pixels: NDArray[np.uint8], texts: Mapping[str, str], chain: Sequence[UpscaleRecord]) -> bytes:
    """The PNG file of enlarged `pixels`, with the `texts` of the picture it was, and what has become of it."""
    info = PngImagePlugin.PngInfo()
    for name, text in (dict(texts) | {"postprocessing": upscale_infotext(chain[-1])}).items():
        if name == CHUNK:
            whole = json.loads(text) | {ENLARGED: [one.to_dict() for one in chain]}
            info.add_itxt(CHUNK, canonical_json(whole))
        else:
            info.add_text(name, text)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()

"""The form of an edit: pictures as files, everything else as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.datastructures import FormData, UploadFile

from sdplay.core.errors import BadRequest
from sdplay.images.read import eight_bit, open_image, png
from sdplay.requests.axes import converter
from sdplay.requests.base import Request, in_field_names, known
from sdplay.requests.inpaint import Inpaint
from sdplay.server.http.openai.fields import ImageFields, image_fields
from sdplay.server.http.openai.jobs import NAMES
from sdplay.server.records import Upload
from sdplay.server.service import Service

IMAGE, MASK = "image", "mask"
OPAQUE, HOLE = 255, 0  # values of an alpha


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What is asked for, and the ids of the uploads it is made from; in the mask white is repainted."""

    asked: ImageFields
    image: str
    mask: str | None


def read_edit(service: Service, form: FormData) -> Edit:
    """The edit in a form, its pictures kept as uploads; raises `BadRequest` and its kinds."""
    values = form_values(form)
    image = one_file(values.pop(IMAGE, []), IMAGE)
    masks = values.pop(MASK, [])
    asked = image_fields({name: value[0] if len(value) == 1 else value for name, value in values.items()})
    upload = keep(service, IMAGE, image)
    mask = holes(service, upload, IMAGE, most=HOLE)
    if masks:
        sent = keep(service, MASK, one_file(masks, MASK))
        mask = holes(service, sent, MASK)
        if mask is None:
            hint = "what is transparent in it is repainted: a PNG with an alpha channel"
            raise BadRequest("is transparent nowhere", field=MASK, hint=hint)
    return Edit(asked=with_values(asked), image=upload.id, mask=keep(service, MASK, mask).id if mask else None)


def form_values(form: FormData) -> dict[str, list[Any]]:
    """What a form holds under each name; `image[]` is `image`, again and again."""
    values: dict[str, list[Any]] = {}
    for name, value in form.multi_items():
        values.setdefault(name.removesuffix("[]"), []).append(value)
    return values


def one_file(given: list[Any], name: str) -> bytes:
    """The content of the one file `given` under a `name`; raises `BadRequest`."""
    if not given:
        raise BadRequest("is missing", field=name, hint="send a picture as a file of the form")
    if len(given) > 1:
        raise BadRequest("is more than one picture", field=name, value=len(given), hint="one picture is changed a time")
    if not isinstance(given[0], UploadFile):
        raise BadRequest("is no file", field=name, hint="send a picture as a file of the form, not as text")
    return given[0].file.read()


def with_values(asked: ImageFields) -> ImageFields:
    """`asked` with what is not OpenAI's as the values that its fields have, read from texts."""
    more = {name: value_of(NAMES.get(name, name), value) for name, value in asked.more.items()}
    return ImageFields(**asked.model_dump(exclude=set(asked.more), exclude_unset=True), **more)


def value_of(name: str, text: Any) -> Any:
    """The value of a field of ours that `text` says; what it does not say stays for the request to refuse."""
    kind: type[Request] = Inpaint
    field = next(iter(in_field_names(kind, {name: text})), name)
    if not isinstance(text, str) or not known(kind, field):
        return text
    try:
        return converter(kind, field)(text)
    except ValueError:
        return text


def keep(service: Service, name: str, content: bytes) -> Upload:
    """`content` as an upload; raises `BadRequest` for what is no picture, under the `name` it has in the form."""
    try:
        upload = service.add_upload(content)
    except BadRequest as error:
        raise BadRequest(error.reason, field=name, value=error.value, hint=error.hint) from error
    if not upload.media_type.startswith("image/"):
        raise BadRequest(f"is no picture but {upload.media_type}", field=name, hint="PNG, JPEG or WebP")
    return upload


def holes(service: Service, upload: Upload, name: str, most: int = OPAQUE - 1) -> bytes | None:
    """The PNG of what is to be repainted in a picture, white where that is transparent; None where its alpha is nowhere
    `most` or less.
    """
    image = eight_bit(open_image(service.file_of(upload), name))
    if not image.has_transparency_data:
        return None
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return png(OPAQUE - alpha) if int(alpha.min()) <= most else None

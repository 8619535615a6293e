"""Clip skip: which layer of its text encoder a model reads, counted from the end as A1111 and ComfyUI count.

1 is the last layer, 2 the one before it. Stable Diffusion 2.x and XL read the one before the last by design, so 1 and 2
are the same to them (their files may leave the last out); what is higher goes on from there. diffusers' `clip_skip`
counts from the layer that the model reads: its 1 is 2 here for Stable Diffusion 1.x, and 3 for the others.
"""

from __future__ import annotations

from sdplay.core.errors import BadRequest

LAST, BEFORE_LAST = 1, 2


def skipped_layers(clip_skip: int, own: int, layers: int) -> int:
    """How many layers before the one that the model reads by itself (`own`: `LAST` or `BEFORE_LAST`).

    `layers` is how many the encoder was trained with; raises `BadRequest` for more than that.
    """
    if clip_skip > layers:
        reason = f"the text encoder of this model has {layers} layers"
        raise BadRequest(reason, field="clip_skip", value=clip_skip, hint=f"take 1 to {layers}")
    return max(clip_skip - own, 0)

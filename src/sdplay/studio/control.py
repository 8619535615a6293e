"""Which ControlNet a request means, and whether its control image is looked at as it is."""

from __future__ import annotations

from sdplay.core.add_ons import called
from sdplay.core.errors import BadRequest
from sdplay.core.request import AnyRequest
from sdplay.core.stills import Still
from sdplay.imaging.control import holds_map
from sdplay.models.card import ModelCard

EDGES = "canny"


def with_controlnet(request: AnyRequest, card: ModelCard) -> AnyRequest:
    """`request` with its ControlNet named, the model's own where it names none, and its preprocessor settled.

    Raises `BadRequest` where the model has none of its own, and for a control image that cannot be read.
    """
    if not isinstance(request, Still) or request.control_image is None:
        return request
    network = request.controlnet or card.controlnet
    if not network:
        raise BadRequest(
            f"the model {card.name!r} has no ControlNet of its own",
            field="controlnet",
            hint="say which one follows the control image: --controlnet NAME, or its path",
        )
    preprocessor = request.control_preprocessor
    if preprocessor == "auto":
        of_edges = EDGES in called(network).casefold() and not holds_map(request.control_image)
        preprocessor = EDGES if of_edges else "none"
    return request.model_copy(update={"controlnet": network, "control_preprocessor": preprocessor})

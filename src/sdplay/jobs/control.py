"""Which ControlNet a request means, and whether its control image is looked at as it is."""

from __future__ import annotations

from sdplay.core.errors import BadRequest
from sdplay.images.control import holds_map
from sdplay.library.add_on_kinds import add_on_name
from sdplay.library.card import ModelCard
from sdplay.requests.request import AnyRequest
from sdplay.requests.stills import Still

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
        of_edges = EDGES in add_on_name(network).casefold() and not holds_map(request.control_image)
        preprocessor = EDGES if of_edges else "none"
    return request.model_copy(update={"controlnet": network, "control_preprocessor": preprocessor})

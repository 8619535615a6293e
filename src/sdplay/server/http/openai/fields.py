"""The fields of OpenAI's image API, as its clients of today and of yesterday send them.

What is not among them goes to the request of the picture: `seed`, `steps`, `negative_prompt` and all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from sdplay.core.fields import Prompt, Validated

MOST_PICTURES = 10
Quality = Literal["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"]
OutputFormat = Literal["png", "jpeg", "webp", "gif"]


class ImageFields(Validated):
    """What is asked for. `background`, `moderation`, `output_compression`, `complexity`, `user` and
    `safety_identifier` are taken and change nothing.
    """

    # Numbers may be texts: those of a form are.
    model_config = ConfigDict(extra="allow", strict=False)

    prompt: Prompt = Field(description="What to draw, in words.")
    model: str | None = Field(default=None, max_length=1000, description="The name of a model that is here.")
    n: int = Field(default=1, ge=1, le=MOST_PICTURES, description="How many pictures.")
    size: str = Field(default="auto", max_length=20, description='"auto" or WIDTHxHEIGHT, as 512x512.')
    quality: Quality = Field(default="auto", description="How many steps: those of the model, fewer, or more.")
    output_format: OutputFormat = Field(default="png", description="png, jpeg, webp, or gif for a film.")
    output_compression: int = Field(default=100, ge=0, le=100, description="Files keep the quality they have.")
    response_format: Literal["url", "b64_json"] | None = Field(default=None, description="Both when left out.")
    stream: bool = Field(default=False, description="Tell what is emerging.")
    partial_images: int = Field(default=0, ge=0, le=3, description="How many previews are told of each picture.")
    frame_count: int = Field(default=9, ge=2, le=16, description="Frames of a gif.")
    frame_duration_ms: int = Field(default=200, ge=20, le=10_000, description="How long a frame of a gif is shown.")
    input_fidelity: Literal["low", "high"] = Field(default="low", description="high: less of the picture changes.")
    style: str | None = Field(default=None, description="vivid and natural change nothing; else a style of ours.")
    background: str | None = None
    moderation: str | None = None
    complexity: str | None = None
    user: str | None = None
    safety_identifier: str | None = None

    @property
    def more(self) -> dict[str, Any]:
        """What is not OpenAI's."""
        return dict(self.model_extra or {})


def image_fields(body: Mapping[str, Any]) -> ImageFields:
    """The fields in the body of a request, null being the same as left out; raises `BadRequest` and its kinds."""
    return ImageFields(**{name: value for name, value in body.items() if value is not None})

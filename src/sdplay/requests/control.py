"""What a request says about a picture whose shapes are to be followed, by a ControlNet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.config import JsonDict

from sdplay.core.fields import FilePath, Text
from sdplay.requests.base import Request

Preprocessor = Literal["auto", "canny", "none"]
STEEPEST = 2040  # 4·255 across and 4·255 down: more than any threshold of edges can be
Threshold = Annotated[int, Field(ge=0, le=STEEPEST)]


def marks(since: str | float | None) -> JsonDict:
    """Those of a field that older recipes lack, where it stands for `since`."""
    return {"since": since, "group": "control"}


class Controlled(Request):
    """The fields of A1111's ControlNet panel, under its names, for one ControlNet."""

    control_image: FilePath | None = Field(
        default=None,
        description="A picture whose shapes are followed by a ControlNet: a photo, or a map of edges.",
        json_schema_extra=marks(None),
    )
    controlnet: Text | None = Field(
        default=None,
        min_length=1,
        description="The ControlNet: its name or path; the built-in model has one for edges of its own.",
        json_schema_extra=marks(None),
    )
    control_preprocessor: Preprocessor = Field(
        default="auto",
        description="What is made of the control image first: canny (its edges), none; auto: edges for a ControlNet "
        "with canny in its name, unless the picture is a map of edges already.",
        json_schema_extra=marks("auto"),
    )
    canny_low: Threshold = Field(
        default=100, description="A line goes on where edges are steeper than this.", json_schema_extra=marks(100)
    )
    canny_high: Threshold = Field(
        default=200, description="A line begins where edges are steeper than this.", json_schema_extra=marks(200)
    )
    control_scale: float = Field(
        default=1.0,
        ge=0,
        le=10,
        description="How much the ControlNet counts; 0: not at all.",
        json_schema_extra=marks(1.0),
    )
    control_start: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The share of the steps after which it begins.",
        json_schema_extra=marks(0.0),
    )
    control_end: float = Field(
        default=1.0, ge=0, le=1, description="The share of the steps after which it ends.", json_schema_extra=marks(1.0)
    )

    def unused_fields(self) -> set[str]:
        """Without a control image none of these reaches a pixel, and without edges no thresholds."""
        unused = super().unused_fields()
        if self.control_image is None:
            return unused | (Controlled.model_fields.keys() - Request.model_fields.keys())
        return unused | ({"canny_low", "canny_high"} if self.control_preprocessor == "none" else set())

    @model_validator(mode="after")
    def _has_something_to_follow(self) -> Controlled:
        if self.controlnet is not None and self.control_image is None:
            raise ValueError("a ControlNet has nothing to follow: give `control_image=FILE`")
        if self.control_start > self.control_end:
            raise ValueError(f"control_start {self.control_start:g} is after control_end {self.control_end:g}")
        return self

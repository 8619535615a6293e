"""The files of Stable Diffusion 1.x and 2.x. Imports no torch."""

from __future__ import annotations

from sdplay.families.common.detect import Architecture, TextEncoderFiles

SD15 = Architecture(
    name="sd15",
    family="sd",
    linear_projection=False,
    text_encoders=(TextEncoderFiles(component="text_encoder", root="cond_stage_model.", layout="clip"),),
    scaling_factor=0.18215,
)
SD2 = Architecture(
    name="sd2",
    family="sd",
    linear_projection=True,
    text_encoders=(TextEncoderFiles(component="text_encoder", root="cond_stage_model.", layout="open_clip", pad="!"),),
    scaling_factor=0.18215,
    v_size=768,
)

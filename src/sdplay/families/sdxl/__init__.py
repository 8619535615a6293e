"""The files of Stable Diffusion XL base. Imports no torch."""

from __future__ import annotations

from sdplay.families.common.detect import Architecture, TextEncoderFiles

SDXL = Architecture(
    name="sdxl",
    family="sdxl",
    size_embedding=True,
    linear_projection=True,
    text_encoders=(
        TextEncoderFiles(component="text_encoder", root="conditioner.embedders.0.", layout="clip"),
        TextEncoderFiles(
            component="text_encoder_2", root="conditioner.embedders.1.", layout="open_clip", pad="!", projected=True
        ),
    ),
    scaling_factor=0.13025,
    without_text="an SDXL refiner, or an SDXL model without its text encoders",
)

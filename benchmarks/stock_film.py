"""The walk through latent space that a person writes around the stock pipeline, frame by frame."""

# pyright: reportPrivateImportUsage=false

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.contestants import Ours, Stock


def slerp(start: Tensor, end: Tensor, weight: float) -> Tensor:
    """Between two noises along the arc."""
    cosine = (start * end).sum() / (start.norm() * end.norm())
    angle = torch.acos(cosine.clamp(-1, 1))
    return (torch.sin((1 - weight) * angle) * start + torch.sin(weight * angle) * end) / torch.sin(angle)


class StockFilm:
    """The stock pipeline with what a dream needs: key noises, which are those of ours, and encoded prompts."""

    def __init__(self, ours: Ours, prompts: Sequence[str], frames: int, fps: int) -> None:
        self._pipe, self._recipe = Stock(ours).pipe, ours.recipe
        self._frames, self._fps = frames, fps
        self._noises = ours.start(len(prompts)).split(1)
        with torch.inference_mode():
            encoded = [self._pipe.encode_prompt(prompt, "cpu", 1, True, negative_prompt="") for prompt in prompts]
        self._towards = [towards for towards, _ in encoded]
        self._away = encoded[0][1]

    def make(self, folder: Path) -> Path:
        """Draw every frame, save it as a PNG, then write them all into `folder`/video.mp4."""
        folder.mkdir()
        images = [self._frame(index) for index in range(self._frames)]
        for index, image in enumerate(images):
            image.save(folder / f"{index:05d}.png")
        with av.open(str(folder / "video.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=self._fps)
            stream.width, stream.height = images[0].size
            stream.pix_fmt = "yuv420p"
            for image in images:
                container.mux(stream.encode(av.VideoFrame.from_image(image)))
            container.mux(stream.encode())
        return folder

    def pictures(self, folder: Path) -> NDArray[np.uint8]:
        return np.stack([np.asarray(Image.open(path)) for path in sorted(folder.glob("*.png"))])

    def _frame(self, index: int) -> Image.Image:
        place = index * (len(self._noises) - 1) / max(self._frames - 1, 1)
        key = min(int(place), len(self._noises) - 2)
        weight = place - key
        drawn = self._pipe(
            prompt_embeds=torch.lerp(self._towards[key], self._towards[key + 1], weight),
            negative_prompt_embeds=self._away,
            latents=slerp(self._noises[key], self._noises[key + 1], weight),
            num_inference_steps=self._recipe.steps,
            guidance_scale=self._recipe.guidance_scale,
        )
        return drawn.images[0]

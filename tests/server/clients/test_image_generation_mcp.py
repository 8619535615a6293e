"""The provider class by which `image-generation-mcp` draws with A1111, unmodified against a real server."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from image_generation_mcp.providers.sd_webui import SdWebuiImageProvider
from image_generation_mcp.providers.types import ImageProviderError, InputImage
from PIL import Image

from tests.support.a1111 import drawn_here, photograph, told
from tests.support.builtin import FOLDERS
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


def asked(
    service: RunningService, what: Callable[[SdWebuiImageProvider], Awaitable[Any]], model: str | None = None
) -> Any:
    """What the provider answers."""

    async def ask() -> Any:
        provider = SdWebuiImageProvider(service.url, model)
        try:
            return await what(provider)
        finally:
            await provider.aclose()

    return asyncio.run(ask())


def test_generate(service: RunningService) -> None:
    seen: list[float] = []

    def progress(share: float, message: str) -> None:
        seen.append(share)

    result = asked(
        service,
        lambda provider: provider.generate(
            "a red apple", negative_prompt="blurry", aspect_ratio="3:2", progress_callback=progress
        ),
    )
    image = Image.open(io.BytesIO(result.image_data))
    seed = told(image).seed
    ours = {"steps": 30, "guidance_scale": 7.0, "sampler": "dpmpp_2m", "schedule": "karras", "size": "768x512"}
    assert [told(image)] == drawn_here("a red apple", negative_prompt="blurry", seed=seed, **ours)
    assert result.provider_metadata["seed"] == seed
    assert result.provider_metadata["model"] == "builtin"
    assert seen


def test_edit(service: RunningService, tmp_path: Path) -> None:
    photograph(tmp_path, (96, 96))
    given = InputImage(data=(tmp_path / "photo.png").read_bytes(), content_type="image/png")
    result = asked(
        service, lambda provider: provider.generate("a hat", reference_images=[given], strength=0.3), model="builtin"
    )
    image = Image.open(io.BytesIO(result.image_data))
    ours = {"steps": 30, "guidance_scale": 7.0, "sampler": "dpmpp_2m", "schedule": "karras", "size": 768}
    ours |= {"image": tmp_path / "photo.png", "strength": 0.3}
    assert [told(image)] == drawn_here("a hat", seed=told(image).seed, **ours)
    assert result.provider_metadata["edited"]


def test_discovery(service: RunningService) -> None:
    able = asked(service, lambda provider: provider.discover_capabilities())
    assert not able.degraded
    assert [model.display_name for model in able.models] == [*FOLDERS]


def test_model_that_there_is_not(service: RunningService) -> None:
    with pytest.raises(ImageProviderError, match="422"):
        asked(service, lambda provider: provider.generate("a red apple"), model="dreamshaper_8")

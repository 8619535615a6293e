"""Fixtures: tiny random models, and the built-in one as soon as it is there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

# One thread for every torch in this process and its children, unless a test says otherwise: bits depend on the number
# of threads, and the suite must not fight with whatever else runs here.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OMP_WAIT_POLICY"] = "passive"  # where a test does take two, they sleep while they wait
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["SDPLAY_HOME"] = tempfile.mkdtemp(prefix="sdplay-home-")  # not that of whoever runs the tests

import pytest
from hypothesis import settings

from sdplay.library.card import MODELS

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random SD 1.x folder: epsilon prediction, leading spacing with offset 1, as Stable Diffusion 1.5 has them."""
    from tests.support.tiny import build_tiny

    return build_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def tiny_v(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another random SD 1.x folder: v prediction, trailing spacing."""
    from tests.support.tiny import build_tiny

    return build_tiny(
        tmp_path_factory.mktemp("models") / "tiny_v", prediction="v_prediction", spacing="trailing", seed=1
    )


@pytest.fixture(scope="session")
def builtin() -> Path:
    """The folder of the built-in model."""
    folder = MODELS / "builtin"
    if not folder.exists():
        pytest.skip("the built-in model is still being trained: src/sdplay/models/builtin does not exist yet")
    return folder


@pytest.fixture
def quiet_diffusers() -> Iterator[None]:
    """A missing safety checker, and the like, is no news to a test."""
    from diffusers.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    yield
    logging.set_verbosity(before)

"""The line that says what a figure was measured on."""

from __future__ import annotations

import platform
from datetime import date
from importlib.metadata import version

import torch

PACKAGES = ("torch", "diffusers", "transformers", "numpy")
FORMATS = ("avx2", "avx512_bf16", "avx512_vnni", "amx_bf16")


def machine_line(threads: int, dtype: str, today: date) -> str:
    """Processor, its number formats, cores, threads, number types, date, versions."""
    capabilities = torch.cpu.get_capabilities()
    name = capabilities.get("cpu_name", platform.processor() or platform.machine())
    formats = ", ".join(entry for entry in FORMATS if capabilities.get(entry))
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"{name} ({formats or 'no vector formats known'}), {capabilities.get('num_physical_cores', '?')} cores, "
        f"{threads} of them used; ours in {dtype}, stock in float32; {today.isoformat()}; "
        f"Python {platform.python_version()}, {versions}"
    )

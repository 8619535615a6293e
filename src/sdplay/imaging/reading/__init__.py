"""What other programs left in their pictures, read into our words."""

from sdplay.imaging.reading.a1111 import parse_infotext
from sdplay.imaging.reading.comfyui import parse_comfyui
from sdplay.imaging.reading.fooocus import parse_fooocus
from sdplay.imaging.reading.found import Found
from sdplay.imaging.reading.invokeai import parse_invokeai
from sdplay.imaging.reading.novelai import parse_novelai
from sdplay.imaging.reading.read import read_found

__all__ = [
    "Found",
    "parse_comfyui",
    "parse_fooocus",
    "parse_infotext",
    "parse_invokeai",
    "parse_novelai",
    "read_found",
]

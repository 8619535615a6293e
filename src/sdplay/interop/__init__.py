"""What other programs left in their pictures, read into our words."""

from sdplay.interop.a1111 import parse_infotext
from sdplay.interop.comfyui import parse_comfyui
from sdplay.interop.fooocus import parse_fooocus
from sdplay.interop.invokeai import parse_invokeai
from sdplay.interop.novelai import parse_novelai
from sdplay.interop.parsed import ParsedMetadata
from sdplay.interop.read import read_found

__all__ = [
    "ParsedMetadata",
    "parse_comfyui",
    "parse_fooocus",
    "parse_infotext",
    "parse_invokeai",
    "parse_novelai",
    "read_found",
]

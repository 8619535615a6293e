"""Pixels in, pixels out, and the words inside picture files."""

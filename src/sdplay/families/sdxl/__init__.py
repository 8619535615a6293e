"""Stable Diffusion XL base."""

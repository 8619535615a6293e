"""Kinds of models; the only room that knows diffusers and transformers."""

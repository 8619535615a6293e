"""How the built-in model was made: fetch, art, tokenizer, codec, denoiser, judge, evaluate, export.

Each step is a module with a `main` that reads and writes one folder (`training/work` by default),
is seeded, and can be stopped and started again. `make model` runs them in order.
"""

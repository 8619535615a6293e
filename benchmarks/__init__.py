"""How fast, against whom, and at what loss: `python -m benchmarks --help`."""

"""An animation's settings as a file: JSON, YAML, TOML, the original's `config.py`, Deforum's settings."""

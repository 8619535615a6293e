"""The notation of prompts: what A1111 made of it, and wildcards and styles before that. Text in, text and data out."""

"""Files: written whole or not at all, never over another."""

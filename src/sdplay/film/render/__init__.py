"""From a segment of a film to its frames."""

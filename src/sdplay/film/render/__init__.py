"""From a unit of a film to its frames."""

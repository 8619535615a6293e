"""From a sample to pixels; read `render` first."""

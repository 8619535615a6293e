"""From frames to pictures; read `render` first."""

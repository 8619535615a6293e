"""Where pictures are drawn: in this process (inline), or not at all (fake)."""

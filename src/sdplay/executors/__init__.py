"""Where pictures are drawn: in this process (inline), in others (processes), by the service, or not at all (fake)."""

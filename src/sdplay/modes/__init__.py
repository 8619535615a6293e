"""From a request to a settled recipe, and from that to frames: pure, without torch, one file a mode."""

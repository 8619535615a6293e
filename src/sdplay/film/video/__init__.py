"""Films in and out, with PyAV: no program called ffmpeg is ever needed."""

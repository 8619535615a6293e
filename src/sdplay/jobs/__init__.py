"""Work that must survive; for now the seam it will stand on: executors."""

"""Pictures in and out, and the recipe inside picture files."""

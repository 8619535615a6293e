"""Kinds of jobs: pictures, grids, films, enlargements."""

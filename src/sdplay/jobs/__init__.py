"""Kinds of jobs: pictures, grids, films, enlargements, jobs drawn by many processes, and what was made before.

Each kind is a class that takes a `Resolver`; it is imported when it is first asked for.
"""

KINDS = {
    "pictures": "sdplay.jobs.pictures:PictureJobs",
    "grid": "sdplay.jobs.grid:GridJobs",
    "film": "sdplay.jobs.film:FilmJobs",
    "upscale": "sdplay.jobs.upscale:UpscaleJobs",
    "shards": "sdplay.jobs.shards.jobs:ShardJobs",
    "history": "sdplay.jobs.history:History",
}

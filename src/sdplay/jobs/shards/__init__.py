"""A job drawn by any number of processes that share its folder and nothing else."""

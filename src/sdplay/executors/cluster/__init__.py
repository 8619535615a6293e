"""Draw with many workers: units of a task go to whoever is free, and come back once, whatever happens to workers.

Which unit goes where, which are drawn twice and whom to believe is decided here by plain data; only `ray_crew` and what
it starts know Ray.
"""

"""A film as a job folder that survives any crash."""

"""The service over HTTP: a native API, that of A1111, that of OpenAI. FastAPI is imported here and nowhere else."""

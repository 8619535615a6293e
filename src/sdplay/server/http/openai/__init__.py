"""`/v1`: what clients of OpenAI's image API call. Each picture is a job of the queue, as every other."""

"""Tools for agents, by the Model Context Protocol: over the queue of the service that runs, which is asked by HTTP."""

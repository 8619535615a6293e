"""The service: a durable queue, a warm model behind it, and its entry points: HTTP, MCP, and the command line.

`Service` (service.py) is what the entry points talk to. No torch is loaded in its process: worker processes draw.
"""

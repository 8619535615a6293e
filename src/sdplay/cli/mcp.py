"""`sdplay mcp`: tools for agents."""

from __future__ import annotations

import click

from sdplay.core.errors import BadRequest

FLAGS = ("--port=0", "--idle-minutes=10")  # of a service that agents start


@click.command()
def mcp() -> int:
    """Let agents draw: draw, edit, inpaint, film, list_models, show, verify, by the Model Context Protocol.

    Programs start it and talk to it on its standard input and output. It uses the service that runs, or starts one in
    the background.
    """
    from sdplay.cli.serve import home

    try:
        from sdplay.server.mcp.run import serve_tools
    except ImportError as error:
        hint = 'pip install "sdplay[mcp]"'
        raise BadRequest(f"a package is missing: {error.name}", field="mcp", hint=hint) from error
    serve_tools(home(), FLAGS)
    return 0

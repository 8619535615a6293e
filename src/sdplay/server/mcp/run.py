"""`sdplay mcp`: the server of the tools, on standard input and output."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
)

from sdplay.core.errors import SdplayError
from sdplay.server.home import ServiceHome
from sdplay.server.mcp.calls import call
from sdplay.server.mcp.line import line, service_facts
from sdplay.server.mcp.shown import failed
from sdplay.server.mcp.tools import tools
from sdplay.version import VERSION

Context = ServerRequestContext[Any]
NAME, TITLE = "sdplay", "Stable Diffusion Playground"
INSTRUCTIONS = (
    "Draws pictures and films on this computer. Pictures have an id: give it to edit, inpaint, show or verify. "
    "The built-in model knows single things, one to a picture: 'a red apple, 3d render'."
)
log = logging.getLogger("sdplay.server")


def make_server(home: ServiceHome, flags: Sequence[str]) -> Server[Any]:
    """The server, whose service is the one of `home`; that is started when the first tool is called."""

    async def list_tools(context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[tool.data for tool in tools().values()])

    async def call_tool(context: Context, params: CallToolRequestParams) -> CallToolResult:
        async def progress(done: float, total: float) -> None:
            await context.session.report_progress(done, total)

        try:
            facts = await asyncio.to_thread(service_facts, home, flags)
            async with line(facts) as service:
                return await call(service, params.name, params.arguments or {}, progress)
        except SdplayError as error:
            return failed(str(error))

    return Server(
        NAME,
        title=TITLE,
        version=VERSION,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def serve_tools(home: ServiceHome, flags: Sequence[str]) -> None:
    """Answer at standard input and output until these are closed; a service that has to be started gets `flags`."""
    server = make_server(home, flags)

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    asyncio.run(run())

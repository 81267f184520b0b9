"""What an assistant does with `clara mcp`: start it, look at its tools, and call one."""

import asyncio
import sys

from mcp import Client, StdioServerParameters


async def main() -> None:
    command = StdioServerParameters(command=sys.executable, args=["-m", "clara", "mcp", "--model", "evidence"])
    async with Client(command) as client:
        print(*(tool.name for tool in (await client.list_tools()).tools))
        reply = await client.call_tool("ask", {"question": "¿Qué es la catarata?"})
        print(reply.structured_content["answer"])


asyncio.run(main())

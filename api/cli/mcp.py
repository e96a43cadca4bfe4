"""`routecause mcp`: the tools of a running server for MCP clients that start a process."""

from api.cli.options import Key, Url


def mcp(url: Url = None, key: Key = None) -> None:
    """Serve the agent's tools over stdin and stdout, answered by a running server."""
    import asyncio

    from api.cli.relay import relay

    asyncio.run(relay(url=url, key=key))

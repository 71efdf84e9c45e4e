"""The web server: uvicorn on one listening socket, and a connection that a fault can drop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from local_databricks.app import build
from local_databricks.workspace import Workspace

GRACE_S = 5  # what is under way at the end gets this long


class Connection(H11Protocol):  # type: ignore[misc]
    """Tells the application which connection a request came by, as `scope["transport"]`."""

    app: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        app = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "transport": transport}, receive, send)

        self.app = with_transport


class _Server(uvicorn.Server):  # type: ignore[misc]
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(workspace: Workspace, listener: socket.socket, ready: Callable[[], None]) -> int:
    """Serves until SIGTERM or SIGINT; `ready` is called when requests are answered. The exit code."""
    config = uvicorn.Config(
        build(workspace),
        http=Connection,
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
    server = _Server(config, ready)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve([listener]))
    return 0 if server.started else 3

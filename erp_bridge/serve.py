"""Serves the bridge's API inside the process of the bridge: when it fails, the bridge ends, and the other way round."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from erp_bridge.api import create_app
from erp_bridge.config import BridgeConfig
from erp_bridge.settings import Settings

STOP_S = 3


class _Server(uvicorn.Server):
    """Leaves signals to the bridge."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_api(
    settings: Settings, config: BridgeConfig, host: str, port: int, stop: asyncio.Event
) -> None:
    """Serve until told to stop. Raises OSError when the port is taken."""
    server = _Server(
        uvicorn.Config(
            create_app(settings, config),
            host=host,
            port=port,
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=STOP_S,
        )
    )
    serving = asyncio.create_task(server.serve(), name="bridge.api.serve")
    stopping = asyncio.create_task(stop.wait(), name="bridge.api.stop")
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        stopping.cancel()
    if not stop.is_set():
        raise OSError(f"the API could not listen on {host}:{port}")

"""Serve a simulated business system over HTTP on loopback, and tell where it is in `<state_dir>/<name>/endpoint.json`."""

import asyncio
import json
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import parse_qsl

import structlog
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from simulators import business_lies
from simulators.business_errors import Refused
from simulators.business_gate import BusinessGate, Tokens, resource_of
from simulators.business_lies import LieOrder, Lies
from simulators.business_store import Store
from simulators.gate import LOOPBACK

CLIENT_ID = "lineside"
_PORTS_TRIED = 50
_ENDING_S = 1
_open_transports: dict[tuple[str, int], asyncio.Transport] = {}
log = structlog.get_logger("lineside.sim")


@dataclass(frozen=True)
class System:
    """One simulated system: its store, its routes, and the lies it knows."""

    name: str
    store: Store
    tokens: Tokens
    lies: Lies
    routes: FastAPI


class CuttableProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, with connections that can be closed before an answer: an ASGI application cannot."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.client is not None:
            _open_transports[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.client is not None:
            _open_transports.pop(self.client, None)


def cut(client: tuple[str, int]) -> None:
    """Close the connection of a client without an answer."""
    transport = _open_transports.get((client[0], client[1]))
    if transport is not None:
        transport.close()


def make_system(
    name: str,
    state_dir: Path,
    *,
    schema: str,
    lies_by_default_on: str,
    kinds: tuple[str, ...],
    droppable: tuple[str, ...],
    token_ttl_s: float,
) -> System:
    """Open the store and make the routes every system has: token, lies, health. Raises AlreadyRunning."""
    store = Store(state_dir, name, business_lies.SCHEMA + schema)
    secret = store.setting("client_secret", secrets.token_urlsafe(18))
    tokens = Tokens(CLIENT_ID, secret, token_ttl_s)
    lies = Lies(store, lies_by_default_on, kinds, droppable)
    routes = FastAPI(title=f"Lineside simulator: {name}")
    system = System(name, store, tokens, lies, routes)
    _refusals(system)
    _front(system)
    return system


def _refusals(system: System) -> None:
    @system.routes.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> JSONResponse:
        if request.method == "POST" and request.url.path.startswith("/api/"):
            with system.store.transaction():
                facts = {"resource": resource_of(request.url.path), "details": error.details}
                system.store.note("refused", code=error.code, **facts)
        return JSONResponse(error.body(), status_code=error.status)

    @system.routes.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        wrong = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
        return JSONResponse(Refused(400, "malformed", "not valid", errors=wrong).body(), status_code=400)


def _front(system: System) -> None:
    routes = system.routes

    @routes.get("/healthz")
    async def health() -> dict[str, str]:
        return {"name": system.name, "status": "ok"}

    @routes.post("/oauth/token")
    async def token(request: Request) -> dict[str, Any]:
        wanted = await _form_or_json(request)
        granted = system.tokens.grant(str(wanted.get("client_id")), str(wanted.get("client_secret")))
        return {"access_token": granted, "token_type": "Bearer", "expires_in": system.tokens.ttl_s}

    @routes.post("/control/lie")
    async def lie(order: LieOrder) -> dict[str, Any]:
        return system.lies.order(order)

    @routes.get("/control/lies")
    async def lies() -> dict[str, Any]:
        return {"items": system.lies.waiting()}

    @routes.post("/control/expire-tokens")
    async def expire_tokens() -> dict[str, Any]:
        system.tokens.expire_all()
        return {"expired": True}


async def _form_or_json(request: Request) -> dict[str, Any]:
    """OAuth clients send a form; others JSON."""
    raw = await request.body()
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            parsed = json.loads(raw)
        except ValueError as wrong:
            raise Refused(400, "malformed", f"not JSON: {wrong}") from wrong
        return parsed if isinstance(parsed, dict) else {}
    return dict(parse_qsl(raw.decode("utf-8", "replace")))


def serve(make: Callable[[], System], port: int) -> None:
    """Run until SIGTERM or SIGINT. A taken port: the next free one. Port 0: any. Raises AlreadyRunning, OSError."""
    # uvicorn ends in order and then raises the signal again: this turns it into an ordinary end.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, _ended)
    system = make()
    listening = _listen(port)
    url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
    endpoint = system.store.folder / "endpoint.json"
    endpoint.unlink(missing_ok=True)  # A killed process left its own.
    gate = BusinessGate(system.routes, system.tokens, system.lies, cut)
    config = uvicorn.Config(
        gate,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_ENDING_S,
    )
    try:
        # The socket listens already: whoever finds the file can connect.
        _write_endpoint(endpoint, url, system.tokens)
        log.info("business_ready", name=system.name, url=url)
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        endpoint.unlink(missing_ok=True)
        system.store.close()


def _ended(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


def _listen(port: int) -> socket.socket:
    for candidate in range(port, port + (_PORTS_TRIED if port else 1)):
        # With the protocol named, asyncio turns Nagle off; otherwise every answer waits 40 ms for an ACK.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((LOOPBACK, candidate))
        except OSError:
            listening.close()
            continue
        listening.listen(256)
        return listening
    raise OSError(f"no free port from {port} to {port + _PORTS_TRIED - 1}")


def _write_endpoint(path: Path, url: str, tokens: Tokens) -> None:
    """Whole or not at all, and readable by its owner alone: it holds the client's secret."""
    facts = {
        "url": url,
        "client_id": tokens.client_id,
        "client_secret": tokens.client_secret,
        "pid": os.getpid(),
    }
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(facts, file, indent=2)
    fresh.replace(path)


def log_to_stderr() -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

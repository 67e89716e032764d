"""The local port of an edge: its health page, the same for programs, and its metrics. Off unless the configuration names it.

| address | what |
|---|---|
| `/` | the page, in English or Chinese |
| `/healthz` | JSON; 200 for `ok` and `degraded`, 503 for `failed` |
| `/metrics` | for Prometheus |

It runs on threads of its own, so that it answers also while the event loop is stuck, and says so.
"""

import json
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import structlog

from edge.health import Health
from edge.health_page import POLICY, as_json, page
from edge.health_texts import Words, language_for
from edge.settings import Metrics

log = structlog.get_logger()

REQUESTS_MAX = 16
"""At once; who comes beyond is hung up on."""
CLIENT_PATIENCE_S = 5.0


class HealthApp:
    """WSGI. `metrics` answers /metrics."""

    def __init__(self, health: Health, metrics: WSGIApplication) -> None:
        self._health = health
        self._metrics = metrics

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return _answer(
                start, HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", "GET only\n", Allow="GET, HEAD"
            )
        if path == "/metrics":
            return self._metrics(environ, start)
        if path == "/healthz":
            return self._healthz(start)
        if path == "/":
            return self._page(environ, start)
        return _answer(start, HTTPStatus.NOT_FOUND, "text/plain", "There is /, /healthz and /metrics\n")

    def _healthz(self, start: StartResponse) -> Iterable[bytes]:
        told = as_json(self._health.take())
        status = HTTPStatus.SERVICE_UNAVAILABLE if told["status"] == "failed" else HTTPStatus.OK
        return _answer(start, status, "application/json", json.dumps(told, ensure_ascii=False) + "\n")

    def _page(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        chosen = parse_qs(environ.get("QUERY_STRING", "")).get("lang", [""])[0]
        language = language_for(environ.get("HTTP_ACCEPT_LANGUAGE", ""), chosen)
        body = page(self._health.take(), Words(language))
        more = {
            "Content-Language": language,
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
        }
        return _answer(start, HTTPStatus.OK, "text/html", body, **more)


def _answer(
    start: StartResponse, status: HTTPStatus, kind: str, text: str, **headers: str
) -> Iterable[bytes]:
    body = text.encode()
    always = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
    }
    start(f"{status.value} {status.phrase}", [*always.items(), *headers.items()])
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        self._places = threading.BoundedSemaphore(REQUESTS_MAX)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], OSError):  # Whoever asked hung up, or said nothing: no news.
            log.error("health_request_failed", client=str(client_address), exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_PATIENCE_S

    def log_message(self, format: str, *arguments: Any) -> None:
        """A line for each scrape would bury what matters."""


@contextmanager
def serving(metrics: Metrics, app: HealthApp) -> Iterator[None]:
    """While the block runs. A port that is taken is logged, not raised: an edge counts whether it is watched or not."""
    url = f"http://{metrics.host}:{metrics.port}/"
    kind = _Server6 if ":" in metrics.host else _Server
    try:
        server = make_server(metrics.host, metrics.port, app, kind, _Handler)
    except OSError as error:
        log.error("health_page_unavailable", url=url, reason=str(error))
        yield
        return
    thread = threading.Thread(target=server.serve_forever, name="edge.health", daemon=True)
    thread.start()
    log.info("health_page_served", url=url)
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""Stands between a bridge and trytond and eats answers: what was asked is done there, and nobody hears of it."""

import json
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx

DEADLINE_S = 60.0
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *about: Any) -> None:
        """Who asked may be killed at any time: that is no word to print."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*about)


class AnswerEater:
    """`eat`: methods whose next answer is eaten. `meanwhile`: what happens right before a method's next call gets through.
    `eaten` and `passed` count answers by method, `refused` by what they were in Tryton's words or as an HTTP status."""

    def __init__(self, upstream: str) -> None:
        self.eaten: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._meanwhile: dict[str, Callable[[], None]] = {}
        self._eat: set[str] = set()
        self._guard = threading.Lock()
        self._upstream = httpx.Client(base_url=upstream, timeout=DEADLINE_S, trust_env=False)
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="answer-eater")
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def eat(self, *methods: str) -> None:
        with self._guard:
            self._eat |= set(methods)

    def meanwhile(self, method: str, happens: Callable[[], None]) -> None:
        with self._guard:
            self._meanwhile[method] = happens

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(DEADLINE_S)
        self._server.server_close()
        self._upstream.close()

    def _is_eaten(self, method: str) -> bool:
        with self._guard:
            is_eaten = method in self._eat
            self._eat.discard(method)
            (self.eaten if is_eaten else self.passed)[method] += 1
            return is_eaten

    def _forward(self, path: str, body: bytes, headers: dict[str, str], method: str) -> httpx.Response:
        with self._guard:
            happens = self._meanwhile.pop(method, None)
        if happens is not None:
            happens()
        answer = self._upstream.post(path, content=body, headers=headers)
        with self._guard:
            if answer.status_code != 200:
                self.refused[str(answer.status_code)] += 1
            elif error := answer.json().get("error"):
                self.refused[str(error[0])] += 1
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        eater = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {
                    name: self.headers[name]
                    for name in ("Authorization", "Content-Type")
                    if self.headers[name]
                }
                method = str(json.loads(body)["method"])
                try:
                    answer = eater._forward(self.path, body, headers, method)
                except httpx.TransportError:  # It was killed, perhaps after it had done what it was asked.
                    self._cut()
                    return
                if eater._is_eaten(method):
                    self._cut()
                    return
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.send_header("Content-Length", str(len(answer.content)))
                with suppress(ConnectionError):  # Who asked may have given up meanwhile.
                    self.end_headers()
                    self.wfile.write(answer.content)

            def _cut(self) -> None:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
                self.close_connection = True
                self.connection.close()

            def log_message(self, *_: object) -> None:
                """Quiet: the tests say what they saw."""

        return Handler

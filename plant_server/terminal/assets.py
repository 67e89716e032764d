"""The files of the pages, named one by one, with their digest in the address: kept by browsers for ever, and never old.

The scripts of the terminal lie in files of one subject each and are served as one: a request costs more than a subject.
"""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

MEDIA_TYPES = {
    "terminal.css": "text/css; charset=utf-8",
    "boss.css": "text/css; charset=utf-8",
    "trace.css": "text/css; charset=utf-8",
    "terminal.js": "text/javascript; charset=utf-8",
    "sw.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "htmx-ext-sse.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
}
_VENDORED = ("htmx.min.js", "htmx-ext-sse.min.js")
PARTS = {
    "terminal.js": (
        "lock.js",  # First to hear a key: while it is locked no other hears it.
        "touch.js",
        "outbox.js",
        "words.js",
        "notice.js",
        "panels.js",
        "contact.js",
        "ages.js",
        "andon.js",
        "report.js",
        "forms.js",
        "complete.js",
        "split.js",
        "orders.js",
        "trace.js",
        "scan.js",
        "sign_in.js",
        "queue.js",
        "device.js",
        "start.js",
    )
}
"""What is served as one file, in this order: names of a part are known to those after it, and to nobody outside."""


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    compressed: bytes
    digest: str
    media_type: str


def _read(name: str) -> Asset:
    content = _joined(PARTS[name]) if name in PARTS else _file(name)
    compressed = gzip.compress(content, mtime=0)
    return Asset(content, compressed, hashlib.sha256(content).hexdigest()[:12], MEDIA_TYPES[name])


def _joined(parts: tuple[str, ...]) -> bytes:
    return b"(() => {\n'use strict';\n" + b"\n".join(map(_file, parts)) + b"})();\n"


def _file(name: str) -> bytes:
    folder = ("static", "vendor") if name in _VENDORED else ("static",)
    return files(__package__).joinpath(*folder, name).read_bytes()


ASSETS = {name: _read(name) for name in MEDIA_TYPES}


def address(name: str) -> str:
    return f"/terminal/{name}?v={ASSETS[name].digest}"

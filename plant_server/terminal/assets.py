"""The files of the pages, named one by one, with their digest in the address: kept by browsers for ever, and never old."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files

MEDIA_TYPES = {
    "terminal.css": "text/css; charset=utf-8",
    "outbox.js": "text/javascript; charset=utf-8",
    "lock.js": "text/javascript; charset=utf-8",
    "terminal.js": "text/javascript; charset=utf-8",
    "touch.js": "text/javascript; charset=utf-8",
    "sw.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "htmx-ext-sse.min.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "manifest.webmanifest": "application/manifest+json",
}
_VENDORED = ("htmx.min.js", "htmx-ext-sse.min.js")


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    compressed: bytes
    digest: str
    media_type: str


def _read(name: str) -> Asset:
    folder = ("static", "vendor") if name in _VENDORED else ("static",)
    content = files(__package__).joinpath(*folder, name).read_bytes()
    compressed = gzip.compress(content, mtime=0)
    return Asset(content, compressed, hashlib.sha256(content).hexdigest()[:12], MEDIA_TYPES[name])


ASSETS = {name: _read(name) for name in MEDIA_TYPES}


def address(name: str) -> str:
    return f"/terminal/{name}?v={ASSETS[name].digest}"

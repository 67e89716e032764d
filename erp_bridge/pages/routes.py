"""The page and its files, named one by one: nothing else of the folder can be asked for."""

from importlib.resources import files

from fastapi import APIRouter
from fastapi.responses import Response

from erp_bridge.rest.problems import Problem

router = APIRouter(include_in_schema=False)
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
MEDIA_TYPES = {
    "icon.svg": "image/svg+xml",
    "index.html": "text/html; charset=utf-8",
    "bridge.css": "text/css; charset=utf-8",
    "bridge.js": "text/javascript; charset=utf-8",
    "hold.js": "text/javascript; charset=utf-8",
    "stock.js": "text/javascript; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
}
_FILES = {
    name: files(__package__).joinpath("static", name).read_text(encoding="utf-8") for name in MEDIA_TYPES
}


@router.get("/")
async def index() -> Response:
    return _file("index.html")


@router.get("/static/{name}")
async def static(name: str) -> Response:
    if name not in _FILES:
        raise Problem(404, "not-found")
    return _file(name)


def _file(name: str) -> Response:
    return Response(_FILES[name], media_type=MEDIA_TYPES[name], headers=HEADERS)

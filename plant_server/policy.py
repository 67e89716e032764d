"""Who may use which route. A route without a row here answers 403 to everyone, and a test names it.

Until people sign in there are two roles: whoever sits on this machine may read, and what changes something needs the
token in `.lineside/secrets/api-token`, which also opens the reads to other machines.
"""

import hmac
from enum import StrEnum
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plant_server.events.command import Actor
from plant_server.problems import Problem


class Role(StrEnum):
    ANYONE_ON_LOOPBACK = "anyone on loopback"
    INTEGRATOR_TOKEN = "integrator token"  # noqa: S105  # the name of a role


_READ, _WRITE = Role.ANYONE_ON_LOOPBACK, Role.INTEGRATOR_TOKEN

POLICY: dict[tuple[str, str], Role] = {
    ("GET", "/"): _READ,
    ("GET", "/static/{name}"): _READ,
    ("GET", "/healthz"): _READ,
    ("GET", "/openapi.json"): _READ,
    ("GET", "/api/v1/devices"): _READ,
    ("GET", "/api/v1/tags"): _READ,
    ("GET", "/api/v1/samples"): _READ,
    ("GET", "/api/v1/odometers"): _READ,
    ("GET", "/api/v1/cases"): _READ,
    ("GET", "/api/v1/gaps"): _READ,
    ("GET", "/api/v1/quarantine"): _READ,
    ("GET", "/api/v1/live"): _READ,
    ("GET", "/api/v1/machines/{machine:path}/state"): _READ,
    ("GET", "/api/v1/equipment"): _READ,
    ("GET", "/api/v1/equipment/proposals"): _READ,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/accept"): _WRITE,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/merge"): _WRITE,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/reject"): _WRITE,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/undo"): _WRITE,
    ("POST", "/api/v1/equipment/{equipment_id}/rename"): _WRITE,
    ("GET", "/api/v1/tags/proposals"): _READ,
    ("POST", "/api/v1/tags/proposals/{proposal_id}/accept"): _WRITE,
    ("POST", "/api/v1/tags/proposals/{proposal_id}/reject"): _WRITE,
}


_bearer = HTTPBearer(auto_error=False, description="The token in `.lineside/secrets/api-token`.")


async def authorize(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> None:
    """Dependency of the whole application. Raises Problem 401 or 403."""
    role = POLICY.get((request.method, request.scope["route"].path))
    if role is None:
        raise Problem(403, "no-policy")
    if "authorization" in request.headers:
        _check_token(request, credentials)
        request.state.actor = Actor("integrator token")
    elif role is not Role.ANYONE_ON_LOOPBACK or not _is_on_loopback(request):
        raise Problem(401, "token-required")
    else:
        request.state.actor = Actor("anyone on loopback")


def _check_token(request: Request, credentials: HTTPAuthorizationCredentials | None) -> None:
    expected: str = request.app.state.api_token
    if credentials is None or not hmac.compare_digest(credentials.credentials.encode(), expected.encode()):
        raise Problem(401, "token-refused")


def _is_on_loopback(request: Request) -> bool:
    """Whether the request comes from this machine and means this machine.

    The Host header counts too: else a page of another site could make a browser here read for it (DNS rebinding).
    """
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    return _is_loopback(request.client.host if request.client else None) and _is_loopback(host)


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False

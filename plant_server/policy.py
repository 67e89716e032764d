"""Authorization: deny by default, by the one table in policy_table.py.

Reads are open to whoever sits on this machine. Beyond that a person signs in, a terminal has its credential, and a
program sends the token in `.lineside/secrets/api-token`.
"""

import hmac
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from plant_server.people.identity import (
    TOKEN_HOLDER,
    Principal,
    identify_by_cookies,
    is_from_our_page,
    is_on_loopback,
)
from plant_server.people.roles import Role
from plant_server.policy_table import POLICY, QUEUED
from plant_server.problems import Problem

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

_bearer = HTTPBearer(auto_error=False, description="The token in `.lineside/secrets/api-token`.")


async def authorize(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> None:
    """Dependency of the whole application. Raises Problem 401 or 403."""
    allowed = POLICY.get(_row_of(request))
    if allowed is None:
        raise Problem(403, "no-policy")
    if "authorization" in request.headers:
        _check_token(request, credentials)
    elif request.method in SAFE_METHODS and _is_open(request, allowed):
        return  # Without asking who it is: reads on this machine work while the database does not.
    principal = await identify(request)
    if principal.by_cookie and request.method not in SAFE_METHODS and not is_from_our_page(request):
        raise Problem(403, "origin-refused")
    if Role.ANYONE in allowed or principal.roles & allowed:
        return
    if principal.locked:
        raise Problem(401, "session-locked")
    if principal.person or principal is TOKEN_HOLDER:
        raise Problem(403, "role-missing", ", ".join(sorted(allowed & set(Role))))
    raise Problem(401, "sign-in-required")


async def identify(request: Request) -> Principal:
    """Who sent the request; asked once. `authorize` has refused a wrong token before."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is None:
        if "authorization" in request.headers:
            known = TOKEN_HOLDER
        else:
            known = await identify_by_cookies(request, queued=_row_of(request) in QUEUED)
        request.state.principal = known
    return known


def _row_of(request: Request) -> tuple[str, str]:
    return request.method, request.scope["route"].path


def _is_open(request: Request, allowed: frozenset[Role]) -> bool:
    return Role.ANYONE in allowed or (Role.LOOPBACK in allowed and is_on_loopback(request))


def _check_token(request: Request, credentials: HTTPAuthorizationCredentials | None) -> None:
    expected: str = request.app.state.api_token
    if credentials is None or not hmac.compare_digest(credentials.credentials.encode(), expected.encode()):
        raise Problem(401, "token-refused")

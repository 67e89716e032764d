"""Who may use which route of the bridge API: a route without a row answers 403 to everyone."""

from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from erp_bridge.api_keys import ApiKeys, Caller
from erp_bridge.rest.problems import Problem

ANYONE = None
READ, WRITE = "read", "write"
POLICY: dict[tuple[str, str], str | None] = {
    ("GET", "/"): ANYONE,  # The page holds no data; it asks for a key.
    ("GET", "/static/{name}"): ANYONE,
    ("GET", "/healthz"): ANYONE,
    ("GET", "/openapi.json"): ANYONE,
    ("GET", "/bridge/v1/status"): READ,
    ("GET", "/bridge/v1/fix-it"): READ,
    ("GET", "/bridge/v1/holds"): READ,
    ("POST", "/bridge/v1/holds/{system}/release"): WRITE,
    ("GET", "/bridge/v1/documents"): READ,
    ("GET", "/bridge/v1/documents/{document_id}"): READ,
    ("POST", "/bridge/v1/documents/{document_id}/retry"): WRITE,
    ("POST", "/bridge/v1/documents/{document_id}/mark-posted"): WRITE,
    ("GET", "/bridge/v1/inbox"): READ,
    ("GET", "/bridge/v1/inbox/{inbox_id}"): READ,
    ("POST", "/bridge/v1/inbox/{inbox_id}/retry"): WRITE,
    ("POST", "/bridge/v1/inbox/{inbox_id}/drop"): WRITE,
    ("GET", "/bridge/v1/stock"): READ,
    ("GET", "/bridge/v1/codes"): READ,
    ("PUT", "/bridge/v1/codes/{system}/{kind}/{our_code:path}"): WRITE,
    ("DELETE", "/bridge/v1/codes/{system}/{kind}/{our_code:path}"): WRITE,
}
_bearer = HTTPBearer(auto_error=False, description="A key of `lineside bridge key`.")


async def authorize(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
) -> None:
    """Dependency of the whole application. Raises Problem 401, 403; DatabaseUnavailable."""
    row = (request.method, request.scope["route"].path)
    if row not in POLICY:
        raise Problem(403, "no-policy")
    scope = POLICY[row]
    if scope is ANYONE:
        return
    if credentials is None:
        raise Problem(401, "key-required")
    keys: ApiKeys = request.app.state.keys
    caller = await keys.caller(credentials.credentials)
    if caller is None:
        raise Problem(401, "key-refused")
    if scope not in caller.scopes:
        raise Problem(403, "scope-missing", scope)
    request.state.caller = caller


def caller_of(request: Request) -> Caller:
    """Whose request it is, on a route that wants a key."""
    caller: Caller = request.state.caller
    return caller

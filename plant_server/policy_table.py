"""Who may use which route: the whole table, on one page.

A new route needs a row, or it answers 403 to everyone. Whoever has one of the roles of a row may use its route. No role
holds another, so an administrator runs no machine unless a row says so. The API token has the role integrator.
"""

from plant_server.people.roles import PEOPLE, Role

Roles = frozenset[Role]
Row = tuple[str, str]

ANYONE: Roles = frozenset({Role.ANYONE})
SIGNED_IN: Roles = PEOPLE
FLOOR: Roles = frozenset({Role.OPERATOR, Role.LEAD, Role.QUALITY, Role.MAINTENANCE})
"""Who stands at a terminal."""
LEADING: Roles = frozenset({Role.LEAD, Role.MANAGER})
READ: Roles = PEOPLE | {Role.TERMINAL, Role.LOOPBACK}
AUDIT: Roles = frozenset({Role.QUALITY, Role.MANAGER, Role.INTEGRATOR, Role.ADMIN})
CONNECT: Roles = frozenset({Role.MAINTENANCE, Role.INTEGRATOR, Role.ADMIN})
"""Who connects machines."""
ADMIN: Roles = frozenset({Role.ADMIN})

POLICY: dict[Row, Roles] = {
    # pages
    ("GET", "/"): ANYONE,
    ("GET", "/static/{name}"): ANYONE,
    ("GET", "/healthz"): READ,
    ("GET", "/openapi.json"): READ,
    # telemetry and machine states
    ("GET", "/api/v1/devices"): READ,
    ("GET", "/api/v1/tags"): READ,
    ("GET", "/api/v1/samples"): READ,
    ("GET", "/api/v1/odometers"): READ,
    ("GET", "/api/v1/cases"): READ,
    ("GET", "/api/v1/gaps"): READ,
    ("GET", "/api/v1/quarantine"): READ,
    ("GET", "/api/v1/live"): READ,
    ("GET", "/api/v1/machines/{machine:path}/state"): READ,
    # equipment
    ("GET", "/api/v1/equipment"): READ,
    ("GET", "/api/v1/equipment/proposals"): READ,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/accept"): CONNECT,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/merge"): CONNECT,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/reject"): CONNECT,
    ("POST", "/api/v1/equipment/proposals/{proposal_id}/undo"): CONNECT,
    ("POST", "/api/v1/equipment/{equipment_id}/rename"): CONNECT,
    ("GET", "/api/v1/tags/proposals"): READ,
    ("POST", "/api/v1/tags/proposals/{proposal_id}/accept"): CONNECT,
    ("POST", "/api/v1/tags/proposals/{proposal_id}/reject"): CONNECT,
    # events
    ("GET", "/api/v1/events"): AUDIT,
    ("GET", "/api/v1/events/stream"): AUDIT,
    # people and terminals
    ("GET", "/api/v1/setup"): ANYONE,
    ("POST", "/api/v1/setup/administrator"): ANYONE,
    ("POST", "/api/v1/sign-in"): ANYONE,
    ("POST", "/api/v1/sign-out"): ANYONE,
    ("GET", "/api/v1/me"): ANYONE,
    ("GET", "/api/v1/people"): PEOPLE | {Role.TERMINAL},
    ("POST", "/api/v1/people"): ADMIN,
    ("POST", "/api/v1/people/{person_id}/change"): ADMIN,
    ("POST", "/api/v1/people/{person_id}/end-sessions"): ADMIN,
    ("PUT", "/api/v1/people/{person_id}/pin"): ADMIN,
    ("PUT", "/api/v1/people/{person_id}/badge"): ADMIN,
    ("GET", "/api/v1/stations"): PEOPLE | {Role.TERMINAL},
    ("POST", "/api/v1/stations"): ADMIN,
    ("POST", "/api/v1/stations/{station_id}/enrol"): ADMIN,
    ("POST", "/api/v1/stations/{station_id}/revoke"): ADMIN,
}

QUEUED: frozenset[Row] = frozenset()
"""Routes of additive facts (good, scrap, stop reason, andon, scan): what a terminal wrote down without contact and
sends later for the person who did it (people/identity.py)."""

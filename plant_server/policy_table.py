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
ANSWERING: Roles = LEADING | {Role.QUALITY, Role.MAINTENANCE}
"""Who comes when somebody calls."""
READ: Roles = PEOPLE | {Role.TERMINAL, Role.LOOPBACK}
AUDIT: Roles = frozenset({Role.QUALITY, Role.MANAGER, Role.INTEGRATOR, Role.ADMIN})
CONNECT: Roles = frozenset({Role.MAINTENANCE, Role.INTEGRATOR, Role.ADMIN})
"""Who connects machines."""
ADMIN: Roles = frozenset({Role.ADMIN})
PLANNING: Roles = LEADING | {Role.PLANNER, Role.INTEGRATOR}
"""Who says what is made: planners, leads, and the ERP by the bridge."""
MASTER_DATA: Roles = frozenset({Role.PLANNER, Role.INTEGRATOR})
OFFICE: Roles = (PEOPLE - {Role.OPERATOR}) | {Role.LOOPBACK}
"""Who may look at revisions that are not the one that runs."""

COSTS: Roles = frozenset({Role.PLANNER, Role.MANAGER, Role.INTEGRATOR, Role.ADMIN, Role.LOOPBACK})
"""Who may look at money."""

POLICY: dict[Row, Roles] = {
    # pages
    ("GET", "/"): ANYONE,  # the sign-in
    ("GET", "/status"): ANYONE,
    ("GET", "/t/{station:path}/screen"): READ,
    ("GET", "/t/{station:path}/live"): READ,
    ("GET", "/t/{station:path}/drawing"): READ,
    ("GET", "/t/{station:path}/hand-over"): READ,
    ("GET", "/t/{station:path}/stops"): READ,
    ("GET", "/line/{line:path}/board"): READ,  # A display is an enrolled terminal at which nobody signs in.
    ("GET", "/line/{line:path}"): READ,
    ("GET", "/boss"): ANYONE,  # Sends strangers to the sign-in.
    ("GET", "/boss/tiles"): OFFICE,
    ("GET", "/calls"): ANYONE,  # Sends strangers to the sign-in.
    ("GET", "/calls/list"): PEOPLE | {Role.LOOPBACK},
    ("GET", "/integrator"): ANYONE,  # Sends strangers to the sign-in.
    ("GET", "/trace"): ANYONE,  # Sends strangers to the sign-in.
    ("GET", "/integrator/health"): CONNECT | AUDIT | {Role.LOOPBACK},
    (
        "GET",
        "/t/{station:path}",
    ): ANYONE,  # Sends strangers to the sign-in. The last of its kind: it takes every rest.
    ("GET", "/terminal/{name}"): ANYONE,
    ("GET", "/sw.js"): ANYONE,
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
    # master data
    ("GET", "/api/v1/items"): READ,
    ("POST", "/api/v1/items"): MASTER_DATA,
    ("GET", "/api/v1/boms"): READ,
    ("POST", "/api/v1/boms"): MASTER_DATA,
    ("GET", "/api/v1/change-orders"): READ,
    ("POST", "/api/v1/change-orders"): MASTER_DATA,
    ("GET", "/api/v1/drawings"): OFFICE,
    ("GET", "/api/v1/drawings/{drawing_id}"): OFFICE,
    ("POST", "/api/v1/drawings"): MASTER_DATA,
    ("GET", "/api/v1/routings"): READ,
    ("POST", "/api/v1/routings"): MASTER_DATA,
    ("GET", "/api/v1/reasons"): READ,
    ("POST", "/api/v1/reasons"): MASTER_DATA | {Role.QUALITY},
    # work orders
    ("GET", "/api/v1/work-orders"): READ,
    ("POST", "/api/v1/work-orders"): PLANNING,
    ("GET", "/api/v1/work-orders/{work_order_id}"): READ,
    ("GET", "/api/v1/dispatch"): READ,
    ("POST", "/api/v1/work-orders/{work_order_id}/release"): PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/repin"): PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/resequence"): PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/hold"): FLOOR | PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/lift-hold"): PLANNING | {Role.QUALITY},
    ("POST", "/api/v1/work-orders/{work_order_id}/pause"): FLOOR | PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/resume"): FLOOR | PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/complete"): FLOOR | PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/close"): PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/cancel"): PLANNING,
    ("POST", "/api/v1/work-orders/{work_order_id}/abort"): PLANNING,
    ("POST", "/api/v1/operations/{operation_id}/skip"): PLANNING,
    # runs and reports
    ("GET", "/api/v1/runs"): READ,
    ("POST", "/api/v1/runs"): FLOOR,
    ("GET", "/api/v1/runs/{run_id}"): READ,
    ("POST", "/api/v1/runs/{run_id}/pause"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/resume"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/change"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/complete"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/parts-per-cycle"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/end-setup"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/hand-over"): FLOOR,
    ("GET", "/api/v1/runs/{run_id}/reports"): READ,
    ("POST", "/api/v1/runs/{run_id}/reports"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/reports/{report_id}/undo"): FLOOR,
    ("POST", "/api/v1/runs/{run_id}/reports/{report_id}/reverse"): LEADING | {Role.QUALITY},
    ("GET", "/api/v1/runs/{run_id}/drawings"): READ,
    ("GET", "/api/v1/runs/{run_id}/drawings/{drawing_id}"): READ,
    ("GET", "/api/v1/runs/{run_id}/bookings"): READ,
    ("POST", "/api/v1/runs/{run_id}/bookings/reverse"): LEADING,
    ("GET", "/api/v1/operations/{operation_id}/rework"): READ,
    ("POST", "/api/v1/operations/{operation_id}/rework"): FLOOR,
    ("GET", "/api/v1/not-assigned"): READ,
    ("POST", "/api/v1/not-assigned/assign"): LEADING | {Role.PLANNER},
    ("GET", "/api/v1/count-cases"): READ,
    ("POST", "/api/v1/count-cases/settle"): LEADING | {Role.PLANNER, Role.QUALITY},
    ("POST", "/api/v1/equipment/{equipment_id}/counting-tag"): CONNECT,
    # hand-overs: they name people, so who stands there without a sign-in does not read them
    ("GET", "/api/v1/hand-overs"): SIGNED_IN,
    ("POST", "/api/v1/hand-overs"): FLOOR,
    ("POST", "/api/v1/hand-overs/{hand_over_id}/read"): FLOOR,
    # materials
    ("POST", "/api/v1/scans"): FLOOR,
    ("GET", "/api/v1/stock"): READ,
    ("GET", "/api/v1/lots"): READ,
    ("POST", "/api/v1/lots"): FLOOR | {Role.PLANNER, Role.INTEGRATOR},
    ("GET", "/api/v1/lots/{lot_id}"): READ,
    ("GET", "/api/v1/lots/{lot_id}/moves"): READ,
    ("GET", "/api/v1/lots/{label:path}/trace"): SIGNED_IN,  # It names people.
    ("POST", "/api/v1/lots/{lot_id}/issue"): FLOOR,
    ("POST", "/api/v1/lots/{lot_id}/return"): FLOOR,
    ("POST", "/api/v1/lots/{lot_id}/consume"): FLOOR,
    ("POST", "/api/v1/lots/{lot_id}/adjust"): LEADING | {Role.QUALITY},
    ("POST", "/api/v1/lots/{lot_id}/hold"): FLOOR | {Role.INTEGRATOR},
    ("POST", "/api/v1/lots/{lot_id}/release"): frozenset({Role.QUALITY}),
    ("GET", "/api/v1/consumptions"): READ,
    ("POST", "/api/v1/consumptions/{consumption_id}/settle"): LEADING | {Role.QUALITY},
    ("GET", "/api/v1/waivers"): READ,
    ("POST", "/api/v1/waivers"): FLOOR | {Role.PLANNER, Role.MANAGER},
    ("POST", "/api/v1/waivers/{waiver_id}/grant"): LEADING | {Role.QUALITY},
    ("POST", "/api/v1/waivers/{waiver_id}/refuse"): LEADING | {Role.QUALITY},
    ("POST", "/api/v1/waivers/{waiver_id}/revoke"): LEADING | {Role.QUALITY},
    # stops
    ("GET", "/api/v1/stops"): READ,
    ("GET", "/api/v1/stops/standing"): READ,
    ("GET", "/api/v1/stops/{stop_id}"): READ,
    ("POST", "/api/v1/stops/{stop_id}/reason"): FLOOR | {Role.MANAGER},
    ("POST", "/api/v1/stops/{stop_id}/split"): FLOOR | {Role.MANAGER},
    ("GET", "/api/v1/stop-thresholds"): READ,
    ("POST", "/api/v1/stop-thresholds"): LEADING | {Role.MAINTENANCE},
    # andon: who needs help and has no badge at hand calls by the terminal's own right
    ("GET", "/api/v1/andon-calls"): READ,
    ("GET", "/api/v1/andon-calls/response"): READ,
    ("POST", "/api/v1/andon-calls"): PEOPLE | {Role.TERMINAL},
    ("POST", "/api/v1/andon-calls/{call_id}/acknowledge"): ANSWERING,
    ("POST", "/api/v1/andon-calls/{call_id}/resolve"): ANSWERING | {Role.OPERATOR},
    ("POST", "/api/v1/andon-calls/{call_id}/withdraw"): PEOPLE | {Role.TERMINAL},
    ("GET", "/api/v1/andon-settings"): READ,
    ("POST", "/api/v1/andon-settings"): LEADING | {Role.ADMIN},
    # energy
    ("GET", "/api/v1/runs/{run_id}/energy"): READ,
    ("GET", "/api/v1/work-orders/{work_order_id}/energy"): READ,
    ("GET", "/api/v1/energy"): READ,
    ("GET", "/api/v1/energy/meters"): READ,
    ("GET", "/api/v1/energy/waiting"): READ,
    ("POST", "/api/v1/energy/meters/{tag_id}/choose"): CONNECT,
    ("POST", "/api/v1/energy/meters/{tag_id}/key"): CONNECT | {Role.MANAGER},
    # costs
    ("GET", "/api/v1/work-orders/{work_order_id}/cost"): COSTS,
    ("GET", "/api/v1/costs/rates"): COSTS,
    ("POST", "/api/v1/costs/rates"): frozenset({Role.MANAGER, Role.INTEGRATOR}),
    ("POST", "/api/v1/costs/tariff"): frozenset({Role.MANAGER, Role.INTEGRATOR}),
    # shifts
    ("GET", "/api/v1/shifts"): READ,
    ("POST", "/api/v1/shifts"): frozenset({Role.MANAGER, Role.ADMIN}),
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
    ("GET", "/api/v1/unsigned-facts"): LEADING | AUDIT,
    ("POST", "/api/v1/unsigned-facts/{event_id}/settle"): LEADING,
}

QUEUED: frozenset[Row] = frozenset(
    {
        ("POST", "/api/v1/scans"),
        ("POST", "/api/v1/runs/{run_id}/reports"),
        ("POST", "/api/v1/stops/{stop_id}/reason"),
        ("POST", "/api/v1/andon-calls"),
    }
)
"""Routes of additive facts (good, scrap, stop reason, andon, scan): what a terminal wrote down without contact and
sends later for the person who did it (people/written_down.py)."""

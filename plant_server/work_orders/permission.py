"""The interlock's answer for the order itself, asked at start and at resume."""

from plant_server.domain.interlock import InterlockCaller, InterlockRequest
from plant_server.domain.verdict import Allowed, Permission
from plant_server.events import CommandContext
from plant_server.master_data.reading import to_ms
from plant_server.master_data.rows import Row
from plant_server.materials.interlock import ask, permission_of


async def permission_to_run(context: CommandContext, order: Row, caller: InterlockCaller) -> Permission:
    """The order's row must be locked. Refused: `superseded-revision` with the change order, `unreleased-revision` …

    An item without revisions has none that could be wrong.
    """
    if order["item_revision"] is None:
        return Allowed(order["number"], None)
    at_ms = to_ms(context.recorded_time) or 0
    request = InterlockRequest(order["item"], order["item_revision"], None, order["number"], at_ms, caller)
    return permission_of(await ask(context.connection, request))

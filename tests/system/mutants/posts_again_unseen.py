"""Sabotage: a bridge that does not look up before it sends again, and gives each further attempt a key of its own, so that
the other system cannot know it either."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import lineside
from erp_bridge.connectors.connector import Connector, Request
from erp_bridge.delivery import sender
from erp_bridge.delivery.outcome import Outcome

_honest = sender.deliver


async def _deliver(
    connector: Connector, settings: Any, request: Request, key: str, *, attempt: int, **rest: Any
) -> Outcome:
    if attempt > 1:
        fresh = {"external_id": str(uuid4())}
        request = replace(request, body={**request.body, **fresh}, expected={**request.expected, **fresh})
    return await _honest(connector, settings, request, key, attempt=attempt, **rest | {"ask_first": False})


if __name__ == "__main__":
    setattr(sender, "deliver", _deliver)  # noqa: B010  (mypy forbids the assignment)
    lineside.main()

"""What routes ask of the application: the pool of sessions, the live values."""

from typing import Annotated

from fastapi import Depends, Request

from plant_server.async_database import ConnectionPool
from plant_server.telemetry.live import LiveValues


def _pool(request: Request) -> ConnectionPool:
    pool: ConnectionPool = request.app.state.pool
    return pool


def _live(request: Request) -> LiveValues:
    live: LiveValues = request.app.state.live
    return live


# A route borrows a session itself and gives it back before it answers: the exit of a yield dependency would run
# after the response has left.
Pool = Annotated[ConnectionPool, Depends(_pool)]
Live = Annotated[LiveValues, Depends(_live)]

"""What routes ask of the application: the pool of sessions, the live values, who sent the request."""

from typing import Annotated

from fastapi import Depends, Request

from plant_server.async_database import ConnectionPool
from plant_server.people.identity import Person, Principal
from plant_server.people.secrets_of_people import Pepper
from plant_server.policy import identify
from plant_server.problems import Problem
from plant_server.telemetry.live import LiveValues


def _pool(request: Request) -> ConnectionPool:
    pool: ConnectionPool = request.app.state.pool
    return pool


def _live(request: Request) -> LiveValues:
    live: LiveValues = request.app.state.live
    return live


def _pepper(request: Request) -> Pepper:
    pepper: Pepper = request.app.state.pepper
    return pepper


async def current_person(request: Request) -> Person:
    """Who has signed in. Raises Problem 401: nobody has, or the session is locked."""
    principal = await identify(request)
    if principal.person is None:
        raise Problem(401, "session-locked" if principal.locked else "sign-in-required")
    return principal.person


# A route borrows a session itself and gives it back before it answers: the exit of a yield dependency would run
# after the response has left.
Pool = Annotated[ConnectionPool, Depends(_pool)]
Live = Annotated[LiveValues, Depends(_live)]
PepperOfPlant = Annotated[Pepper, Depends(_pepper)]
Who = Annotated[Principal, Depends(identify)]
CurrentPerson = Annotated[Person, Depends(current_person)]

"""Commands over HTTP: a route takes a `Call` and is done in a line.

@router.post("/work-orders/{work_order_id}/report", response_model=Reported, responses=command_responses(404))
async def report(call: Call, work_order_id: Id, body: Report) -> Response:
    return await call.run("work_order.report", body, partial(service.report, work_order_id, body))
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse, Response
from pydantic import AwareDatetime, BaseModel

from plant_server.async_database import ConnectionPool
from plant_server.events.canonical import canonical
from plant_server.events.client_clock import SENT_HEADER, TIME_HEADER, by_our_clock, received_time
from plant_server.events.command import Actor, Answer, Command
from plant_server.events.execute import Handler, execute
from plant_server.events.turns import Turns
from plant_server.people.unsigned import is_unsigned, listed, notes_of
from plant_server.people.written_down import Vouched
from plant_server.policy import identify
from plant_server.problems import Problem, answer, problem_responses

_KeyHeader = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A UUID of yours (best: UUIDv7) for this command. Sent again, it is answered again and not done "
        "again: `Idempotent-Replayed: true`.",
        examples=["0198c0de-7c1e-7cc1-8f5a-6d1f2b3c4d5e"],
    ),
]
_TimeHeader = Annotated[
    AwareDatetime | None,
    Header(alias=TIME_HEADER, description="When it happened, by your clock. Without it: now, by ours."),
]
_SentHeader = Annotated[
    AwareDatetime | None,
    Header(
        alias=SENT_HEADER,
        description="Your clock as you send this. If it is more than 2 s off ours, X-Client-Time is corrected by that "
        "and the Event keeps a note (`facts.clock`).",
    ),
]


@dataclass(frozen=True, slots=True)
class CommandCall:
    """One request to change something, with its key, its time and who sent it."""

    request: Request
    key: UUID
    event_time: datetime
    actor: Actor
    notes: Mapping[str, Any]
    vouched: Vouched | None

    async def run(
        self, kind: str, body: BaseModel | None, handler: Handler, *, needs_person: bool = True
    ) -> Response:
        """Do it once; the response carries the stored answer and leaves after the commit. What `needs_person`, and
        came without one, is listed for a lead."""
        pool: ConnectionPool = self.request.app.state.pool
        turns: Turns = self.request.app.state.turns
        notes = self.notes
        if self.vouched is not None and is_unsigned(self.vouched):
            notes = {**notes, **notes_of(self.vouched)}
            handler = listed(handler, self.vouched) if needs_person else handler
        command = Command(
            key=self.key,
            kind=kind,
            route=f"{self.request.method} {self.request.url.path}",
            body=body.model_dump(mode="json", exclude_unset=True) if body is not None else {},
            actor=self.actor,
            event_time=self.event_time,
            notes=notes,
        )
        if not self.request.path_params:  # It names no thing that others could wait for too.
            return respond(self.request, await execute(pool, command, handler))
        async with turns.at(self.request.url.path):
            told = await execute(pool, command, handler)
        return respond(self.request, told)


def respond(request: Request, told: Answer) -> Response:
    """The answer as HTTP: the same bytes each time; a refusal as a problem in the reader's language."""
    headers = {"Idempotent-Replayed": "true"} if told.replayed else {}
    if told.status >= 400:
        code, detail, params = (told.body[name] for name in ("code", "detail", "params"))
        return answer(request, told.status, code, detail, params=params, headers=headers)
    return Response(canonical(told.body), told.status, headers, JSONResponse.media_type)


def command_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For the OpenAPI of a command's route: `statuses` and those every command can have."""
    return problem_responses(400, *statuses, 409)


async def _call(
    request: Request, key: _KeyHeader = None, said: _TimeHeader = None, sent: _SentHeader = None
) -> CommandCall:
    if key is None:
        raise Problem(400, "key-missing")
    try:
        parsed = UUID(key)
    except ValueError as error:
        raise Problem(400, "key-invalid", "a UUID is wanted") from error
    principal = await identify(request)
    told = by_our_clock(said, sent, received_time(request))
    return CommandCall(request, parsed, told.event_time, principal.actor, told.notes, principal.vouched)


Call = Annotated[CommandCall, Depends(_call)]

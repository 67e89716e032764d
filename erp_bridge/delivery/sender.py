"""Sends the documents of one system, lane by lane.

Single flight: whoever sends a lane holds a lock of its own session all the while, also through the calls. Before a call
the document is `sending` and committed. A sender that dies gives the lane back with its session; the next one finds
`sending`, waits until `settle_s` after the start of that attempt, looks up by key, and only then sends. A system that is
held since a restore (after_restore/) is sent nothing.
"""

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import psycopg
import structlog

from erp_bridge.after_restore.told_before import take_from_told_before
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors.connector import Connector, Request
from erp_bridge.database import Session, load_queries, row, rows
from erp_bridge.delivery.attempt import StillOurs, deliver
from erp_bridge.delivery.material_under_way import waits_for_moves
from erp_bridge.delivery.outcome import Outcome, refused, skipped
from erp_bridge.delivery.request import request_of
from erp_bridge.errors import MappingError, NotNeeded, ToldBefore
from plant_server.contract.failpoints import failpoint

QUERIES = load_queries(__package__)
LANE_MAX = 50
"""Documents of one lane in one go; then others have their turn."""
log = structlog.get_logger("lineside.bridge")


class Sender:
    """Everything one system is told. Used by several workers, each with a session of its own."""

    def __init__(self, config: BridgeConfig, connector: Connector, stop: asyncio.Event) -> None:
        self._stop = stop
        self._config = config
        self._settings = config.connectors[connector.name]
        self._connector = connector
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._busy: set[str] = set()

    async def due_lanes(self, session: Session, limit: int) -> list[str]:
        """Lanes with something to send that no worker of this process is at. Raises psycopg.Error."""
        found = await rows(
            session, QUERIES["lanes_to_send"], connector=self._connector.name, limit=limit + len(self._busy)
        )
        return [one["lane"] for one in found if one["lane"] not in self._busy][:limit]

    async def send_lane(self, session: Session, lane: str) -> int:
        """Send what is due, in order; returns how many attempts were made. Nobody's turn: 0. Raises psycopg.Error."""
        if lane in self._busy:
            return 0
        self._busy.add(lane)
        values = {"connector": self._connector.name, "lane": lane}
        try:
            taken = await row(session, QUERIES["take_lane"], **values)
            if not taken or not taken["taken"]:
                return 0
            attempts = 0
            while attempts < LANE_MAX and not self._stop.is_set() and await self._attempt(session, lane):
                attempts += 1
            await session.execute(QUERIES["give_lane_back"], values)
            return attempts
        finally:
            self._busy.discard(lane)

    async def _attempt(self, session: Session, lane: str) -> bool:
        """One attempt for the first unfinished document; False when it is not due."""
        settings = self._settings
        still_ours = StillOurs(lambda: _is_alive(session), settings)
        async with session.transaction():
            values = {"connector": self._connector.name, "lane": lane, "settle_s": settings.settle_s}
            stored = await row(session, QUERIES["begin"], **values)
            if stored is None:
                return False
            attempt = {"document_id": stored["document_id"], "number": stored["attempts"]}
            await session.execute(QUERIES["attempt"], {**attempt, "worker": self._worker})
            await session.execute(QUERIES["attempts_left_open"], attempt)
            await take_from_told_before(session, self._config, self._connector, stored)
        outcome = await self._outcome(session, stored, still_ours)
        await self._finish(session, stored, outcome)
        failpoint("bridge.mark.after_commit")
        return True

    async def _outcome(self, session: Session, stored: Mapping[str, Any], still_ours: StillOurs) -> Outcome:
        try:
            request = await self._request(session, stored)
        except MappingError as error:
            return refused(error.code, error.message, error.details)
        except ToldBefore as error:
            return skipped("told_before_restore", str(error))
        except NotNeeded as error:
            return skipped("not_needed", str(error))
        number = stored["attempts"]
        outcome = await deliver(
            self._connector,
            self._settings,
            request,
            str(stored["document_id"]),
            attempt=number,
            ask_first=number > 1 or not self._connector.refuses_duplicates,
            still_ours=still_ours,
        )
        return await waits_for_moves(session, self._settings, stored, outcome)

    async def _request(self, session: Session, stored: Mapping[str, Any]) -> Request:
        """In their words and codes, and kept with the attempt. Raises MappingError, NotNeeded, ToldBefore."""
        request = await request_of(session, self._config, self._connector, stored)
        values = {"document_id": stored["document_id"], "number": stored["attempts"]}
        await session.execute(
            QUERIES["request_of_attempt"], {**values, "request": json.dumps(dict(request.body))}
        )
        return request

    async def _finish(self, session: Session, stored: Mapping[str, Any], outcome: Outcome) -> None:
        values = {
            "document_id": stored["document_id"],
            "number": stored["attempts"],
            "delivery_state": outcome.delivery_state,
            "state": outcome.state,
            "reference": outcome.reference,
            "answer": _json(outcome.answer),
            "read_back": _json(outcome.read_back),
            "difference": _json(outcome.difference),
            "problem": _json(outcome.problem),
            "posting_date": outcome.posting_date,
            "wait_s": outcome.wait_s,
            "error": outcome.error,
            "aside": outcome.aside,
        }
        done = (await session.execute(QUERIES["finish"], values)).rowcount
        if not done or outcome.state not in ("accepted", "ready", "sending"):
            log.warning(
                "document_" + (outcome.state if done else "taken_over"),
                document=str(stored["document_id"]),
                system=self._connector.name,
                lane=stored["lane"],
                problem=outcome.problem,
                difference=outcome.difference,
            )


async def send_forever(sender: Sender, session: Session, poll_s: float, stop: asyncio.Event) -> None:
    """A worker: send whatever lane is due until told to stop. Raises psycopg.Error when its session is lost."""
    while not stop.is_set():
        sent = 0
        for lane in await sender.due_lanes(session, limit=1):
            sent += await sender.send_lane(session, lane)
        if not sent:
            try:
                async with asyncio.timeout(poll_s):
                    await stop.wait()
            except TimeoutError:
                continue


async def _is_alive(session: Session) -> bool:
    try:
        await session.execute("")
    except psycopg.OperationalError:
        return False
    return True


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)

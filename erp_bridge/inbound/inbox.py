"""Rows of the inbox: what was told to us, and what the plant said about it.

A row is kept before the plant hears of it. One that stops on an unknown code, or that the plant refuses, stays until a
person mends what is wrong or a later revision takes its place; nothing is created to make it pass.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from erp_bridge import mapping
from erp_bridge.config import BridgeConfig, Source
from erp_bridge.connectors.connector import Change, Connector
from erp_bridge.database import Session, load_queries, row, rows
from erp_bridge.delivery.outcome import problem
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.codes import codes_of
from erp_bridge.documents.stored import acknowledge
from erp_bridge.errors import MappingError
from erp_bridge.inbound.canonical import Inbound, WorkOrder
from erp_bridge.inbound.plant_api import PlantAnswer, PlantApi
from erp_bridge.inbound.translate import Command, Origin, commands
from plant_server.contract.outbox import Kind

QUERIES = load_queries(__package__)
ROWS = 100
_REASON_MAX = 500
NOT_THERE_YET = frozenset(
    {"unknown-item", "unknown-revision", "unreleased-revision", "no-released-revision", "no-released-bom"}
)
"""Refusals that another document may end: told again when one came, and till then nobody is told no."""
_DEPENDED_ON = frozenset({"item", "bom"})
"""What others name: once it is there, those that were refused because it was not are told again."""


class Inbox:
    """The inbox of one system."""

    def __init__(self, config: BridgeConfig, connector: Connector, plant: PlantApi) -> None:
        self._config = config
        self._connector = connector
        self._plant = plant

    async def receive(self, session: Session, change: Change) -> None:
        """Keep what was told, if it is new. Raises psycopg.Error."""
        values: dict[str, Any] = {"system": self._connector.name, "kind": change.source}
        values["external_id"] = change.external_id
        revision = change.revision
        async with session.transaction():
            if revision is None:
                last = await row(session, QUERIES["told_last"], **values)
                if last is not None and last["told"] == json.loads(_json(change.told)):
                    return
                revision = str(int(last["revision"]) + 1) if last else "1"
            values |= {"revision": revision, "told": _json(change.told)}
            await session.execute(QUERIES["receive"], values)
            await session.execute(QUERIES["supersede"], values)

    async def tell_plant(self, session: Session, source: Source) -> int:
        """Tell the plant what waits, oldest first; returns how many rows. Raises PlantUnavailable, psycopg.Error."""
        waiting = await rows(
            session, QUERIES["to_tell"], system=self._connector.name, kind=source, limit=ROWS
        )
        for kept in waiting:
            await self._tell(session, source, kept)
        return len(waiting)

    async def _tell(self, session: Session, source: Source, kept: Mapping[str, Any]) -> None:
        try:
            told = self._connector.understand(source, kept["told"])
            codes = await codes_of(session, self._config, self._connector.name)
            to_do = commands(told, await self._origin(session, kept), codes)
        except MappingError as error:
            stopped = problem(error.code, error.message, error.details)
            await self._answer(session, kept, None, "stopped", stopped, None)
            return
        for command in to_do:
            answer = await self._plant.tell(command.path, command.body, self._key(source, kept, command))
            if not answer.accepted:
                await self._answer(session, kept, told, "refused", _refusal(answer), answer)
                return
        await self._answer(session, kept, told, "done", None, answer)

    def _key(self, source: Source, kept: Mapping[str, Any], command: Command) -> UUID:
        """The plant remembers refusals for ever, so what is tried again after a correction is another command."""
        again = [kept["attempt"]] if kept["attempt"] else []
        what = (source, kept["external_id"], kept["revision"], *again)
        return mapping.keyed(self._connector.name, *what, *([command.part] if command.part else []))

    async def _origin(self, session: Session, kept: Mapping[str, Any]) -> Origin:
        known = await row(session, QUERIES["plant_id"], inbox_id=kept["inbox_id"])
        plant_id = int(known["plant_id"]) if known else None
        number = int(kept["revision"].split()[0]) if kept["revision"].split()[0].isdigit() else 1
        return Origin(self._connector.name, kept["external_id"], number, plant_id)

    async def _answer(
        self,
        session: Session,
        kept: Mapping[str, Any],
        told: Inbound | None,
        state: str,
        stopped: Mapping[str, Any] | None,
        answer: PlantAnswer | None,
    ) -> None:
        """Keep what became of the row and, in the same transaction, what the sender of an order shall hear."""
        values = {
            "inbox_id": kept["inbox_id"],
            "attempt": kept["attempt"],
            "state": state,
            "problem": None if stopped is None else _json(stopped),
            "answer": None if answer is None else _json(answer.body),
        }
        async with session.transaction():
            done = (await session.execute(QUERIES["answer"], values)).rowcount
            if done and state == "done" and kept["kind"] in _DEPENDED_ON:
                codes = {"codes": sorted(NOT_THERE_YET), "inbox_id": kept["inbox_id"]}
                await session.execute(QUERIES["ask_again"], codes)
            if done and isinstance(told, WorkOrder) and told.state == "released" and answer is not None:
                await self._acknowledge(session, told, stopped)

    async def _acknowledge(
        self, session: Session, order: WorkOrder, refusal: Mapping[str, Any] | None
    ) -> None:
        """Accepted only if the plant accepted. A refused order is rejected with the reason, or left alone: by policy,
        and while what it names may still come."""
        settings = self._config.connectors[self._connector.name]
        if refusal is not None and (settings.refused_orders == "hold" or refusal["code"] in NOT_THERE_YET):
            return
        document = Document(
            kind=Kind.ORDER_ACKNOWLEDGEMENT,
            work_order=order.number,
            event_time=datetime.now(UTC),
            accepted=refusal is None,
            reason=None if refusal is None else f"{refusal['code']}: {refusal['message']}"[:_REASON_MAX],
            revision=str(order.revision),
        )
        await acknowledge(session, self._connector.name, document, self._config.site)


def _refusal(answer: PlantAnswer) -> dict[str, Any]:
    body = answer.body
    message = " ".join(str(body[name]) for name in ("title", "detail") if body.get(name))
    details = {name: body[name] for name in ("params", "errors") if body.get(name)}
    return problem(str(body.get("code", "refused_by_plant")), message, details)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

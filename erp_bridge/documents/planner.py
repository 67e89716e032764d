"""Claimed facts become documents, order by order, in the order of `order_seq`.

A fact goes to every system that takes its kind: on its own, or into the open window of its policy. A reversal goes to
wherever the fact it takes back is by now:
- not sent yet (open, ready, or refused and therefore not stored there): the document shrinks, or is cancelled;
- sent, or perhaps sent: a document that reverses it whole, and one more with what is left of it.
What cannot be planned becomes a refused document in its place, so that it is seen and nothing overtakes it.
"""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from erp_bridge import mapping
from erp_bridge.config import BridgeConfig, Policy
from erp_bridge.database import Session, row, rows
from erp_bridge.documents.canonical import Document
from erp_bridge.documents.stored import QUERIES, acknowledge, document_in, insert, lane_of, release
from erp_bridge.errors import MappingError
from plant_server.contract.outbox import Body, Kind

ORDERS, FACTS = 50, 200
"""At most so many in one pass, so that a transaction stays short."""
_SHRINKS = frozenset({"open", "ready", "refused"})


class Planner:
    """Plans for the systems of one configuration."""

    def __init__(self, config: BridgeConfig) -> None:
        self._config = config

    async def plan(self, session: Session) -> int:
        """Plan what can be planned now; return how many facts. Raises psycopg.Error."""
        count = await self._without_order(session)
        for found in await rows(session, QUERIES["orders_to_plan"], limit=ORDERS):
            count += await self._order(session, found["work_order_id"])
        await self._close_windows(session)
        return count

    async def _without_order(self, session: Session) -> int:
        async with session.transaction():
            facts = await rows(session, QUERIES["facts_without_order"], limit=FACTS)
            for fact in facts:
                await self._fact(session, fact, ended=True)
        return len(facts)

    async def _order(self, session: Session, work_order_id: int) -> int:
        count = 0
        async with session.transaction():
            order = await row(session, QUERIES["lock_order"], work_order_id=work_order_id)
            assert order is not None  # noqa: S101  # An upsert returns its row.
            at, ended = order["order_seq"], order["ended"]
            values = {"work_order_id": work_order_id, "after": at, "limit": FACTS}
            for fact in await rows(session, QUERIES["facts_of_order"], **values):
                if fact["order_seq"] != at + 1:
                    break  # One before it still waits at the plant.
                ended = await self._fact(session, fact, ended=ended)
                at, count = fact["order_seq"], count + 1
            values = {"work_order_id": work_order_id, "order_seq": at, "ended": ended}
            await session.execute(QUERIES["order_is_planned"], values)
        return count

    async def _close_windows(self, session: Session) -> None:
        async with session.transaction():
            for stored in await rows(session, QUERIES["closing_documents"], limit=FACTS):
                await release(session, stored)

    async def _fact(self, session: Session, claim: Mapping[str, Any], *, ended: bool) -> bool:
        """Plan one fact for every system; return whether its order has ended."""
        ends = False
        try:
            fact = mapping.parse(claim["kind"], claim["body"])
            document = mapping.document_of(fact, claim["event_id"])
            ends = mapping.ends_the_order(fact)
        except MappingError as error:
            await self._refuse(session, claim, error)
        else:
            for connector, settings in self._config.connectors.items():
                if ends and fact.kind is Kind.ORDER_PROGRESS:  # What was done is told before the end is.
                    await _release_lane(session, connector, lane_of(document))
                policy = settings.policy(fact.kind)
                if policy is not None:
                    step = _Step(session, connector, claim, self._config)
                    await step.plan(fact, document, "each" if ended else policy)
                if ends:
                    await _release_lane(session, connector, lane_of(document))
        await session.execute(QUERIES["fact_is_planned"], {"outbox_id": claim["outbox_id"]})
        return ended or ends

    async def _refuse(self, session: Session, claim: Mapping[str, Any], error: MappingError) -> None:
        """What is no document by the contract stands in its lane, refused, where its kind would be told."""
        for connector, settings in self._config.connectors.items():
            if claim["kind"] not in settings.documents:
                continue  # Nor does anyone wait for it there.
            number = claim["body"].get("work_order")
            document = Document(
                kind=Kind(claim["kind"]),
                work_order=number if isinstance(number, str) else None,
                event_time=claim["created_time"],
                event_ids=(claim["event_id"],),
            )
            await insert(
                session,
                mapping.keyed(connector, claim["event_id"], claim["outbox_id"]),
                connector,
                document,
                mapping.posting_date(claim["created_time"], self._config.site),
                state="refused",
                problem=_problem(error),
            )


class _Step:
    """One fact on its way into documents of one system."""

    def __init__(
        self, session: Session, connector: str, claim: Mapping[str, Any], config: BridgeConfig
    ) -> None:
        self._session = session
        self._connector = connector
        self._claim = claim
        self._site = config.site

    async def plan(self, fact: Body, document: Document, policy: Policy) -> None:
        if fact.reverses is not None:
            await self._take_back(fact.reverses, document)
            return
        if fact.kind is Kind.ORDER_ACKNOWLEDGEMENT:
            await self._acknowledge(document)
            return
        window = mapping.window(policy, document, self._site)
        if window is None:
            await self._carry(await self._insert(document, "document"))
            return
        await self._release_other_lots(document, window[0])
        values = {"connector": self._connector, "lane": lane_of(document), "kind": document.kind}
        there = await row(self._session, QUERIES["open_document"], **values, window_key=window[0])
        if there is None:
            await self._carry(await self._insert(document, "document", window=window))
        else:
            await self._change(there, mapping.together(document_in(there), document), "open")
            await self._carry(there["document_id"])

    async def _acknowledge(self, document: Document) -> None:
        """Of the revision told last. The inbound side may have acknowledged it already: it is one document."""
        values = {"system": self._connector, "number": document.work_order}
        told = await row(self._session, QUERIES["revision_told"], **values)
        if told is None:
            return  # An order that system does not know.
        revised = document.model_copy(update={"revision": told["revision"]})
        await self._carry(await acknowledge(self._session, self._connector, revised, self._site))

    async def _release_other_lots(self, document: Document, window_key: str) -> None:
        """A new lot ends the window of the lot before it."""
        if not window_key.startswith("lot "):
            return
        values = {"connector": self._connector, "lane": lane_of(document)}
        for stored in await rows(self._session, QUERIES["open_documents_of_lane"], **values):
            if stored["kind"] == document.kind and stored["window_key"] != window_key:
                await release(self._session, stored)

    async def _take_back(self, event_id: UUID, correction: Document) -> None:
        values = {"connector": self._connector, "event_id": event_id, "kind": correction.kind}
        carriers = await rows(self._session, QUERIES["carriers"], **values)
        for carrier in carriers:
            left = mapping.what_is_left(document_in(carrier), correction)
            if left is not None:
                await self._shrink(carrier, left)
                return
        if carriers:
            error = MappingError("nothing_to_take_back", f"event {event_id} holds less than is taken back")
            await self._insert(correction, "document", state="refused", problem=_problem(error))
        else:  # It was never told to this system, so there is nothing to take back there.
            told = {"code": "never_told", "message": f"event {event_id} was never told here", "details": {}}
            await self._insert(correction, "document", state="skipped", problem=told)

    async def _shrink(self, carrier: Mapping[str, Any], left: Document) -> None:
        state, carrier_id = carrier["state"], carrier["document_id"]
        untouched = state in _SHRINKS and (carrier["attempts"] == 0 or state == "refused")
        if state == "skipped" or (untouched and carrier["reverses"] is None):
            new_state = state if state in ("open", "skipped") else "ready" if left.lines else "cancelled"
            await self._change(carrier, left, new_state)
            await self._carry(carrier_id)
            return
        reversal = await self._insert(document_in(carrier), "reversal", reverses=carrier_id)
        into = await self._insert(left, "remainder") if left.lines else reversal
        await self._session.execute(
            QUERIES["carry_over"],
            {"connector": self._connector, "document_id": carrier_id, "into": into},
        )
        await self._carry(into)

    async def _insert(self, document: Document, role: str, **given: Any) -> UUID:
        claim = self._claim
        document_id = mapping.keyed(self._connector, claim["event_id"], claim["outbox_id"], role)
        day = mapping.posting_date(document.event_time, self._site)
        await insert(self._session, document_id, self._connector, document, day, **given)
        return document_id

    async def _change(self, stored: Mapping[str, Any], document: Document, state: str) -> None:
        values = {
            "document_id": stored["document_id"],
            "body": document.model_dump_json(),
            "event_time": document.event_time,
            "posting_date": mapping.posting_date(document.event_time, self._site),
            "state": state,
        }
        await self._session.execute(QUERIES["change_document"], values)

    async def _carry(self, document_id: UUID) -> None:
        values = {"connector": self._connector, "outbox_id": self._claim["outbox_id"]}
        await self._session.execute(QUERIES["carry"], {**values, "document_id": document_id})


async def _release_lane(session: Session, connector: str, lane: str) -> None:
    for stored in await rows(session, QUERIES["open_documents_of_lane"], connector=connector, lane=lane):
        await release(session, stored)


def _problem(error: MappingError) -> dict[str, Any]:
    return json.loads(json.dumps({"code": error.code, "message": error.message, "details": error.details}))  # type: ignore[no-any-return]

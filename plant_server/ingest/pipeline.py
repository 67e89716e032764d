"""From messages to committed rows: the whole of ingest without the broker.

    pipeline = Pipeline(connection, settings)
    outcome = pipeline.store_batch(messages)

A batch goes through: open, put in order (one session per edge), births and deaths, read, one transaction. The outcome
says what to answer to whom; sending is the caller's.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from edge.contract.topics import MessageType
from plant_server.ingest.array_parameters import register
from plant_server.ingest.batch_rows import write_quarantine
from plant_server.ingest.births import Registry
from plant_server.ingest.clocks import Clocks
from plant_server.ingest.decode import open_facts
from plant_server.ingest.facts import Facts, Window
from plant_server.ingest.host_session import HostSession, InOrder
from plant_server.ingest.message import EdgeKey, Opener, RawMessage, Refused
from plant_server.ingest.odometers import review_doubts
from plant_server.ingest.quarantine import OncePerMessage, QuarantineRow, Reason
from plant_server.ingest.queries import QUERIES
from plant_server.ingest.store import Store, Stored
from plant_server.settings import Settings

_DATA_TYPES = (MessageType.NDATA, MessageType.DDATA)
LOOK_FOR_DECISIONS_EVERY_S = 1.0  # Also tells an idle owner that its session is gone.
REVIEW_DOUBTS_EVERY_S = 30.0


@dataclass(slots=True)
class Outcome:
    """What a batch came to, and whom to answer. `committed` is what to tell the edges in `moved` (by how many messages),
    `born`, `behind`."""

    stored: Stored = field(default_factory=Stored)
    committed: dict[EdgeKey, tuple[UUID, int]] = field(default_factory=dict)
    moved: Counter[EdgeKey] = field(default_factory=Counter)
    born: set[EdgeKey] = field(default_factory=set)
    behind: set[EdgeKey] = field(default_factory=set)
    rebirths: list[EdgeKey] = field(default_factory=list)
    quarantined: int = 0


class Pipeline:
    """Not thread-safe. Everything remembered here may be dropped at any time: the database and births bring it back."""

    def __init__(
        self,
        connection: psycopg.Connection,
        settings: Settings,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        register(connection)
        self._connection = connection
        self._settings = settings
        self._monotonic = monotonic
        self._clock = clock
        self._opener = Opener()
        self._once = OncePerMessage()
        self._sessions: dict[EdgeKey, HostSession] = {}
        self._registry = Registry(connection, accept_equipment=settings.accept_equipment)
        self._clocks = Clocks()
        self._store = Store(connection, self._registry, self._clocks, self._once)
        self._kept = 0  # Messages in quarantine outside a batch's transaction, since the start.
        self._decided: object = None
        self._looked_s = self._reviewed_s = monotonic()

    def begin(self) -> None:
        """Before the first message: nobody is online until born. Raises psycopg.OperationalError."""
        self._connection.execute(QUERIES["all_offline"], {"groups": list(self._settings.groups)})
        self._connection.commit()

    def store_batch(self, messages: Sequence[RawMessage]) -> Outcome:
        """Store what is next in line of these messages. Raises CursorConflict, and psycopg.OperationalError when the
        session or the server is at fault; then this pipeline is used up."""
        now_s, kept_before = self._monotonic(), self._kept
        outcome = Outcome()
        window = Window.around(int(self._clock() * 1000), self._settings.retention_days)
        refused, in_order = self._in_order(messages, now_s)
        if refused:
            self._keep(refused, now_s)
        born = self._register(
            [step for step in in_order if step.message.type not in _DATA_TYPES], window, now_s
        )
        batch = self._read([step for step in in_order if step.message.type in _DATA_TYPES], window)
        if batch or self._clocks.due(now_s):
            outcome.stored = self._store.store(batch, now_s)
        outcome.quarantined = outcome.stored.quarantined + self._kept - kept_before
        self._answer(outcome, born)
        outcome.rebirths = self.rebirths_due()
        return outcome

    def rebirths_due(self) -> list[EdgeKey]:
        """Edges to be asked for a rebirth now. Call it while nothing arrives, too: reorder timers run here."""
        now_s = self._monotonic()
        return [edge for edge, session in self._sessions.items() if session.rebirth_due(now_s)]

    def do_chores(self) -> None:
        """What is due from time to time: decisions about tags, doubts that no reading settles."""
        now_s = self._monotonic()
        if now_s - self._looked_s >= LOOK_FOR_DECISIONS_EVERY_S:
            self._looked_s = now_s
            row = self._connection.execute(QUERIES["last_decision"]).fetchone()
            if row != self._decided:
                self._decided = row
                self._registry.forget_meanings()
        if now_s - self._reviewed_s >= REVIEW_DOUBTS_EVERY_S:
            self._reviewed_s = now_s
            with self._connection.cursor() as cursor:
                review_doubts(cursor, self._clock())
        self._connection.commit()

    def _in_order(self, messages: Sequence[RawMessage], now_s: float) -> tuple[list[Refused], list[InOrder]]:
        refused: list[Refused] = []
        in_order: list[InOrder] = []
        for raw in messages:
            opened = self._opener.open(raw)
            if isinstance(opened, Refused):
                refused.append(opened)
                continue
            if opened.type is not MessageType.NDEATH:  # A will carries the time of its CONNECT.
                self._clocks.hear(opened)
            in_order += self._session(opened.edge).take(opened, now_s)
        return refused, in_order

    def _session(self, edge: EdgeKey) -> HostSession:
        session = self._sessions.get(edge)
        if session is None:
            session = self._sessions[edge] = HostSession(self._settings.reorder_timeout_s)
        return session

    def _register(self, steps: Sequence[InOrder], window: Window, now_s: float) -> set[EdgeKey]:
        """Births and deaths in one transaction, each in its savepoint. Returns the edges whose node was born."""
        if steps:
            self._connection.execute(QUERIES["wake"])
        for step in steps:
            try:
                with self._connection.transaction():
                    self._registry.register(step, window)
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                self._registry.forget()
                self._keep(
                    [Refused(step.message.raw, Reason.BAD_BIRTH, str(error), step.message.edge)], now_s
                )
        self._connection.commit()
        return {step.message.edge for step in steps if step.message.type is MessageType.NBIRTH}

    def _read(self, steps: Sequence[InOrder], window: Window) -> list[Facts]:
        batch = []
        for step in steps:
            if step.born is not None:
                bindings = self._registry.bindings_of(step.message.edge, step.born)
                batch.append(open_facts(step.message, bindings, window))
        return batch

    def _keep(self, refused: Sequence[Refused], now_s: float) -> None:
        """Messages without readable numbers, in a transaction of their own."""
        rows = [
            QuarantineRow(
                None if message.edge is None else self._registry.known_edge_id(message.edge),
                message.raw.topic,
                message.raw.payload,
                message.reason,
                message.detail,
            )
            for message in refused
            if self._once.admits(message.raw.topic, message.raw.payload, now_s)
        ]
        with self._connection.cursor() as cursor, self._connection.transaction():
            self._kept += write_quarantine(cursor, rows)

    def _answer(self, outcome: Outcome, born: set[EdgeKey]) -> None:
        stored = outcome.stored
        for (edge, epoch), committed in stored.committed.items():
            outcome.committed[edge] = epoch, committed
        outcome.moved, outcome.behind = stored.moved, stored.behind
        for edge in born:
            own = _uuid(self._sessions[edge].epoch)
            if own is not None:
                outcome.born.add(edge)
                outcome.committed[edge] = own, self._committed(edge, own, stored)

    def _committed(self, edge: EdgeKey, epoch: UUID, stored: Stored) -> int:
        if (edge, epoch) in stored.committed:
            return stored.committed[edge, epoch]
        names = {"edge_id": self._registry.edge_id(edge), "epoch": epoch}
        row = self._connection.execute(QUERIES["read_cursor"], names).fetchone()
        self._connection.commit()
        return 0 if row is None else int(row[0])


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None

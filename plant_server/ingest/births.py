"""Births and deaths into the database: edges, devices, tags, what a person has to decide about them.

Written before the transaction of the batch they came with, since nothing here depends on a cursor and data needs the
tags. A tag keeps the meaning it has: what a birth says otherwise is a proposal.
"""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

from edge.contract import spool_metrics
from edge.contract.datatypes import Quality
from edge.contract.payloads import Metric
from edge.contract.topics import MessageType
from plant_server.ingest.alarms import AlarmKind, raise_alarm
from plant_server.ingest.binding import Bindings, Counted, bind, is_tag
from plant_server.ingest.facts import Window
from plant_server.ingest.host_session import Born, InOrder
from plant_server.ingest.last_values import LastValue, save_last_values
from plant_server.ingest.message import EdgeKey, Opened
from plant_server.ingest.queries import QUERIES, moment
from plant_server.ingest.spool_fills import write_born_fill
from plant_server.ingest.tag_meaning import TagMeaning

LOST_WITHOUT_HEARTBEATS_S = 8.0
"""An edge that says that it is there every 2 s, told to the database within 1 s, has missed two of its words by then."""
LOST_S = 60.0
"""Of a node that promises nothing: it may be silent because nothing changes."""


class Registry:
    """Knows the ids of edges, devices and tags. What it remembers is dropped whenever a transaction was rolled back."""

    def __init__(self, connection: psycopg.Connection, *, accept_equipment: bool) -> None:
        self._connection = connection
        self._accept_equipment = accept_equipment
        self._edges: dict[EdgeKey, int] = {}
        self._devices: dict[tuple[int, str], int] = {}
        self._bindings: WeakKeyDictionary[Born, Bindings] = WeakKeyDictionary()

    def forget(self) -> None:
        self._edges.clear()
        self._devices.clear()
        self._bindings.clear()

    def forget_meanings(self) -> None:
        """A person has accepted a proposal: tags are read again."""
        self._bindings.clear()

    def edge_id(self, key: EdgeKey) -> int:
        """The edge's id; it is made when it is new."""
        if key not in self._edges:
            names = {"group": key.group, "node": key.node}
            self._edges[key] = self._find("find_edge", names) or self._add("add_edge", names)
        return self._edges[key]

    def known_edge_id(self, key: EdgeKey) -> int | None:
        """Like edge_id, but what nobody has heard of stays so (for quarantine)."""
        if key not in self._edges:
            found = self._find("find_edge", {"group": key.group, "node": key.node})
            if found is None:
                return None
            self._edges[key] = found
        return self._edges[key]

    def device_id(self, edge_id: int, name: str) -> int:
        if (edge_id, name) not in self._devices:
            names = {"edge_id": edge_id, "device": name}
            found = self._find("find_device", names) or self._add("add_device", names)
            self._devices[edge_id, name] = found
        return self._devices[edge_id, name]

    def bindings_of(self, edge: EdgeKey, born: Born) -> Bindings:
        """What the aliases of a birth mean; its tags were made when it was registered."""
        bindings = self._bindings.get(born)
        if bindings is None:
            metrics = [metric for metric in born.metrics if metric.name]
            tag_ids: dict[str, int] = {}
            counted: dict[str, Counted] = {}
            if any(is_tag(metric.name or "") for metric in metrics):
                known = self._tags(self.device_id(self.edge_id(edge), born.device))
                tag_ids = {name: tag_id for name, (tag_id, _) in known.items() if is_tag(name)}
                counted = {name: found for name, (_, meaning) in known.items() if (found := meaning.counted)}
            bindings = self._bindings[born] = bind(metrics, tag_ids, counted)
        return bindings

    def register(self, in_order: InOrder, window: Window) -> None:
        """Write one birth or death. In a transaction of the caller's. Raises psycopg.Error for what cannot be stored."""
        message, edge_id = in_order.message, self.edge_id(in_order.message.edge)
        cursor = self._connection.cursor()
        if message.type is MessageType.NDEATH:
            cursor.execute(QUERIES["node_died"], {"edge_id": edge_id, "bd_seq": _bd_seq(message)})
        elif message.type is MessageType.DDEATH:
            time = _time_of(message, window)
            cursor.execute(
                QUERIES["device_died"], {"edge_id": edge_id, "device": message.device, "time": time}
            )
        elif in_order.born is not None:
            if message.type is MessageType.NBIRTH:
                born = {"bd_seq": _bd_seq(message), "contact_lost_s": _contact_lost_s(in_order.born)}
                cursor.execute(QUERIES["node_born"], {"edge_id": edge_id} | born)
                write_born_fill(cursor, message, edge_id)
            self._register_birth(cursor, message, edge_id, in_order.born, window)

    def _register_birth(
        self, cursor: psycopg.Cursor, message: Opened, edge_id: int, born: Born, window: Window
    ) -> None:
        tags = {metric.name: metric for metric in born.metrics if metric.name and is_tag(metric.name)}
        if not tags and message.type is MessageType.NBIRTH:
            return  # A node without metrics of its own, as ours are, is no device.
        device_id = self.device_id(edge_id, born.device)
        path = next((path for metric in tags.values() if (path := _path(metric))), None)
        cursor.execute(QUERIES["device_born"], {"device_id": device_id, "path": path})
        if path:
            self._propose_equipment(cursor, device_id, path)
        meanings = {name: TagMeaning.of(metric) for name, metric in tags.items()}
        self._add_tags(cursor, device_id, meanings)
        known = self._tags(device_id)
        self._propose_tags(cursor, known, meanings)
        self._tell_uncounted(cursor, message, known, meanings)
        save_last_values(cursor, _birth_values(tags.values(), known, message, window), live=True)

    def _propose_equipment(self, cursor: psycopg.Cursor, device_id: int, path: str) -> None:
        cursor.execute(QUERIES["propose_equipment"], {"device_id": device_id, "path": path})
        if self._accept_equipment:
            cursor.execute(QUERIES["accept_equipment"], {"device_id": device_id})

    def _add_tags(self, cursor: psycopg.Cursor, device_id: int, meanings: dict[str, TagMeaning]) -> None:
        new = sorted(set(meanings) - set(self._tags(device_id)))
        if not new:
            return
        rows = [meanings[name] for name in new]
        cursor.execute(
            QUERIES["add_tags"],
            {
                "device_id": device_id,
                "names": new,
                "datatypes": [row.datatype for row in rows],
                "roles": [row.role for row in rows],
                "units": [row.unit for row in rows],
                "widths": [row.width for row in rows],
                "scales": [row.scale for row in rows],
                "counts": [row.counts for row in rows],
                "rates": [row.rate_max for row in rows],
                "vocabularies": [row.vocabulary for row in rows],
            },
        )

    def _propose_tags(
        self,
        cursor: psycopg.Cursor,
        known: dict[str, tuple[int, TagMeaning]],
        meanings: dict[str, TagMeaning],
    ) -> None:
        changes = {known[name][0]: known[name][1].changes_to(meaning) for name, meaning in meanings.items()}
        changed = [tag_id for tag_id, differences in changes.items() if differences]
        same = [tag_id for tag_id, differences in changes.items() if not differences]
        if changed:
            proposed = [json.dumps(changes[tag_id]) for tag_id in changed]
            cursor.execute(QUERIES["propose_tags"], {"tag_ids": changed, "proposed": proposed})
        if same:
            cursor.execute(QUERIES["withdraw_tag_proposals"], {"tag_ids": same})

    def _tell_uncounted(
        self,
        cursor: psycopg.Cursor,
        message: Opened,
        known: dict[str, tuple[int, TagMeaning]],
        meanings: dict[str, TagMeaning],
    ) -> None:
        """A counter that cannot be counted is no silence: made is not stored until its profile is mended."""
        names = [name for name in meanings if known[name][1].should_count and known[name][1].counted is None]
        for name in names:
            subject = f"{message.edge}/{message.device}/{name}"
            raise_alarm(cursor, AlarmKind.NOT_COUNTED, subject, "its birth lacks width or rate_max")

    def _tags(self, device_id: int) -> dict[str, tuple[int, TagMeaning]]:
        rows = self._connection.execute(QUERIES["tags_of_device"], {"device_id": device_id}).fetchall()
        return {name: (tag_id, TagMeaning(*meaning)) for name, tag_id, *meaning in rows}

    def _find(self, query: str, names: dict[str, Any]) -> int | None:
        row = self._connection.execute(QUERIES[query], names).fetchone()
        return None if row is None else int(row[0])

    def _add(self, query: str, names: dict[str, Any]) -> int:
        found = self._find(query, names)
        if found is None:
            raise AssertionError(f"{query} returns the row it made")
        return found


def _bd_seq(message: Opened) -> int | None:
    value = next((metric.value for metric in message.metrics if metric.name == spool_metrics.BD_SEQ), None)
    return value if type(value) is int and 0 <= value <= 255 else None


def _contact_lost_s(born: Born) -> float:
    beats = any(metric.name == spool_metrics.HEARTBEAT for metric in born.metrics)
    return LOST_WITHOUT_HEARTBEATS_S if beats else LOST_S


def _time_of(message: Opened, window: Window) -> datetime | None:
    """The time in the message; None where it has none that can be."""
    time_ms = message.timestamp_ms
    return moment(time_ms) if time_ms is not None and window.holds(time_ms) else None


def _path(metric: Metric) -> str | None:
    path = metric.properties.get(spool_metrics.PATH)
    return path if isinstance(path, str) and path.strip("/") else None


def _birth_values(
    metrics: Iterable[Metric], known: dict[str, tuple[int, TagMeaning]], message: Opened, window: Window
) -> Sequence[LastValue]:
    """A birth's value is seen, never stored: the entry that carries it comes by itself. Null says nothing new,
    unless the device itself said Bad."""
    rows = []
    for metric in metrics:
        time_ms = metric.timestamp_ms or message.timestamp_ms or message.raw.received_ms
        if metric.name is None or not window.holds(time_ms):
            continue
        value = metric.value
        number, text = None, None
        if isinstance(value, bool | int | float):
            number = float(value)
        elif isinstance(value, str):
            text = value
        elif metric.quality != Quality.BAD:
            continue
        quality = (
            metric.quality if metric.quality in (Quality.BAD, Quality.GOOD, Quality.STALE) else Quality.BAD
        )
        rows.append(LastValue(known[metric.name][0], time_ms, int(quality), number, text))
    return rows

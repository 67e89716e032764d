"""What a Tryton holds under keys of ours: every document begins as a note on its production, and what was added after the
note is the document's (tryton_production.py)."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from erp_bridge.config import Tryton
from erp_bridge.connectors.connector import Amount, ToldThere
from erp_bridge.connectors.tryton_production import OPEN, Note, Production, read_production, words_of
from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.connectors.tryton_words import amount_in
from plant_server.contract.outbox import Kind

_NOTE = re.compile(r"\ALineside (?P<key>\S+)\n(?P<kind>\w+)")
_DONE = "done"
_ASKED_MAX = 200
"""Productions asked for in one call."""
_KINDS = frozenset(Kind) - {Kind.ORDER_PROGRESS, Kind.ORDER_ACKNOWLEDGEMENT}
"""Those that are told as amounts."""


async def told_since(client: TrytonClient, tryton: Tryton, since: datetime) -> Sequence[ToldThere]:
    """By the time of the notes, which is Tryton's. Raises ConnectorError."""
    changed = ["OR", ["write_date", ">=", since], ["create_date", ">=", since], ["state", "in", sorted(OPEN)]]
    here = ["warehouse.code", "=", tryton.warehouse]
    numbers = {
        int(one["id"]): str(one["number"])
        for one in await client.rows("production", ["number"], changed, here)
    }
    found: list[ToldThere] = []
    for identity, notes in (await _notes(client, sorted(numbers), since)).items():
        production = await read_production(client, tryton.warehouse, numbers[identity])
        if production is not None:
            told = (_told(production, note) for note in notes)
            found += [each for each in told if each is not None]
    return sorted(found, key=lambda each: (each.told_time, each.reference))


async def _notes(
    client: TrytonClient, productions: Sequence[int], since: datetime
) -> Mapping[int, Sequence[Mapping[str, Any]]]:
    """By production. Tryton lets nobody search notes but by what they stand on."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for first in range(0, len(productions), _ASKED_MAX):
        of = [f"production,{one}" for one in productions[first : first + _ASKED_MAX]]
        told = await client.rows(
            "ir.note",
            ["message", "resource", "create_date"],
            ["resource", "in", of],
            ["create_date", ">=", since],
            ["message", "like", "Lineside %"],
        )
        for one in told:
            found.setdefault(int(one["resource"].partition(",")[2]), []).append(one)
    return found


def _told(production: Production, stored: Mapping[str, Any]) -> ToldThere | None:
    """None: nothing of it stands there (any more), or it is no amount."""
    heading = _NOTE.match(stored["message"])
    note = None if heading is None else production.note(heading["key"])
    if heading is None or note is None or heading["kind"] not in _KINDS:
        return None
    amounts = _amounts(production, note)
    if not amounts:
        return None
    kind, number = Kind(heading["kind"]), production.number
    return ToldThere(note.key, production.reference(note), kind, number, stored["create_date"], amounts)


def _amounts(production: Production, note: Note) -> tuple[Amount, ...]:
    """Of what is done; what was cancelled counts as taken back."""
    moves = [one for one in production.moves_of(note) if one.state == _DONE]
    cycles = [one for one in production.cycles_of(note) if one.state == _DONE]
    return tuple(amount_in(line) for line in [*words_of(moves), *words_of(cycles)])

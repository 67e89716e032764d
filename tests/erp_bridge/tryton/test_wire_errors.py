"""Each way a living Tryton says no, or says nothing, and what becomes of the document then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from erp_bridge.connectors.tryton_rpc import TrytonClient
from erp_bridge.errors import RefusedByErp
from plant_server.embedded.postgres import PostgresServer
from tests.erp_bridge.floor import Floor
from tests.erp_bridge.tryton.bridge_to_tryton import BridgeToTryton
from tests.erp_bridge.tryton.in_tryton import InTryton, moved
from tests.erp_bridge.tryton.pumps import Pumps
from tests.tryton.answer_eater import AnswerEater
from tests.tryton.living import LivingTryton
from tests.tryton.orders import planned_production
from tests.tryton.set_up import PASSWORD

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
ONCE = moved(("in", "SEAL", "L-1", "4"), ("out", "PUMP", "P-1", "2"))


class Told:
    """Material and goods of one order, and a way to Tryton on which something happens."""

    def __init__(self, erp: LivingTryton, floor: Floor, eater: AnswerEater) -> None:
        self.number = planned_production(erp.rpc, 4)
        self.there = InTryton(erp.rpc, self.number)
        self.eater = eater
        self.production = erp.rpc.one("production", ["number", "=", self.number])
        pumps = Pumps(floor, self.number)
        pumps.used("SEAL", {"L-1": "4"})
        pumps.good("2", "P-1")

    def stands_once(self, documents: list[dict[str, Any]]) -> None:
        assert [one["state"] for one in documents] == ["accepted"] * 2, documents
        assert self.there.moves() == ONCE
        assert self.there.moves("draft") == self.there.moves("assigned") == []
        assert len(self.there.notes()) == 2


@pytest.fixture
def told(erp: LivingTryton, bridge: BridgeToTryton, floor: Floor) -> Iterator[Told]:
    with AnswerEater(erp.server.url) as eater:
        bridge.configured(url=eater.url, timeout_s=8, settle_s=24)
        yield Told(erp, floor, eater)


def allow_one_attempt(conf: Path) -> None:
    conf.write_text(conf.read_text().replace("max_attempt = 1000", "max_attempt = 1"))


def keep(password: str, bridge: BridgeToTryton) -> None:
    Path(bridge.settings["secret_file"]).write_text(password + "\n")


@contextmanager
def holding(server: PostgresServer, database: str, lock: str, *values: Any) -> Iterator[None]:
    """A lock of somebody else's in Tryton's database."""
    with psycopg.connect(server.url("postgres", database)) as connection:
        connection.execute(lock.encode(), values)
        yield
        connection.rollback()


async def test_a_user_error_is_a_persons_in_its_own_words_and_nothing_is_left_there(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 4)
    without_a_lot = {"item": "STEEL", "unit": "KGM", "quantity": "1", "bom_revision": "PUMP-A"}
    floor.tell("consumption", number, **without_a_lot)
    (document,) = await bridge.deliver()
    assert (document["state"], document["problem"]["code"]) == ("refused", "erp_says_no")
    assert "you must provide a stock lot" in document["problem"]["message"]
    there = InTryton(erp.rpc, number)
    assert (there.moves(), there.moves("draft"), there.notes()) == ([], [], [])


async def test_what_was_changed_meanwhile_is_read_again_and_decided_anew(
    erp: LivingTryton, bridge: BridgeToTryton, told: Told
) -> None:
    def somebody_writes() -> None:
        erp.rpc.write("production", told.production, effective_start_date=date.today())

    told.eater.meanwhile("model.production.write", somebody_writes)
    told.stands_once(await bridge.deliver())
    assert told.eater.refused["ConcurrencyException"] == 1


async def test_a_lock_that_was_not_got_is_waited_for_and_nothing_was_done(
    erp: LivingTryton, bridge: BridgeToTryton, told: Told, database_server: PostgresServer
) -> None:
    rows = "SELECT FROM stock_move WHERE state = 'done' FOR UPDATE"  # Tryton locks them to reserve, and does not wait.
    with holding(database_server, erp.database, rows):
        await bridge.plan()
        assert await bridge.send_due() == 1
        assert told.eater.refused["503"] > 1  # Asked again in one attempt, too.
    first, _ = await bridge.documents()
    assert (first["state"], first["problem"]["code"]) == ("ready", "busy")
    told.stands_once(await bridge.deliver())


async def test_an_answer_that_takes_too_long_is_looked_for_when_it_has_settled(
    erp: LivingTryton, bridge: BridgeToTryton, told: Told, database_server: PostgresServer
) -> None:
    bridge.configured(url=told.eater.url, timeout_s=2, settle_s=6)
    row = "SELECT FROM production WHERE id = %s FOR UPDATE"
    with holding(database_server, erp.database, row, told.production):
        await bridge.plan()
        assert await bridge.send_due() == 1
        first, _ = await bridge.documents()
        assert (first["state"], first["problem"]["code"]) == ("sending", "answer_lost")
    told.stands_once(await bridge.deliver(60.0))


async def test_a_session_that_ended_there_is_begun_anew(
    erp: LivingTryton, bridge: BridgeToTryton, told: Told, database_server: PostgresServer
) -> None:
    def sessions_end() -> None:
        with psycopg.connect(database_server.url("postgres", erp.database)) as connection:
            connection.execute(b"DELETE FROM ir_session")

    told.eater.meanwhile("model.production.run", sessions_end)
    await bridge.deliver()
    assert told.eater.refused["401"] == 1
    states = [one["state"] for one in await bridge.documents()]
    assert states == ["accepted"] * 2


async def test_too_many_wrong_passwords_lock_the_right_one_out_and_it_waits(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor, tmp_path: Path
) -> None:
    erp.server.stop()
    allow_one_attempt(tmp_path / "trytond.conf")
    erp.server.start(erp.database)
    Pumps(floor, planned_production(erp.rpc, 4)).used("SEAL", {"L-1": "4"})
    await bridge.plan()
    codes = []
    for password in ("wrong", "wrong", PASSWORD):
        keep(password, bridge)
        await bridge.ask("UPDATE bridge.document SET next_attempt_time = now()")
        assert await bridge.send_due() == 1
        (document,) = await bridge.documents()
        codes.append((document["state"], document["problem"]["code"]))
    assert codes[0] == ("ready", "not_signed_in")
    assert codes[-1] == ("ready", "busy")


async def test_what_tryton_does_not_know_is_a_mistake_of_ours_and_not_tried_again(
    bridge: BridgeToTryton, told: Told
) -> None:
    settings = bridge.config.connectors["erp"]
    assert settings.tryton is not None
    client = TrytonClient("erp", settings, settings.tryton)
    try:
        with pytest.raises(RefusedByErp) as field:
            await client.rows("production", ["no_such_field"])
        with pytest.raises(RefusedByErp) as method:
            await client.change("production.no_such_method", [told.production])
    finally:
        await client.close()
    assert field.value.code == "not_understood_there"
    assert method.value.code in ("http_403", "not_understood_there")


async def test_a_tryton_that_is_down_is_tried_again_by_itself(
    erp: LivingTryton, bridge: BridgeToTryton, floor: Floor
) -> None:
    number = planned_production(erp.rpc, 4)
    Pumps(floor, number).used("SEAL", {"L-1": "4"})
    erp.server.kill()
    await bridge.plan()
    await bridge.send_due()
    (document,) = await bridge.documents()
    assert (document["state"], document["problem"]["code"]) == ("ready", "not_reached")
    erp.server.start(erp.database)
    assert [one["state"] for one in await bridge.deliver()] == ["accepted"]

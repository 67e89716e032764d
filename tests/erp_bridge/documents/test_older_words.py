"""What an older bridge has left in the database is understood after its migrations."""

import json

from erp_bridge.schema.migrate import FOLDER
from tests.erp_bridge.bridge_here import BridgeHere
from tests.erp_bridge.floor import Floor

MIGRATION = (FOLDER / "0002_fewer_words.sql").read_text(encoding="utf-8")


async def test_words_that_the_contract_lost_are_taken_out_of_what_waits(
    floor: Floor, bridge: BridgeHere
) -> None:
    bridge.configured(documents={"completion": "completion"})
    floor.good("WO-1", "3")
    await bridge.plan()
    await bridge.ask("UPDATE bridge.document SET body = body || %s::jsonb", json.dumps({"final": False}))
    async with bridge.session() as session:
        await session.execute(MIGRATION.encode())
    floor.good("WO-1", "2")
    await bridge.plan()
    (document,) = await bridge.documents()
    assert [line["quantity"] for line in document["body"]["lines"]] == ["5"]
    assert "final" not in document["body"]

"""What a reading leaves in the bridge's tables, for tests that show it; and a bridge that has a source of stock."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from erp_bridge.config import BridgeConfig, check_config
from erp_bridge.database import connect
from tests.erp_bridge.tryton.bridge_to_tryton import tryton_settings

ROWS: tuple[tuple[Any, ...], ...] = (
    # item, lot, unit, there, here, under way, difference, state, hours since
    ("OIL", "O-1", "KGM", "20", "20", "0", "0", "equal", 1),
    ("STEEL", "S-1", "KGM", "112.5", "109", "-3.5", "0", "explained", 0.2),
    ("STEEL", "S-2", "KGM", "93.25", "100", "0", "-6.75", "difference", 50),
    ("SEAL", "L-1", "H87", "480", "460", "0", "20", "difference", 3),
    ("SEAL", "L-2", "H87", "7", "7", "0", None, "unmapped", 3),
    ("PUMP", "P-1", "H87", "2", None, "0", None, "only_there", 9),
)


def with_stock(folder: Path) -> BridgeConfig:
    """Of a system `erp` that nobody will ask."""
    (folder / "token").write_text("nothing")
    settings = tryton_settings("http://127.0.0.1:1", "erp", folder / "secret", sources=["stock"])
    plant = {"url": "http://127.0.0.1:1", "token_file": str(folder / "token")}
    return check_config({"connectors": {"erp": settings}, "plant": plant})


async def read(url: str, *rows: tuple[Any, ...], age: timedelta = timedelta(), **reading: Any) -> None:
    """As a reading of `age` ago would have left it."""
    told = {"compared": True, "unmapped": 0} | reading
    async with await connect(url, application="test") as session:
        await session.execute(b"DELETE FROM bridge.stock_comparison")
        for *values, hours in rows:
            await session.execute(
                b"INSERT INTO bridge.stock_comparison (system, item, lot, unit, there, here, under_way, difference, state,"
                b" since_time, compared_time) VALUES ('erp', %s, %s, %s, %s, %s, %s, %s, %s, now() - %s, now())",
                [*values, timedelta(hours=hours)],
            )
        await session.execute(
            b"INSERT INTO bridge.stock_reading VALUES ('erp', now() - %s, %s, %s, %s) ON CONFLICT (system) DO UPDATE"
            b" SET read_time = excluded.read_time, compared = excluded.compared, unmapped = excluded.unmapped",
            [age, told["compared"], len(rows), told["unmapped"]],
        )

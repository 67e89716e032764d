"""Two hours of history drain through the real edge while the factory goes on, and the screens stay live."""

import statistics
import time

import pytest

from tests.system.conftest import OpensWorkshop
from tests.system.history import History, Written, write_history
from tests.system.workshop import Workshop

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

LIVE_AGE_S = """SELECT max(extract(epoch FROM now() - last_value.ts))::float8 FROM plant.last_value
                JOIN plant.tag USING (tag_id) JOIN plant.device USING (device_id)
                WHERE device.name IN ('press1', 'cell1') AND tag.name = 'parts'"""
LIVE_MAX_S = 5.0


def test_two_hours_drain_once_while_production_goes_on(open_workshop: OpensWorkshop) -> None:
    shop = open_workshop()
    shop.produce()
    shop.wait_until_moving()
    shop.edge.stop()
    with shop.spool() as spool:
        written = write_history(spool, shop.floor.state_dir, History(now_ms=time.time_ns() // 1_000_000))
    assert written.readings > 400_000
    shop.edge.start()
    seconds, ages_s = drain_watched(shop, written)
    ages_s.sort()
    p99_s = ages_s[int(len(ages_s) * 0.99)]
    print(
        f"\ndrained {written.readings} readings in {written.last - written.first + 1} entries within {seconds:.1f} s: "
        f"{written.readings / seconds:.0f} readings/s; live lag of {len(ages_s)} looks: "
        f"median {statistics.median(ages_s):.2f} s, p99 {p99_s:.2f} s, most {ages_s[-1]:.2f} s"
    )
    assert p99_s < LIVE_MAX_S, "screens fell behind while the backlog drained"
    verdict = shop.verdict()
    assert verdict.good, str(verdict)
    assert verdict.entries > written.last


def drain_watched(shop: Workshop, written: Written) -> tuple[float, list[float]]:
    """Seconds from the first to the last commit of the history, and how old the live values were meanwhile."""
    shop.wait_until("the drain to begin", lambda: shop.committed() >= written.first, every_s=0.02)
    began = time.monotonic()
    ages_s: list[float] = []

    def is_drained() -> bool:
        ages_s.append(float(shop.value(LIVE_AGE_S)))
        return shop.committed() >= written.last

    shop.wait_until("the history in the plant", is_drained, 120, every_s=0.05)
    return time.monotonic() - began, ages_s

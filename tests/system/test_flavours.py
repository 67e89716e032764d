"""`lineside demo` as a newcomer runs it, on either database and either broker; and kills on the trial broker."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.kills import run_kills

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

FLAVOURS = {"installed": "mosquitto", "wheel": "amqtt"}
DURATION_S = 60
LIVING_WITHIN_S = 90
REPORT_WITHIN_S = 200
WITHOUT_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""A namespace with loopback alone, so that nothing of the demo can want the internet. Only root may make one for himself."""
KEYS = {
    "balanced",
    "seed",
    "seconds",
    "parts_made",
    "energy_wh",
    "orders_completed",
    "lots",
    "lost",
    "duplicated",
    "faults",
    "rows",
}
ROW_KEYS = {"machine", "unit", "made", "stored", "gaps", "in_doubt"}
ROW_KEYS |= {"booked", "not_assigned", "posted", "waiting", "refused"}


class Demo:
    """`lineside demo` in a folder of its own, as a process of its own."""

    def __init__(self, folder: Path, postgres: str, broker: str) -> None:
        self.report_path = folder / "r.json"
        self._output = folder / "output.txt"
        arguments = ["demo", "--duration", str(DURATION_S), "--report", str(self.report_path), "--seed", "1"]
        arguments += ["--postgres", postgres, "--broker", broker]
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [*alone(), sys.executable, "-m", "lineside", *arguments],
                cwd=folder,
                env={**os.environ, "LINESIDE_HOME": str(folder / ".lineside"), "COLUMNS": "160"},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def wait_until_living(self) -> None:
        deadline = time.monotonic() + LIVING_WITHIN_S
        while "living after" not in self.output():
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.1)

    def report(self) -> dict[str, Any]:
        """The report of a demo that ended well."""
        assert self._process.wait(REPORT_WITHIN_S) == 0, self.output()
        found: dict[str, Any] = json.loads(self.report_path.read_text(encoding="utf-8"))
        return found

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def output(self) -> str:
        return self._output.read_text(encoding="utf-8", errors="replace")


def alone() -> list[str]:
    if os.geteuid() == 0:
        return WITHOUT_NETWORK
    print("not root: the demo runs beside this machine's network, not cut off from it")
    return []


def test_the_demo_balances_without_any_network_on_either_database_and_broker(tmp_path: Path) -> None:
    """Both at once, so that it takes a minute and not two; neither starts while the other looks for its ports."""
    demos: list[Demo] = []
    try:
        for postgres, broker in FLAVOURS.items():
            folder = tmp_path / postgres
            folder.mkdir()
            demos.append(Demo(folder, postgres, broker))
            demos[-1].wait_until_living()
        for demo in demos:
            assert_proves_itself(demo.report())
        assert "trial broker" in demos[-1].output()
    finally:
        for demo in demos:
            demo.end()


def assert_proves_itself(report: dict[str, Any]) -> None:
    assert set(report) >= KEYS
    assert report["balanced"] is True, report
    assert (report["lost"], report["duplicated"]) == (0, 0), report
    assert report["seed"] == 1
    assert report["seconds"] == DURATION_S
    assert report["parts_made"] >= 500
    assert report["energy_wh"] > 0
    assert set(report["faults"]) == {"wrap", "restart", "glitch", "outage", "kill"}
    assert all(report["faults"][name] > 0 for name in ("wrap", "restart", "glitch", "outage")), report
    assert report["orders_completed"] >= 3
    assert report["lots"] >= 6
    assert len(report["rows"]) == 6
    for row in report["rows"]:
        assert set(row) >= ROW_KEYS
        assert row["made"] == row["stored"] + row["gaps"] + row["in_doubt"], row
        assert row["stored"] == row["booked"] + row["not_assigned"], row
        assert row["booked"] == row["posted"] + row["waiting"] + row["refused"], row
        assert row["posted"] > 0, row
        assert row["refused"] == 0, row


def test_kills_lose_nothing_on_the_trial_broker_and_the_packed_database(tmp_path: Path) -> None:
    run = run_kills(tmp_path, seed=1, each=2, broker="amqtt", postgres="wheel")
    assert run.verdict is not None
    assert run.verdict.good, str(run.verdict)
    assert run.total == 12
    print(f"\n{dict(run.kills)}, {dict(run.at_failpoint)} at failpoints; the slowest {run.slowest_s:.1f} s")

"""Places where a test may kill the process: the contract with the kill harness.

`LINESIDE_FAILPOINT=name[:nth]` kills the own process with SIGKILL the nth time it gets there. The names stand here
and nowhere else; an unknown one stops the start, so that a renamed place cannot turn a test into a lie.
"""

import os
import signal

NAMES = frozenset(
    {
        "edge.spool.before_commit",
        "edge.spool.after_commit",
        "edge.publish.after_send",
        "edge.cursor.before_store",
        "ingest.before_commit",
        "ingest.after_commit",
        "keeper.seal.before_commit",
        "keeper.rollup.before_commit",
        "api.before_commit",
        "api.after_commit",
        "bridge.claim.after_commit",
        "bridge.send.before",
        "bridge.send.after",
        "bridge.mark.after_commit",
    }
)


class UnknownFailpoint(ValueError):
    """LINESIDE_FAILPOINT names no place. The test's fault."""


class _Armed:
    """Which place kills, and after how many passes; read once from the environment."""

    name: str | None = None
    passes_left: int = 0


def arm(setting: str | None = None) -> None:
    """Read LINESIDE_FAILPOINT (or `setting`). Every process calls this first. Raises UnknownFailpoint."""
    setting = os.environ.get("LINESIDE_FAILPOINT", "") if setting is None else setting
    if not setting:
        _Armed.name = None
        return
    name, _, nth = setting.partition(":")
    if name not in NAMES:
        raise UnknownFailpoint(f"LINESIDE_FAILPOINT={setting}: known are {', '.join(sorted(NAMES))}")
    _Armed.name, _Armed.passes_left = name, int(nth or 1)


def failpoint(name: str) -> None:
    """Die here if armed. The check is one comparison, so it stays in production code."""
    if _Armed.name != name:
        return
    _Armed.passes_left -= 1
    if _Armed.passes_left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

"""Row `faults`: kills of a living factory and simulated power cuts of the spool; what was lost, what was counted twice."""

from pathlib import Path
from typing import Any

from tests.edge.delivery.power_cut import power_cuts
from tests.system.kills import KINDS, run_kills

SEED = 20261124


def faults(home: Path, *, kills: int, power_cuts_: int) -> dict[str, Any]:
    """Each kind of kill as often as goes into `kills`. `lost` and `duplicated`: parts, Wh and entries together."""
    run = run_kills(home / "kills", seed=SEED, each=-(-kills // len(KINDS)))
    cuts = power_cuts(power_cuts_, SEED)
    assert run.verdict is not None
    table, problems = run.verdict.table, run.verdict.problems
    lost = [problem for problem in problems if "lost" in problem or "never" in problem]
    twice = [problem for problem in problems if "twice" in problem or "too often" in problem]
    return {
        "kills": run.total,
        "at_failpoints": run.at_failpoint.total(),
        "power_cuts": cuts.cuts,
        "power_cut_kills": cuts.kills,
        "refused_writes": cuts.refused,
        "lost": table.lost + len(lost) + cuts.lost + len(cuts.broken),
        "duplicated": table.duplicated + len(twice),
        "wrong": len(set(problems) - {*lost, *twice}),
        "seed": SEED,
    }

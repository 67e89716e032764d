"""All rules, registered: importing this module fills CHECKS and MUTANTS."""

from tests.contract.tck import (
    bd_seq,
    birth_order,
    births,
    commands,
    death,
    deaths_at_host,
    metrics,
    primary_host,
    properties,
    rebirth,
    reordering,
    sequence,
    state_birth,
    state_leaving,
    state_will,
    topics,
    transport,
)
from tests.contract.tck.registry import CHECKS, MUTANTS

SUBJECTS = (
    *(topics, transport, sequence, births, bd_seq, birth_order, metrics, properties),
    *(death, commands, rebirth, primary_host),
    *(state_will, state_birth, state_leaving, deaths_at_host, reordering),
)

__all__ = ["CHECKS", "MUTANTS", "SUBJECTS"]

"""All rules, registered: importing this module fills CHECKS and MUTANTS."""

from tests.contract.tck import (
    births,
    commands,
    death,
    host_duties,
    metrics,
    primary_host,
    properties,
    sequence,
    state,
    topics,
    transport,
)
from tests.contract.tck.registry import CHECKS, MUTANTS

SUBJECTS = (
    *(topics, transport, sequence, births, metrics, properties),
    *(death, commands, primary_host, state, host_duties),
)

__all__ = ["CHECKS", "MUTANTS", "SUBJECTS"]

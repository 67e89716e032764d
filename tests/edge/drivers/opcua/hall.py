"""Machines by companion specifications that are not ours: node-opcua in a process of its own, see tests/node/companion.js."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.contract.other_decoders import NODE, install_node_packages
from tests.edge.onboarding.foreign_machines import Machine


class Hall(Machine):
    """Commands are those of companion.js."""

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    def order(self, **command: Any) -> None:
        assert self.tell(json.dumps(command)) == "done"


@contextmanager
def hall(folder: Path, **options: Any) -> Iterator[Hall]:
    """A running one; killed in the end."""
    install_node_packages()
    machine = Hall(["node", str(NODE / "companion.js"), json.dumps(options)], folder)
    try:
        yield machine
    finally:
        machine.stop()

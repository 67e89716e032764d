"""Whose passwords lie in files of a prepared installation, found by content and not by name."""

from collections.abc import Iterable
from pathlib import Path

PASSWORDS = {
    "lineside": "postgres-lineside",
    "lineside_plant": "postgres-lineside_plant",
    "lineside_bridge": "postgres-lineside_bridge",
    "lineside_bi": "postgres-lineside_bi",
    "the boards' administrator": "grafana-admin",
}
"""Role, and the file in `secrets` that holds its password and nothing else."""


def roles_in(home: Path, names: Iterable[str]) -> set[str]:
    """The roles whose password stands in one of these files of `secrets`."""
    texts = [(home / "secrets" / name).read_text(encoding="utf-8") for name in names]
    password_of = {
        role: (home / "secrets" / file).read_text(encoding="utf-8").strip()
        for role, file in PASSWORDS.items()
    }
    assert all(password_of.values())
    return {role for role, password in password_of.items() if any(password in text for text in texts)}

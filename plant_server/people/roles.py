"""Roles of people, and what stands in for a role where nobody has signed in."""

from enum import StrEnum


class Role(StrEnum):
    OPERATOR = "operator"
    LEAD = "lead"
    QUALITY = "quality"
    MAINTENANCE = "maintenance"
    PLANNER = "planner"
    MANAGER = "manager"
    INTEGRATOR = "integrator"  # A person's, and what the API token is.
    ADMIN = "admin"

    ANYONE = "anyone"  # From anywhere, without a word: the sign-in itself, files of pages.
    LOOPBACK = "anyone on loopback"  # Whoever sits on this machine.
    TERMINAL = "terminal"  # An enrolled terminal, while nobody has signed in at it.


PEOPLE = frozenset(
    {
        Role.OPERATOR,
        Role.LEAD,
        Role.QUALITY,
        Role.MAINTENANCE,
        Role.PLANNER,
        Role.MANAGER,
        Role.INTEGRATOR,
        Role.ADMIN,
    }
)
"""The roles a person can have."""

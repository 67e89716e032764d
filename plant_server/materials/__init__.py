"""Material on the floor: lots, what may go into an order, and what went into it."""

from plant_server.materials import problem_texts

__all__ = ["problem_texts"]

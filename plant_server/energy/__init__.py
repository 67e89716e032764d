"""Energy of runs, orders and parts, from the odometers of meters."""

from plant_server.energy import problem_texts

__all__ = ["problem_texts"]

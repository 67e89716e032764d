"""Change of shift: what one person leaves to the next at a station, and that it was read."""

from plant_server.hand_overs import problem_texts

__all__ = ["problem_texts"]

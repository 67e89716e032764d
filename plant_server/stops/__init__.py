"""When machines stood still, and why, as far as anybody has said."""

from plant_server.stops import problem_texts

__all__ = ["problem_texts"]

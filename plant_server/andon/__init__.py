"""Who calls for help at a machine, who answers, and who is told when nobody does."""

from plant_server.andon import problem_texts

__all__ = ["problem_texts"]

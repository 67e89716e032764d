"""What an order costs: material, labor, machines and energy, each line with its amount and its price."""

from plant_server.costs import problem_texts

__all__ = ["problem_texts"]

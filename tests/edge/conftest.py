"""A broker and a plant for tests of a whole edge: those of its delivery."""

from tests.edge.delivery.conftest import place, places, plant

__all__ = ["place", "places", "plant"]

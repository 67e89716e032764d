"""How a set of tags is read in one session: which node is which tag's, and in which request."""

from collections.abc import Sequence

from asyncua import ua

from edge.acquisition.decode import Publisher
from edge.acquisition.profile import Tag
from edge.drivers.opcua import scalar_read
from edge.drivers.opcua.batch_read import BatchRead
from edge.drivers.opcua.nodes import Nowhere
from edge.drivers.opcua.values import Values, address_of


class Batch:
    """One request and its tags, in the same order. `whole`: values are picked out of arrays and structures."""

    __slots__ = ("request", "tags", "whole")

    def __init__(
        self, tags: Sequence[tuple[Tag, ua.NodeId]], values: Values, *, whole: bool, scalars: bool
    ) -> None:
        """`scalars`: by the short cut for scalars, if `whole` and the version of asyncua allow it."""
        nodes = [node for _, node in tags]
        self.tags: list[tuple[Tag, Publisher]] = [(tag, values.publisher(tag)) for tag, _ in tags]
        self.whole = whole
        self.request = (
            scalar_read.ScalarRead(nodes)
            if scalars and not whole and scalar_read.usable()
            else BatchRead(nodes, whole=whole)
        )


class ReadPlan:
    """How a set of tags is read in this session. What comes whole has requests of its own: it is slower to decode."""

    def __init__(
        self,
        tags: Sequence[Tag],
        nodes: Sequence[tuple[Tag, ua.NodeId]],
        unresolved: Sequence[Nowhere],
        values: Values,
        nodes_per_read: int,
        *,
        scalars: bool = False,
    ) -> None:
        self.tags = tags
        self.unresolved = unresolved
        self.batches: list[Batch] = []
        for whole in (False, True):
            alike = [(tag, node) for tag, node in nodes if address_of(tag).is_whole is whole]
            self.batches += [
                Batch(alike[first : first + nodes_per_read], values, whole=whole, scalars=scalars)
                for first in range(0, len(alike), nodes_per_read)
            ]

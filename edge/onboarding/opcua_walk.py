"""Walks the address space of an OPC UA server, within the server's limits and ours.

Breadth first along hierarchical references, many nodes a request, so that what lies near the top is found first
when a bound cuts the walk short. A server may answer in pieces (continuation points) and may have few of them:
what it had none for is asked again, fewer at a time. Nodes that are reached twice are taken once.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from edge.onboarding.opcua_limits import TOO_MUCH, ServerLimits, numeric

NODES_PER_BROWSE = 100
REFERENCES_PER_NODE = 1000
NOT_ENTERED = frozenset({numeric(ObjectIds.Server), numeric(ObjectIds.Aliases)})
"""What every server has, and no machine: entered only if it is the root itself."""

_RESULT_MASK = 0x3F  # Everything a reference can say.


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a walk ends although there is more. depth: levels below the root."""

    depth: int = 12
    nodes: int = 20_000
    seconds: float = 60.0


@dataclass(slots=True)
class Variable:
    """A variable node. `properties` are its own properties by name."""

    node: ua.NodeId
    path: tuple[str, ...]
    namespace: int  # Of its browse name.
    properties: dict[str, ua.NodeId] = field(default_factory=dict)


@dataclass(slots=True)
class Walked:
    """What was found. `cut`: why there may be more, or empty; `refused`: nodes the server would not browse."""

    variables: list[Variable] = field(default_factory=list)
    nodes: int = 0
    cut: str = ""
    refused: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    node: ua.NodeId
    path: tuple[str, ...]
    variable: Variable | None = None  # If the node is one: its properties belong to it.


Progress = Callable[[int, int], None]
"""Called with the nodes seen and the variables found so far."""


class Walk:
    """One walk over one session."""

    def __init__(self, client: Client, limits: ServerLimits, bounds: Bounds, progress: Progress) -> None:
        self._client = client
        self._bounds = bounds
        self._progress = progress
        self._nodes_per_browse = limits.at_most(limits.nodes_per_browse, NODES_PER_BROWSE)
        self._until = time.monotonic() + bounds.seconds
        self._seen: set[ua.NodeId] = set()
        self.found = Walked()

    async def run(self, root: ua.NodeId) -> Walked:
        """Everything below the root. Raises ua.UaError and OSError as asyncua does."""
        self._seen.add(root)
        level = [_Place(root, ())]
        for _ in range(self._bounds.depth):
            below: list[_Place] = []
            pending = list(level)
            while pending:
                if self._over():
                    return self.found
                batch, pending = pending[: self._nodes_per_browse], pending[self._nodes_per_browse :]
                answers = await self._browse(batch)
                if answers is None:
                    pending = batch + pending
                    continue
                for place, references in answers:
                    if references is None:
                        pending.append(place)
                    else:
                        below += self._entered(place, references)
                self._progress(self.found.nodes, len(self.found.variables))
            level = below
            if not level:
                return self.found
        self.found.cut = f"depth {self._bounds.depth}"
        return self.found

    def _over(self) -> bool:
        if self.found.nodes >= self._bounds.nodes:
            self.found.cut = f"{self._bounds.nodes} nodes"
        elif time.monotonic() > self._until:
            self.found.cut = f"{self._bounds.seconds:g} s"
        return bool(self.found.cut)

    async def _browse(
        self, batch: Sequence[_Place]
    ) -> list[tuple[_Place, list[ua.ReferenceDescription] | None]] | None:
        """The references of each; None for one that the server had no continuation point for. None for all:
        the request was too large, and the next one is smaller."""
        parameters = ua.BrowseParameters(
            RequestedMaxReferencesPerNode=REFERENCES_PER_NODE,
            NodesToBrowse=[_browse_of(place) for place in batch],
        )
        try:
            results = await self._client.uaclient.browse(parameters)
        except TOO_MUCH:
            if len(batch) == 1:
                raise
            self._nodes_per_browse = max(1, len(batch) // 2)
            return None
        answers: list[tuple[_Place, list[ua.ReferenceDescription] | None]] = []
        for place, result in zip(batch, results, strict=True):
            references: list[ua.ReferenceDescription] | None = []
            if result.StatusCode.is_good():
                references = await self._all_of(result)
            elif result.StatusCode.value == StatusCodes.BadNoContinuationPoints:
                references = None
            else:
                self.found.refused += 1
            if references is None and len(batch) > 1:
                self._nodes_per_browse = max(1, len(batch) // 2)
            elif references is None:
                self.found.refused += 1
                references = []
            answers.append((place, references))
        return answers

    async def _all_of(self, first: ua.BrowseResult) -> list[ua.ReferenceDescription] | None:
        """The references of a node, however many answers they take; None if the server forgot the rest meanwhile.

        A walk that is over gives the server its memory back.
        """
        references, continuation = list(first.References), first.ContinuationPoint
        while continuation:
            over = self._over() or self.found.nodes + len(references) > self._bounds.nodes
            parameters = ua.BrowseNextParameters(
                ReleaseContinuationPoints=over, ContinuationPoints=[continuation]
            )
            (result,) = await self._client.uaclient.browse_next(parameters) or (None,)
            if over:
                self.found.cut = self.found.cut or f"{self._bounds.nodes} nodes"
                break
            if result is None or not result.StatusCode.is_good():
                return None
            references += result.References
            continuation = result.ContinuationPoint
        return references

    def _entered(self, place: _Place, references: Sequence[ua.ReferenceDescription]) -> Iterator[_Place]:
        """The new places behind these references; properties are noted at their variable instead. Those of an object are
        variables like others: companion specifications keep values in them. Those of the standard itself only describe."""
        for reference in references:
            node = _local(reference.NodeId)
            if node is None or node in self._seen or node in NOT_ENTERED:
                continue
            self._seen.add(node)
            self.found.nodes += 1
            name = reference.BrowseName.Name or reference.DisplayName.Text or node.to_string()
            if reference.ReferenceTypeId == numeric(ObjectIds.HasProperty):
                own = Variable(node, (*place.path, name), reference.BrowseName.NamespaceIndex)
                if place.variable is not None:
                    place.variable.properties[name] = node
                elif own.namespace:
                    self.found.variables.append(own)
                continue
            variable = None
            if reference.NodeClass == ua.NodeClass.Variable:
                variable = Variable(node, (*place.path, name), reference.BrowseName.NamespaceIndex)
                self.found.variables.append(variable)
            yield _Place(node, (*place.path, name), variable)


def _browse_of(place: _Place) -> ua.BrowseDescription:
    return ua.BrowseDescription(
        NodeId=place.node,
        BrowseDirection=ua.BrowseDirection.Forward,
        ReferenceTypeId=numeric(ObjectIds.HierarchicalReferences),
        IncludeSubtypes=True,
        NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
        ResultMask=_RESULT_MASK,
    )


def _local(node: ua.ExpandedNodeId | ua.NodeId) -> ua.NodeId | None:
    """As a plain id; None for a node in another server."""
    if getattr(node, "ServerIndex", 0) or getattr(node, "NamespaceUri", None):
        return None
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)

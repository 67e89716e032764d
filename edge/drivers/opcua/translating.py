"""Browse paths to node ids (TranslateBrowsePathsToNodeIds, OPC 10000-4, 5.9.4), as many at a time as the server takes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes, get_name_and_doc

from edge.acquisition.browse_path import BrowsePath, QualifiedName
from edge.drivers.opcua.references import standard

PATHS_AT_ONCE = 100
MAX_PATHS = standard(
    ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerTranslateBrowsePathsToNodeIds
)
_LOCAL = 0xFFFFFFFF  # RemainingPathIndex of a target that is reached; another leads on into another server.

_TOO_MUCH = (
    uaerrors.BadTooManyOperations,
    uaerrors.BadRequestTooLarge,
    uaerrors.BadResponseTooLarge,
    uaerrors.BadEncodingLimitsExceeded,
    uaerrors.BadTcpMessageTooLarge,
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a path leads. `node` is None unless it is one node; `why` then says it, as a person may be told."""

    node: ua.NodeId | None
    why: str = ""
    status: int = 0


class Translator:
    """Of one connection. How many paths a request may hold is asked once."""

    def __init__(self, client: Client, namespaces: Sequence[str]) -> None:
        self._client = client
        self._namespaces = namespaces
        self._paths_at_once = 0

    async def arrivals(self, ways: Sequence[tuple[ua.NodeId, BrowsePath]]) -> list[Arrival]:
        """For each start and path, in their order. Raises what asyncua raises when the service fails as a whole."""
        elements = [self._elements(path.names) for _, path in ways]
        wanted = [
            ua.BrowsePath(start, ua.RelativePath(names))
            for (start, _), names in zip(ways, elements, strict=True)
            if isinstance(names, list)
        ]
        results = iter(await self._translated(wanted))
        return [
            Arrival(None, f"the server has no namespace {names}", StatusCodes.BadNoMatch)
            if isinstance(names, str)
            else _arrival(next(results))
            for names in elements
        ]

    def _elements(self, names: Iterable[QualifiedName]) -> list[ua.RelativePathElement] | str:
        """Steps of a path in this server's own namespace indices; or the namespace that it lacks."""
        steps: list[ua.RelativePathElement] = []
        for one in names:
            if one.namespace is not None and one.namespace not in self._namespaces:
                return one.namespace
            index = 0 if one.namespace is None else self._namespaces.index(one.namespace)
            steps.append(
                ua.RelativePathElement(
                    ReferenceTypeId=standard(ObjectIds.HierarchicalReferences),
                    IsInverse=False,  # type: ignore[arg-type]  # What asyncua calls Boolean is a bool.
                    IncludeSubtypes=True,  # type: ignore[arg-type]
                    TargetName=ua.QualifiedName(one.name, index),
                )
            )
        return steps

    async def _translated(self, wanted: Sequence[ua.BrowsePath]) -> list[ua.BrowsePathResult]:
        if wanted and not self._paths_at_once:
            self._paths_at_once = await self._stated()
        results: list[ua.BrowsePathResult] = []
        while len(results) < len(wanted):
            portion = list(wanted[len(results) : len(results) + self._paths_at_once])
            try:
                answers = await self._client.uaclient.translate_browsepaths_to_nodeids(portion)
            except _TOO_MUCH:
                if len(portion) == 1:
                    raise
                self._paths_at_once = max(1, len(portion) // 2)
                continue
            if len(answers) != len(portion):
                raise ConnectionError(f"answered {len(answers)} of {len(portion)} browse paths")
            results += answers
        return results

    async def _stated(self) -> int:
        (value,) = await self._client.uaclient.read_attributes([MAX_PATHS], AttributeIds.Value)
        limit = value.Value.Value if value.Value is not None else None
        return min(limit, PATHS_AT_ONCE) if isinstance(limit, int) and limit > 0 else PATHS_AT_ONCE


def _arrival(result: ua.BrowsePathResult) -> Arrival:
    targets = {
        ua.NodeId(target.TargetId.Identifier, target.TargetId.NamespaceIndex, target.TargetId.NodeIdType)
        for target in result.Targets or []
        if target.RemainingPathIndex == _LOCAL
    }
    if len(targets) == 1:
        return Arrival(targets.pop())
    if targets:
        listed = ", ".join(sorted(target.to_string() for target in targets))
        return Arrival(
            None, f"the path leads to {len(targets)} nodes: {listed}", StatusCodes.BadTooManyMatches
        )
    status = result.StatusCode.value if not result.StatusCode.is_good() else StatusCodes.BadNoMatch
    return Arrival(None, f"the path leads nowhere ({get_name_and_doc(status)[0]})", status)

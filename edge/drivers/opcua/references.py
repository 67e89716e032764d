"""Node ids, and following references from one: small questions, asked once per connection."""

from collections.abc import Sequence

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua import uaerrors

REFERENCES_MAX = 1000
"""Of one node; whoever has more has them for somebody else."""


def standard(identifier: int) -> ua.NodeId:
    """A node of the OPC UA standard itself."""
    return ua.NodeId.from_string(f"i={identifier}")


def resolved(text: str, namespaces: Sequence[str]) -> ua.NodeId | None:
    """The node id with the server's own namespace index; None if the server lacks the namespace, or it is no id."""
    if text.startswith("nsu="):
        uri, _, identifier = text.removeprefix("nsu=").partition(";")
        if uri not in namespaces:
            return None
        text = f"ns={namespaces.index(uri)};{identifier}"
    try:
        return ua.NodeId.from_string(text)
    except (uaerrors.UaError, ValueError):
        return None


async def references(
    client: Client, node: ua.NodeId, kind: int, *, inverse: bool = False
) -> list[ua.ReferenceDescription]:
    """Those of this type and its subtypes, REFERENCES_MAX at most, however many answers they take; none if the server does
    not know the node. Raises what asyncua raises."""
    wanted = ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Inverse if inverse else ua.BrowseDirection.Forward,
        ReferenceTypeId=standard(kind),
        IncludeSubtypes=True,
        ResultMask=0x3F,  # Everything a reference can say.
    )
    parameters = ua.BrowseParameters(RequestedMaxReferencesPerNode=REFERENCES_MAX, NodesToBrowse=[wanted])
    (result,) = await client.uaclient.browse(parameters)
    found = list(result.References or [])
    while result.ContinuationPoint:
        over = len(found) >= REFERENCES_MAX
        more = ua.BrowseNextParameters(
            ReleaseContinuationPoints=over, ContinuationPoints=[result.ContinuationPoint]
        )
        answers = await client.uaclient.browse_next(more)
        if over or not answers or not answers[0].StatusCode.is_good():
            break
        (result,) = answers
        found += result.References or []
    return found

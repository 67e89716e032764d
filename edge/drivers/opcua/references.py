"""Following references from one node: small questions, asked once per connection."""

from asyncua import ua
from asyncua.client.client import Client

REFERENCES_MAX = 100


def standard(identifier: int) -> ua.NodeId:
    """A node of the OPC UA standard itself."""
    return ua.NodeId.from_string(f"i={identifier}")


async def references(
    client: Client, node: ua.NodeId, kind: int, *, inverse: bool = False
) -> list[ua.ReferenceDescription]:
    """Those of this type and its subtypes; none if the server does not know the node. Raises what asyncua raises."""
    wanted = ua.BrowseDescription(
        NodeId=node,
        BrowseDirection=ua.BrowseDirection.Inverse if inverse else ua.BrowseDirection.Forward,
        ReferenceTypeId=standard(kind),
        IncludeSubtypes=True,
        ResultMask=0x3F,  # Everything a reference can say.
    )
    parameters = ua.BrowseParameters(RequestedMaxReferencesPerNode=REFERENCES_MAX, NodesToBrowse=[wanted])
    (result,) = await client.uaclient.browse(parameters)
    return list(result.References or [])

"""The walk over address spaces of any shape, on a server that gives as little as it likes. A fake: its faults are ours."""

from types import SimpleNamespace

from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.status_codes import StatusCodes
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.onboarding.opcua_limits import ServerLimits, numeric
from edge.onboarding.opcua_reading import Reader
from edge.onboarding.opcua_walk import Bounds, Walk

ROOT = 1_000_000


class MiserlyServer:
    """`edges`: numbered nodes and what lies below each. `nodes_max`: in one request, else it is refused.
    `references_max`: in one answer; the rest behind a continuation point, of which there are `points`."""

    def __init__(self, edges, *, nodes_max: int, references_max: int, points: int) -> None:
        self.edges = edges
        self.nodes_max = nodes_max
        self.references_max = references_max
        self.points = points
        self.open: dict[bytes, list[int]] = {}
        self.client = SimpleNamespace(uaclient=self)
        self._last = 0

    async def browse(self, parameters):
        if len(parameters.NodesToBrowse) > self.nodes_max:
            raise uaerrors.BadTooManyOperations
        self.open.clear()  # A server may forget the points of an earlier request.
        return [self._answer(self.edges.get(one.NodeId.Identifier, [])) for one in parameters.NodesToBrowse]

    async def browse_next(self, parameters):
        (point,) = parameters.ContinuationPoints
        left = self.open.pop(point, None)
        if parameters.ReleaseContinuationPoints:
            return []
        if left is None:
            return [ua.BrowseResult(StatusCode=ua.StatusCode(StatusCodes.BadContinuationPointInvalid))]
        return [self._answer(left)]

    async def read(self, parameters):
        if len(parameters.NodesToRead) > self.nodes_max:
            raise uaerrors.BadTooManyOperations
        return [ua.DataValue(ua.Variant(one.NodeId.Identifier)) for one in parameters.NodesToRead]

    def _answer(self, numbers):
        now, left = numbers[: self.references_max], numbers[self.references_max :]
        point = None
        if left:
            if len(self.open) >= self.points:
                return ua.BrowseResult(StatusCode=ua.StatusCode(StatusCodes.BadNoContinuationPoints))
            self._last += 1
            point = str(self._last).encode()
            self.open[point] = left
        return ua.BrowseResult(ua.StatusCode(0), point, [_reference(number) for number in now])


def _reference(number: int) -> ua.ReferenceDescription:
    return ua.ReferenceDescription(
        ReferenceTypeId=numeric(35),
        NodeId=ua.ExpandedNodeId(number, 2),
        BrowseName=ua.QualifiedName(f"n{number}", 2),
        NodeClass=ua.NodeClass.Variable,
    )


graphs = st.dictionaries(st.integers(0, 30), st.lists(st.integers(0, 30), max_size=12), max_size=31)


def _reachable(edges) -> set[int]:
    seen, todo = set(), [0]
    while todo:
        for below in edges.get(todo.pop(), []):
            if below not in seen and below != 0:
                seen.add(below)
                todo.append(below)
    return seen


@settings(deadline=None)
@given(graphs, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))
async def test_everything_reachable_is_found_once(edges, nodes_max, references_max, points):
    server = MiserlyServer(edges, nodes_max=nodes_max, references_max=references_max, points=points)
    walk = Walk(server.client, ServerLimits(), Bounds(depth=40), lambda nodes, variables: None)
    walked = await walk.run(ua.NodeId(0, 2))
    found = [variable.node.Identifier for variable in walked.variables]
    assert len(found) == len(set(found))
    assert set(found) == _reachable(edges)
    assert (walked.cut, walked.refused) == ("", 0)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 25))
async def test_reads_are_made_smaller_until_the_server_takes_them_and_stay_in_order(nodes_max, count):
    server = MiserlyServer({}, nodes_max=nodes_max, references_max=1, points=1)
    nodes = [ua.NodeId(ROOT + number, 2) for number in range(count)]
    values = await Reader(server.client, ServerLimits()).read(nodes, 13)
    assert [value.Value.Value for value in values] == [ROOT + number for number in range(count)]


async def test_a_walk_that_is_cut_short_gives_back_what_the_server_kept_for_it():
    server = MiserlyServer({0: list(range(1, 500))}, nodes_max=5, references_max=100, points=1)
    walk = Walk(server.client, ServerLimits(), Bounds(nodes=150), lambda nodes, variables: None)
    walked = await walk.run(ua.NodeId(0, 2))
    assert walked.cut == "150 nodes"
    assert 0 < walked.nodes <= 200
    assert server.open == {}


def test_no_stated_limit_means_ours():
    assert ServerLimits.at_most(0, 100) == 100
    assert ServerLimits.at_most(7, 100) == 7

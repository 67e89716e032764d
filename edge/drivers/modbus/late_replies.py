"""Which reply on a serial line belongs to which request. Pure.

RTU has no transaction number. A unit that did not answer in time may answer later, when the next question is already
out, and then its reply looks like the answer to that one. It is told apart so:

- a reply of another unit, function or size is not ours;
- a unit **owes** a reply to each question it left unanswered. As long as it owes one, it is first asked something whose
  reply cannot be mistaken for an owed one: the same registers by the neighbouring function, or another number of
  registers. A unit answers in the order it was asked, so once that reply is there, all older ones have come or never will;
- an owed reply that comes is counted and thrown away.

Nothing depends on how late it is, within LATE_S.
"""

from collections.abc import Iterator

from edge.drivers.modbus.frames import EXCEPTION, FUNCTIONS_OF_READING, Request

LATE_S = 120.0
"""After so long nobody answers any more."""

_NEIGHBOUR = {1: 2, 2: 1, 3: 4, 4: 3}
COUNT_MAX = 125

Shape = tuple[int, bytes]
"""Function, and what the reply begins with: its number of bytes, or the echo of an order."""


def shape_of(request: Request) -> Shape:
    """What all replies to such a request have in common."""
    if request.function in FUNCTIONS_OF_READING:
        return request.function, bytes([request.size])
    return request.function, request.pdu[1:5]


class Owed:
    """The replies that one unit still owes. Times are of a monotonic clock, in seconds."""

    def __init__(self) -> None:
        self._shapes: dict[Shape, float] = {}

    def __bool__(self) -> bool:
        return bool(self._shapes)

    def add(self, request: Request, now_s: float) -> None:
        """It was not answered, or not in time."""
        self._shapes[shape_of(request)] = now_s

    def settled(self) -> None:
        """A reply came that was surely the newest one's."""
        self._shapes.clear()

    def forget_old(self, now_s: float) -> None:
        self._shapes = {shape: at for shape, at in self._shapes.items() if now_s - at < LATE_S}

    def may_be(self, pdu: bytes) -> bool:
        """Whether a reply may be one of the owed."""
        if pdu[0] & EXCEPTION:
            return any(function == pdu[0] & ~EXCEPTION for function, _ in self._shapes)
        return any(function == pdu[0] and pdu[1:].startswith(begin) for function, begin in self._shapes)

    def unmistakable(self, request: Request) -> Request:
        """A question about the same place whose reply cannot be an owed one."""
        questions = (question for question in _questions(request) if shape_of(question) not in self._shapes)
        # All are owed only after hundreds of silent questions within LATE_S: then none is better than another.
        return next(questions, request)


def _questions(request: Request) -> Iterator[Request]:
    """The neighbouring function first: that it is refused is as good an answer as registers."""
    function = request.function if request.function in _NEIGHBOUR else 3
    count = request.count if request.function in _NEIGHBOUR else 1
    yield Request(_NEIGHBOUR[function], request.start, count)
    for other in range(1, COUNT_MAX + 1):
        yield Request(function, request.start, other)
    for other in range(1, COUNT_MAX + 1):
        yield Request(_NEIGHBOUR[function], request.start, other)

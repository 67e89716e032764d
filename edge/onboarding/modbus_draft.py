"""A draft out of scanned registers. Pure.

Registers say nothing of themselves, so each tag is a guess: two registers that make a sensible float in one word
order are one, a register that rose is a counter of 16 bits (the low word of a wider one counts just as well, it only
goes round sooner), and what is left and not zero is a number.
"""

from collections.abc import Iterator, Mapping, Sequence

from edge.acquisition.addresses import RegisterType, Table, WordOrder
from edge.contract.datatypes import DataType
from edge.onboarding.draft import Draft, DraftTag
from edge.onboarding.found import Found
from edge.onboarding.guesses import draft_tags
from edge.onboarding.modbus_scan import Scan, is_sane, read_as
from edge.onboarding.movement import Movement, movement_of

TAGS_MAX = 200


def draft_of(scan: Scan, name: str, url: str, ranges: str) -> Draft:
    """A draft of what was read. It has no tag if nothing was."""
    found = list(_found(scan))
    tags = [_confirmed(tag, one) for tag, one in zip(draft_tags(found), found, strict=True)][:TAGS_MAX]
    left_out = []
    if len(found) > TAGS_MAX:
        left_out.append(f"{len(found) - TAGS_MAX} more registers; scan a smaller range")
    if zeros := sum(not any(values) for values in scan.seen.values()):
        left_out.append(f"{zeros} registers that are 0")
    return Draft(
        name=name,
        driver="modbus",
        document=f"drafted by lineside edge probe from {url}, unit {scan.unit}",
        revision="unknown",
        page=ranges,
        tags=tags,
        modbus={"table": "holding", "max_registers_per_read": 50, "pause_s": 0.1},
        left_out=left_out,
    )


def _found(scan: Scan) -> Iterator[Found]:
    taken: set[tuple[Table, int]] = set()
    for table, register in sorted(scan.seen):
        if (table, register) in taken:
            continue
        values = scan.seen[table, register]
        low = scan.seen.get((table, register + 1))
        order = _float_order(values, low)
        if order is not None and low is not None:
            taken.add((table, register + 1))
            yield _float(scan, table, register, order, list(zip(values, low, strict=False)))
        elif any(values):
            yield _integer(scan, table, register, values)


def _float_order(high: Sequence[int], low: Sequence[int] | None) -> WordOrder | None:
    """The word order in which all values of two registers make sense as a float, and are not 0."""
    if low is None or len(high) != len(low):
        return None
    for order in (WordOrder.ABCD, WordOrder.CDAB):
        first = high if order is WordOrder.ABCD else low
        read = [read_as(pair, RegisterType.FLOAT32, order) for pair in zip(high, low, strict=True)]
        # A small integer beside zeros is a tiny float: the exponent must stand in the high word.
        if all(first) and all(is_sane(value) for value in read):
            return order
    return None


def _float(
    scan: Scan, table: Table, register: int, order: WordOrder, pairs: Sequence[tuple[int, int]]
) -> Found:
    values = [read_as(pair, RegisterType.FLOAT32, order) for pair in pairs]
    address = {**_address(table, register), "type": "float32", "word_order": order.value}
    return Found(_path(table, register), address, DataType.FLOAT, values, scan.seconds)


def _integer(scan: Scan, table: Table, register: int, values: Sequence[int]) -> Found:
    address = {**_address(table, register), "type": "uint16"}
    return Found(_path(table, register), address, DataType.UINT16, list(values), scan.seconds, bits=16)


def _address(table: Table, register: int) -> Mapping[str, str | int]:
    where: dict[str, str | int] = {"register": register}
    if table is not Table.HOLDING:
        where["table"] = table.value
    return where


def _path(table: Table, register: int) -> tuple[str, ...]:
    return (f"{table.value}{register}",)


def _confirmed(tag: DraftTag, found: Found) -> DraftTag:
    """Every register is a guess."""
    if tag.guess:
        return tag
    kind = found.address["type"]
    order = found.address.get("word_order")
    what = (
        f"type and word order: as {kind} {order} it is {found.value:g}"
        if order
        else f"meaning: a plain {kind}"
    )
    if movement_of(found.values) is Movement.STILL:
        what += ", and it stood still"
    return DraftTag(tag.name, tag.fields, tag.seen, what)

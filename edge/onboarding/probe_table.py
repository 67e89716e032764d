"""What `lineside edge probe` prints."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from edge.acquisition.addresses import RegisterType, Table, WordOrder
from edge.acquisition.driver import Value
from edge.acquisition.plausibility import Tried, Verdict
from edge.onboarding.browse_table import shown
from edge.onboarding.modbus_scan import Scan, is_sane, read_as
from edge.onboarding.movement import movement_of
from edge.onboarding.probing import Probed
from edge.whole_table import print_whole

COLOUR = {Verdict.FITS: "green", Verdict.UNKNOWN: "yellow"}
PAIRS = (
    ("uint32 ABCD", RegisterType.UINT32, WordOrder.ABCD),
    ("uint32 CDAB", RegisterType.UINT32, WordOrder.CDAB),
    ("float ABCD", RegisterType.FLOAT32, WordOrder.ABCD),
    ("float CDAB", RegisterType.FLOAT32, WordOrder.CDAB),
    ("float BADC", RegisterType.FLOAT32, WordOrder.BADC),
    ("float DCBA", RegisterType.FLOAT32, WordOrder.DCBA),
)


def show(probed: Probed, console: Console | None = None) -> None:
    """Units, then what each profile makes of them, then the registers that are not 0."""
    console = console or Console()
    console.print(f"units that answer: {', '.join(map(str, probed.units)) or 'none'}")
    if probed.tried:
        print_whole(console, _verdicts(probed.tried))
    for scan in probed.scans:
        print_whole(console, _registers(scan))
        console.print(
            f"unit {scan.unit}: {len(scan.seen)} registers there, {scan.refused} refused, {scan.silent} without answer"
        )
    for line in _advice(probed):
        console.print(escape(line), soft_wrap=True)
    console.print(
        f"{probed.requests} requests, all of them reads{f'; stopped {probed.cut}' if probed.cut else ''}"
    )


def _verdicts(tried: Iterable[Tried]) -> Grid:
    table = Grid("unit", "profile", "verdict", "because")
    for one in tried:
        colour = COLOUR.get(one.verdict, "default")
        table.add_row(
            str(one.unit), one.profile.name, f"[{colour}]{one.verdict}", escape(", ".join(one.reasons[:4]))
        )
    return table


def _registers(scan: Scan) -> Grid:
    """Beside each register what it would be in each type and word order; floats nobody can have meant are left out."""
    table = Grid(
        "table",
        "register",
        "hex",
        "moves",
        "uint16",
        "int16",
        *(name for name, _, _ in PAIRS),
        title=f"unit {scan.unit}",
    )
    for place, register in sorted(scan.seen):
        values = scan.seen[place, register]
        following = scan.value(place, register + 1)
        if not any(values) and not following:
            continue
        table.add_row(place.value, str(register), *_cells(scan, place, register))
    return table


def _cells(scan: Scan, place: Table, register: int) -> list[str]:
    values = scan.seen[place, register]
    word, following = values[-1], scan.value(place, register + 1)
    words = [word] if following is None else [word, following]
    movement = movement_of(values)
    return [
        f"{word:04X}",
        f"[bold]{movement}" if movement.moved else "",
        str(word),
        str(read_as([word], RegisterType.INT16, WordOrder.ABCD)),
        *(_cell(read_as(words, kind, order)) for _, kind, order in PAIRS),
    ]


def _cell(value: Value) -> str:
    if value is None or (isinstance(value, float) and not is_sane(value)):
        return ""
    return shown(value)


def _advice(probed: Probed) -> Iterable[str]:
    for unit in probed.units:
        best = next((one for one in probed.tried if one.unit == unit), None)
        if best is not None and best.verdict is Verdict.FITS:
            yield f"unit {unit} is read by: profile: {best.profile.name}, unit_id: {unit}"
    values = [sorted(scan.seen.items()) for scan in probed.scans]
    if len(values) > 1 and all(one == values[0] for one in values):
        yield "all units show the same registers: the device may ignore the unit id"

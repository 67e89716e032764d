"""What a found value may mean: role, unit, width. Pure. Whatever is not said by the device is marked as a guess.

A wrong counter is worse than none, so a value is drafted as one only if it is named like one or was seen to
rise, and never if it was seen to go down. States are not guessed at all: their numbers mean something else in
every machine.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from edge.contract.datatypes import DataType
from edge.onboarding.companion_names import BY_NAME as COMPANIONS
from edge.onboarding.draft import DraftTag, Fields
from edge.onboarding.found import Found
from edge.onboarding.movement import Movement, movement_of, rate_of
from edge.onboarding.names import names_of, words_of
from edge.onboarding.packml import BY_NAME as PACKML

COUNTER_RATE_MAX = 100.0  # Per second; the shipped profiles' own generous bound.
METER_RATE_MAX_WH = 500.0  # 1.8 MW.
RATE_MARGIN = 10  # A machine may be that much faster than it was while it was watched.
UNIT_LENGTH_MAX = 24
NO_UNIT = "1"

WH_PER_UNIT = {
    "wh": Fraction(1),
    "kwh": Fraction(1000),
    "mwh": Fraction(1_000_000),
    "kw h": Fraction(1000),
    "kw.h": Fraction(1000),
    "kw·h": Fraction(1000),
    "度": Fraction(1000),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNT_WORDS = _words(
    "count counts counter counted parts part pieces pcs good reject rejects scrap defective cycles cycle output "
    "produced strokes shots bottles total quantity"
)
NOT_A_COUNT = _words(
    "time seconds minutes hours uptime duration ms timestamp date speed temperature target setpoint planned "
    "nominal max min limit id number version"
)
REJECT_WORDS = _words("reject rejects scrap defective bad ng")
CYCLE_WORDS = _words("cycle cycles strokes shots")
BEAT_WORDS = _words("heartbeat alive watchdog lifebit beat toggle")
STATE_WORDS = _words("state status mode")


def draft_tags(found: Sequence[Found]) -> list[DraftTag]:
    """A draft tag for each, with names of their own."""
    named = zip(found, names_of([one.path for one in found]), strict=True)
    return [draft_tag(one, name) for one, name in named]


def draft_tag(found: Found, name: str) -> DraftTag:
    """What it is taken for, and why."""
    movement = movement_of(found.values)
    fields, guess = _standard(found) or _meaning(found, movement)
    return DraftTag(name, {**found.address, **found.extra, **fields}, _seen(found, movement), guess)


def _seen(found: Found, movement: Movement) -> str:
    first, last = found.values[0] if found.values else None, found.value
    shown = f"{first} → {last} in {found.seconds:.0f} s ({movement})" if movement.moved else f"{last}"
    if movement is Movement.STILL:
        shown += f" (still for {found.seconds:.0f} s)"
    bounds = (
        f", range {found.low:g} … {found.high:g}" if found.low is not None and found.high is not None else ""
    )
    return f"{found.place}: {shown}{f' {found.unit}' if found.unit else ''}{bounds}"


def _standard(found: Found) -> tuple[Fields, str] | None:
    """What its companion specification says of it. In the standard's own namespace only how fast it may count is left to
    confirm."""
    name = found.standard or ""
    meaning = PACKML.get(name) or COMPANIONS.get(name)
    if meaning is None:
        return None
    fields: dict[str, str | int | float] = {"role": meaning.role}
    if meaning.vocabulary:
        fields["vocabulary"] = meaning.vocabulary
    if meaning.counts is None:
        unit = _unit(found) if found.unit else meaning.unit
        guess = "" if found.standard_sure else "role: its name is PackML's, its namespace is not"
        return {**fields, **({"unit": unit} if unit != NO_UNIT else {})}, guess
    if found.bits < 8:
        return None
    # PackML counts are never negative, so a signed one goes round at half its range; `bits` says so.
    counted = _counter_fields(found, meaning.counts, meaning.unit)
    what = "rate_max" if found.standard_sure else "role, counts, width and rate_max"
    whose = f"its name is {found.standard_of}'s"
    return counted, f"{what}: {whose}{'' if found.standard_sure else ', its namespace is not'}"


def _meaning(found: Found, movement: Movement) -> tuple[Fields, str]:
    words = {word.rstrip("0123456789") for part in found.path[-2:] for word in words_of(part)}
    own = {word.rstrip("0123456789") for word in words_of(found.path[-1])} if found.path else set()
    if found.datatype.is_text:
        return {"role": "text"}, ""
    if movement is Movement.TOGGLED and own & BEAT_WORDS:
        return {"role": "heartbeat"}, "role: named like a sign of life, and it toggled"
    if found.datatype is DataType.BOOLEAN:
        return {"role": "measurement"}, ""
    if found.unit.lower() in WH_PER_UNIT:
        return _meter(found, movement)
    if _is_integer(found) and found.bits >= 8 and _may_count(found, movement, own):
        return _counter(found, movement, words)
    fields: Fields = {"role": "measurement", **({"unit": _unit(found)} if found.unit else {})}
    return fields, _why_no_more(found, movement, own)


def _is_integer(found: Found) -> bool:
    return found.datatype <= DataType.UINT64


def _may_count(found: Found, movement: Movement, own: set[str]) -> bool:
    if found.unit or own & NOT_A_COUNT or movement in (Movement.FELL, Movement.VARIED):
        return False
    if isinstance(found.value, int) and found.value < 0:
        return False
    return movement is Movement.ROSE or bool(own & COUNT_WORDS)


def _counter(found: Found, movement: Movement, words: set[str]) -> tuple[Fields, str]:
    counts = "parts"
    if words & REJECT_WORDS:
        counts = "reject"
    elif words & CYCLE_WORDS:
        counts = "cycles"
    elif "good" in words:
        counts = "good"
    why = (
        f"it rose while watched for {found.seconds:.0f} s"
        if movement is Movement.ROSE
        else "named like a counter"
    )
    fields = _counter_fields(found, counts, "cycles" if counts == "cycles" else "parts")
    return fields, f"role, counts, width and rate_max: {why}"


def _counter_fields(found: Found, counts: str, unit: str) -> Fields:
    rate = max(COUNTER_RATE_MAX, RATE_MARGIN * rate_of(found.values, found.seconds))
    return {
        "role": "counter",
        "counts": counts,
        "unit": unit,
        "width": found.bits,
        "rate_max": _bounded(rate, 1 << found.bits),
    }


def _meter(found: Found, movement: Movement) -> tuple[Fields, str]:
    """Energy in Wh. Its width leaves room for the scale in 63 bits."""
    scale = WH_PER_UNIT[found.unit.lower()]
    if movement in (Movement.FELL, Movement.VARIED) or not isinstance(found.value, int | float | None):
        return {"role": "measurement", "unit": _unit(found)}, ""
    width = min(found.bits or 63, 63 - math.ceil(math.log2(scale)) if scale > 1 else 63)
    if width < 8:
        return {"role": "measurement", "unit": _unit(found)}, ""
    rate = max(METER_RATE_MAX_WH, RATE_MARGIN * float(scale) * rate_of(found.values, found.seconds))
    fields: dict[str, str | int | float] = {"role": "meter", "unit": "Wh"}
    if scale != 1:
        fields["scale"] = int(scale)
    if "datatype" in found.address:
        fields["datatype"] = "UInt64"  # Whole Wh, whatever the device calls its own type.
    return {
        **fields,
        "width": width,
        "rate_max": _bounded(rate, int(scale) << width),
    }, f"role, width and rate_max: its unit is {found.unit}"


def _bounded(rate: float, modulus: int) -> int:
    """Such that a poll a second cannot miss half a round."""
    return math.ceil(min(rate, modulus // 4))


def _unit(found: Found) -> str:
    printable = "".join(character for character in found.unit if character.isprintable()).strip()
    return printable[:UNIT_LENGTH_MAX] or NO_UNIT


def _why_no_more(found: Found, movement: Movement, own: set[str]) -> str:
    if own & STATE_WORDS and _is_integer(found):
        return (
            "role: named like a state or mode; role state needs to know whose numbers these are (vocabulary)"
        )
    if own & COUNT_WORDS and movement in (Movement.FELL, Movement.VARIED):
        return "role: named like a counter, but it went down while watched"
    return ""

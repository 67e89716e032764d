"""What `lineside edge browse` prints."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from edge.onboarding.browsing import Browsed
from edge.onboarding.companions import Companions
from edge.onboarding.movement import Movement, movement_of
from edge.whole_table import print_whole

VALUE_MAX = 28


def show(browsed: Browsed, console: Console | None = None) -> None:
    """One line for each variable that can be a tag, with the guess that stands in the draft."""
    console = console or Console()
    table = Table("tag", "path", "value", "unit", "range", "type", "moves", "taken for")
    for found, tag in zip(browsed.found, browsed.draft.tags, strict=True):
        bounds = f"{found.low:g} … {found.high:g}" if found.low is not None and found.high is not None else ""
        movement = movement_of(found.values)
        role = f"{tag.fields['role']}{f' ({found.standard_of})' if found.standard else ''}"
        table.add_row(
            *_plain(
                tag.name, found.place, shown(found.value), found.unit, bounds, str(found.address["datatype"])
            ),
            f"[bold]{movement}" if movement.moved else "" if movement is Movement.UNWATCHED else movement,
            f"[yellow]{role} ?" if tag.guess else role,
        )
    if browsed.found:
        print_whole(console, table)
    for line in (*summary(browsed), *said_of(browsed.companions)):
        console.print(escape(line), soft_wrap=True)


def summary(browsed: Browsed) -> Iterable[str]:
    """What was walked, and why that may not be all."""
    walked = browsed.walked
    yield (
        f"{walked.nodes} nodes, {len(walked.variables)} variables, {browsed.matching} fit, "
        f"{len(browsed.found)} can be tags, {browsed.draft.guesses} guesses to confirm (?)"
    )
    if browsed.draft.left_out:
        yield f"{len(browsed.draft.left_out)} cannot be tags; a draft lists them at its end"
    if walked.cut:
        yield f"stopped at {walked.cut}: there may be more; --root, --depth, --max-nodes or --max-seconds"
    if walked.refused:
        yield f"the server would not browse {walked.refused} nodes"


def said_of(companions: Companions) -> Iterable[str]:
    """Companion specifications, and each machine that a ready profile fits."""
    if companions.spoken:
        names = (
            f"{one.specification.name} {one.version}".strip() + f" ({one.specification.document})"
            for one in companions.spoken
        )
        yield f"companion specifications: {', '.join(names)}"
    for proposal in companions.proposals:
        tags = len(proposal.profile.polled)
        lacking = f"; not there: {', '.join(proposal.missing)}" if proposal.missing else ""
        yield (
            f"machine {proposal.machine}: profile {proposal.profile.name}, "
            f"{proposal.tags_found} of {tags} tags{lacking}"
        )


def shown(value: object) -> str:
    """A value in one short line."""
    text = "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= VALUE_MAX else f"{text[: VALUE_MAX - 1]}…"


def _plain(*cells: str) -> list[str]:
    return [escape(cell) for cell in cells]

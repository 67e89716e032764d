"""The people of a demo shop floor: they work released orders off by the plant's HTTP API, as at its terminals.

One task per station with an operator, one for the shift lead. SIGTERM or SIGINT: the open runs end, so that all they
counted is told, and the crew goes home; a second one: at once.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from simulators.crew_lead import Lead
from simulators.crew_ledger import CrewLedger
from simulators.crew_people import CrewFailed, Member, Person, Plant, people_of, person_at
from simulators.crew_station import Floor, Operator
from simulators.crew_supplier import Supplier

FIRST_PATIENCE_S = 10.0  # For a plant that has not answered yet.
STATIONS_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class CrewSettings:
    plant_url: str
    people_file: Path
    state_dir: Path
    stations: list[tuple[str, str]] | None = None  # Name and EquipmentPath. None: all that have a device.
    seed: int = 1
    pace_s: float = 0.5  # Between two looks at a station.
    names: tuple[str, ...] = ()  # Of the stations to work at; none: all.
    patience_s: float = 120.0  # How long an answer may stay away.
    core: Path | None = None  # State folder of the core that deliveries are booked into.


async def run(settings: CrewSettings) -> None:
    """Work until told to finish. Raises CrewFailed with one line for a person."""
    members = people_of(settings.people_file)
    operators, leads = (_with_role(members, role) for role in ("operator", "lead"))
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    floor = Floor(settings.pace_s, Supplier(settings.core))
    url = settings.plant_url.rstrip("/")
    with CrewLedger(settings.state_dir) as ledger:
        async with AsyncExitStack() as doors:
            plant = Plant(url, settings.patience_s, ledger)
            lead = await doors.enter_async_context(person_at(plant, leads[0], ""))
            stations = settings.stations or await _stations(Plant(url, FIRST_PATIENCE_S, ledger), leads[0])
            chosen = _chosen(stations, settings.names)
            at_work = []
            for number, (name, path) in enumerate(chosen):
                member = operators[number % len(operators)]
                person = await doors.enter_async_context(person_at(plant, member, name))
                at_work.append(Operator(person, name, path, floor, settings.seed))
            await _work(floor, Lead(lead, floor), at_work)


async def _work(floor: Floor, lead: Lead, operators: list[Operator]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            with _told_to_finish(floor, asyncio.current_task()):
                tasks.create_task(lead.work(), name="crew.lead")
                async with asyncio.TaskGroup() as stations:
                    for number, operator in enumerate(operators):
                        stations.create_task(operator.work(), name=f"crew.station[{number}]")
                floor.stations_left.set()
    except BaseExceptionGroup as group:
        known, rest = group.split(CrewFailed)
        if known is None or rest is not None:
            raise
        raise _first(known) from None


@contextmanager
def _told_to_finish(floor: Floor, work: "asyncio.Task[None] | None") -> Iterator[None]:
    """The first signal finishes, the second one cancels."""
    loop = asyncio.get_running_loop()

    def told() -> None:
        if floor.finishing.is_set() and work is not None:
            work.cancel()
        floor.finishing.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _stations(plant: Plant, member: Member) -> list[tuple[str, str]]:
    """Equipment that has a device. Waits for the first."""
    async with person_at(plant, member, "") as person:
        await person.sign_in()
        return await _first_stations(person)


async def _first_stations(person: Person) -> list[tuple[str, str]]:
    try:
        async with asyncio.timeout(STATIONS_WITHIN_S):
            while True:
                rows = await person.read_all("equipment")
                found = [(row["name"], row["path"]) for row in rows if row["device_ids"]]
                if found:
                    return found
                await asyncio.sleep(0.5)
    except TimeoutError:
        raise CrewFailed(f"no station has a machine after {STATIONS_WITHIN_S:g} s") from None


def _with_role(members: list[Member], role: str) -> list[Member]:
    found = [one for one in members if one.role == role]
    if not found:
        raise CrewFailed(f"the people file has no {role}")
    return found


def _chosen(stations: list[tuple[str, str]], names: tuple[str, ...]) -> list[tuple[str, str]]:
    unknown = set(names) - {name for name, _ in stations}
    if unknown:
        known = ", ".join(name for name, _ in stations)
        raise CrewFailed(f"no station {', '.join(sorted(unknown))}; there are {known}")
    return [one for one in stations if not names or one[0] in names]


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group

"""People for a first look: one of each role, with random PINs of this folder."""

from dataclasses import dataclass
from pathlib import Path

import psycopg
import yaml

from plant_server.database import connect, load_queries
from plant_server.people.secrets_of_people import Pepper, random_pin
from plant_server.security.secrets import private_folder, write_private_file

QUERIES = load_queries(__package__)
FILE = "demo-people.yaml"
_PEOPLE = {
    "operator": ("Li Na", "李娜", "zh-CN"),
    "lead": ("Wang Lei", "王磊", "zh-CN"),
    "quality": ("Zhang Min", "张敏", "zh-CN"),
    "maintenance": ("Chen Gang", "陈刚", "zh-CN"),
    "planner": ("Eva Brandt", None, "en"),
    "manager": ("Liu Fang", "刘芳", "zh-CN"),
    "integrator": ("Sam Okoro", None, "en"),
    "admin": ("Ada Novak", None, "en"),
}


@dataclass(frozen=True, slots=True)
class DemoPerson:
    role: str
    name: str
    name_zh: str | None
    pin: str


def ensure_demo_people(database_url: str, secrets_folder: Path) -> list[DemoPerson]:
    """One person of each role, whose PINs stand in `demo-people.yaml` (0600) in `secrets_folder`.

    Called again it changes nothing: PINs that are in the file stay. `database_url` is of the role lineside_plant.
    """
    file = private_folder(secrets_folder) / FILE
    known = _pins_in(file)
    people = [
        DemoPerson(role, name, name_zh, known.get(role) or random_pin())
        for role, (name, name_zh, _) in _PEOPLE.items()
    ]
    rows = [{"role": one.role, "name": one.name, "name_zh": one.name_zh, "pin": one.pin} for one in people]
    write_private_file(file, yaml.safe_dump(rows, allow_unicode=True, sort_keys=False))
    pepper = Pepper(secrets_folder)
    with connect(database_url, application="lineside demo", autocommit=True) as connection:
        for person in people:
            with connection.transaction():
                _ensure(connection, pepper, person, is_known=person.role in known)
    return people


def _ensure(connection: psycopg.Connection, pepper: Pepper, person: DemoPerson, *, is_known: bool) -> None:
    found = connection.execute(QUERIES["person_of_demo"], {"name": person.name}).fetchone()
    number = f"P-{1001 + list(_PEOPLE).index(person.role)}"
    if found is not None:
        values = {"person_id": found[0], "personnel_number": number}
        connection.execute(QUERIES["number_person_of_demo"], values)
        if is_known:
            return
    else:
        language = _PEOPLE[person.role][2]
        values = {
            "name": person.name,
            "name_zh": person.name_zh,
            "personnel_number": number,
            "language": language,
            "roles": [person.role],
        }
        found = connection.execute(QUERIES["add_person"], values).fetchone()
        assert found is not None, "an INSERT without conflict returns its row"  # noqa: S101
    values = {"person_id": found[0], "pin_hash": pepper.hash_pin_here(person.pin)}
    connection.execute(QUERIES["set_pin"], values)


def _pins_in(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {str(row["role"]): str(row["pin"]) for row in rows}

"""`lineside demo --plant-only`: the plant of the demo without its machines, office and people, for machines of one's own.

What an edge says of a new machine waits here for a person, as in a real plant; the demo accepts it by itself.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from plant_server.demo.child import Child
from plant_server.demo.plant import Plant, PlantOptions, credential_files, running_plant
from plant_server.demo.shop_floor import FactoryFailed

LOOK_EVERY_S = 1.0

Say = Callable[[str], None]


def run(home: Path, options: PlantOptions, say: Say) -> NoReturn:
    """Until interrupted. Raises EmbeddedServerError, FactoryFailed when a process ends."""
    home.mkdir(parents=True, exist_ok=True)
    with running_plant(home, options, say=say) as plant:
        introduce(plant, say)
        say("Ctrl-C ends it.")
        while True:
            time.sleep(LOOK_EVERY_S)
            for child in plant.children:
                check_alive(child)


def check_alive(child: Child) -> None:
    """Raises FactoryFailed when it has ended."""
    if not child.alive:
        raise FactoryFailed(f"{child.name} ended (exit code {child.exit_code}):\n{child.last_words()}")


def introduce(plant: Plant, say: Say) -> None:
    """Where everything is, and with which files an edge is let in."""
    say(f"  plant   {plant.api_url}   terminals at /, machines at /status, API at /openapi.json")
    say(f"  broker  {plant.broker.url}   {plant.broker.notice or ''}")
    for group, name in plant.options.edges:
        files = credential_files(plant.broker.credentials_for_edge(group, name), plant.home)
        say(f"  edge    {name} of group {group}:")
        for key, value in files.items():
            say(f"            {key}: {value}")
    say(f"  token   {plant.home}/secrets/api-token")

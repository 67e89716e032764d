"""Delivery over a real broker, to a plant that the test scripts."""

from edge.contract.topics import MessageType
from tests.edge.delivery.conftest import Place
from tests.edge.delivery.running_edge import running_edge, settings_for
from tests.edge.delivery.scripted_plant import ScriptedPlant, eventually


async def test_births_wait_until_the_host_is_online(place: Place, plant: ScriptedPlant) -> None:
    settings = settings_for(place.broker, place.edge, place.host, place.spool)
    async with running_edge(settings, "press") as edge:
        await edge.count("press", range(1, 4))
        await eventually(lambda: edge.publisher.statistics.connects == 1)
        await eventually(lambda: edge.spool.head == 3)
        assert plant.told == []
        plant.say_online()
        await eventually(lambda: plant.values("count") == [1, 2, 3])
        kinds = [told.type for told in plant.told]
        assert kinds[:3] == [MessageType.NBIRTH, MessageType.DBIRTH, MessageType.DDATA]

"""Every Sparkplug assertion about an edge, on a session in which its configuration changed: recorded between edge and broker."""

from urllib.parse import urlsplit

import pytest

from tests.contract.capture import Capture, EdgeNode
from tests.contract.recording_proxy import Recording, RecordingProxy
from tests.contract.tck.every_rule import CHECKS
from tests.edge.changeable_edge import births, counter, deaths, measured, stored
from tests.edge.delivery.scripted_plant import eventually

pytestmark = pytest.mark.system

SEEN = {
    "tck-id-payloads-alias-uniqueness",
    "tck-id-payloads-alias-birth-requirement",
    "tck-id-payloads-dbirth-seq-inc",
    "tck-id-payloads-ddata-seq-inc",
    "tck-id-payloads-ddeath-seq-inc",
}
"""What this session is about: these found something to check."""

LATE = {f"tck-id-payloads-{kind}-order" for kind in ("dbirth", "ddata", "ndata")}
"""All devices are born right after the node. One that an edge did not have then is born when it is first in contact, like one
that was off; for the others nothing of it may be broken either."""


async def test_a_session_with_changes_is_sparkplug(edge, place, plant, machines):
    first, second = machines
    recording = Recording()
    upstream = ("127.0.0.1", urlsplit(place.broker.url).port or 1883)
    async with RecordingProxy("mosquitto", upstream, recording) as proxy:
        edge.config["broker"]["urls"] = [f"mqtt://127.0.0.1:{proxy.port}"]
        edge.write(edge.device("press", first), edge.device("oven", second))
        plant.say_online()
        async with edge.running():
            await eventually(lambda: births(plant, "press") and births(plant, "oven"))
            await stored(plant, "parts", 2000)
            edge.profile("wider", counter(), measured("speed"))
            edge.write(edge.device("press", first, "wider.yaml"), edge.device("new", second))
            await edge.changed()
            await stored(plant, "speed", 7)
            await eventually(lambda: births(plant, "new") and deaths(plant, "oven"))
            plant.ask_rebirth()
            await eventually(lambda: len(plant.births()) == 2 and len(births(plant, "new")) == 2)
            first.show(1007)
            await stored(plant, "parts", 1007)
    node = EdgeNode("demo", place.edge, place.host, ("mosquitto",))
    clients = {record.client_id for record in recording.records}
    capture = Capture(dict.fromkeys(clients, node), {}, tuple(recording.records))
    checked, broken = set(), {}
    for tck_id, check in CHECKS.items():
        try:
            check(capture)
            checked.add(tck_id)
        except AssertionError as error:
            if "nothing to check" not in str(error):
                broken[tck_id] = str(error)
    assert {tck_id: said for tck_id, said in broken.items() if tck_id not in LATE} == {}
    assert all("/new comes after data" in said for said in broken.values())
    assert checked >= SEEN

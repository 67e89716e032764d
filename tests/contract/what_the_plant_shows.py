"""What the plant shows of edges and devices after a death, read from its database as its pages read it."""

import asyncio
import time

import psycopg

from tests.contract.capture import HostShows, Record
from tests.contract.mqtt_packets import Publish
from tests.contract.recording_proxy import Recording
from tests.contract.sparkplug_reading import read
from tests.contract.tck.session_view import BIRTHS, Topic, topic_of

PATIENCE_S = 10.0

# A page shows every value of a device without contact as such: staleness is the device's, no value is overwritten.
_SHOWN = """
SELECT edge.online, edge.last_message, device.name, edge.online AND coalesce(device.online, false),
       coalesce(device.offline_time, edge.last_message), array_remove(array_agg(tag.name), NULL)
FROM plant.edge LEFT JOIN plant.device USING (edge_id) LEFT JOIN plant.tag USING (device_id)
WHERE edge.group_id = %(group)s AND edge.node = %(edge)s
GROUP BY edge.edge_id, device.device_id
"""


class PlantScreens:
    """Adds an observation to the recording for each death that reached the host and was not looked after yet."""

    def __init__(self, database_url: str, recording: Recording, server: str) -> None:
        self._database_url, self._recording, self._server = database_url, recording, server
        self._seen = 0

    async def look_after(self, kind: str, *, count: int = 1) -> None:
        """Wait until the plant shows `count` deaths of this kind, and note what it shows."""
        deadline_s = time.monotonic() + PATIENCE_S
        found: list[tuple[Record, Topic]] = []
        while len(found) < count:
            assert time.monotonic() < deadline_s, f"{len(found)} of {count} {kind} reached the host"
            found = self._deaths(kind)
            await asyncio.sleep(0.05)
        self._seen = len(self._recording.records)
        for record, topic in found:
            await self._until_shown(record, topic, deadline_s)

    def _deaths(self, kind: str) -> list[tuple[Record, Topic]]:
        deaths = []
        for record in self._recording.records[self._seen :]:
            if record.sender == "server" and isinstance(record.what, Publish):
                topic = topic_of(record.what.topic)
                if topic.type == kind:
                    deaths.append((record, topic))
        return deaths

    async def _until_shown(self, record: Record, topic: Topic, deadline_s: float) -> None:
        while True:
            shown = [each for each in self._look(topic) if topic.device in (None, each.device)]
            if shown and not any(each.online for each in shown):
                break
            assert time.monotonic() < deadline_s, f"the plant does not show {topic}"
            await asyncio.sleep(0.05)
        for each in shown:
            self._recording.observe(record.client_id, self._server, each)

    def _look(self, topic: Topic) -> list[HostShows]:
        with psycopg.connect(self._database_url, autocommit=True) as connection:
            rows = connection.execute(_SHOWN, {"group": topic.group, "edge": topic.edge}).fetchall()
        shown: list[HostShows] = []
        for edge_online, last_message, device, device_online, offline_time, tags in rows:
            since_ms = int(last_message.timestamp() * 1000)
            if not shown:
                stale = self._declared(topic, None)  # The plant keeps no value of a node's own metrics.
                shown.append(
                    HostShows(topic.group, topic.edge, None, edge_online, since_ms, tuple(sorted(stale)))
                )
            if device is not None:
                stale = self._declared(topic, device) - (set(tags) if device_online else set())
                since_ms = int(offline_time.timestamp() * 1000)
                shown.append(
                    HostShows(topic.group, topic.edge, device, device_online, since_ms, tuple(sorted(stale)))
                )
        return shown

    def _declared(self, topic: Topic, device: str | None) -> set[str]:
        """Names in the last birth that reached the host."""
        for record in reversed(self._recording.records):
            if record.sender == "server" and isinstance(record.what, Publish):
                birth = topic_of(record.what.topic)
                if birth.type in BIRTHS and (birth.node, birth.device) == (topic.node, device):
                    return {metric.name or "" for metric in read(record.what.payload).metrics}
        return set()

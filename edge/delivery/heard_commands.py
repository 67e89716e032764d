"""What hosts ask by NCMD and DCMD: to the node it is returned, to a device it goes to its desk, which knows what is allowed."""

from dataclasses import replace

import structlog

from edge.contract.payloads import Metric, decode
from edge.contract.topics import MessageType, parse_topic
from edge.delivery.delivering import Delivering, now_ms
from edge.delivery.mqtt_link import Arrived
from edge.delivery.sparkplug_session import Command, SparkplugSession

log = structlog.get_logger()


def command_in(arrived: Arrived, delivering: Delivering, session: SparkplugSession) -> Command:
    """The command to the node, if it is one. Raises MalformedPayload, TopicError."""
    payload, topic = decode(arrived.payload), parse_topic(arrived.topic)
    commands = delivering.commands
    unknown = commands.unknown
    command = Command()
    if topic.type is MessageType.NCMD:
        command = commands.read(payload.metrics)
        if command.committed is not None and payload.timestamp_ms is not None:
            delivering.statistics.plant_ahead_s = (payload.timestamp_ms - now_ms()) / 1000
    elif topic.device is not None:
        for metric in payload.metrics:
            dated = replace(metric, timestamp_ms=metric.timestamp_ms or payload.timestamp_ms)
            _command_device(topic.device, dated, delivering, session)
    if commands.unknown > unknown:
        log.warning("command_unknown", topic=arrived.topic, metrics=commands.unknown - unknown)
    return command


def _command_device(device: str, metric: Metric, delivering: Delivering, session: SparkplugSession) -> None:
    desk, named = delivering.desks.get(device), session.commanded(device, metric)
    if desk is None or named is None or named.name is None:
        delivering.commands.unknown += 1
    else:
        desk.ask(named.name, named, now_ms())

"""The metrics of an edge, by name. README.md lists them for whoever draws a board."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.health import EdgeHealth, Health
from edge.health_status import NOT_TAKEN, findings, status_of

PREFIX = "lineside_edge"


LINE_COUNTS = {
    "requests": "Requests sent on a Modbus line.",
    "answers": "Answers to them, exceptions included.",
    "exceptions": "Answers that were an exception of the device or of a gateway.",
    "silent": "Requests without an answer in time.",
    "late": "Replies to former requests, thrown away.",
    "foreign": "Replies of another unit, function or size, thrown away.",
    "garbled": "Times bytes came that were no frame.",
}


STATUS = {"ok": 0, "degraded": 1, "failed": 2}


class EdgeCollector(Collector):
    """Takes one picture of the running edge whenever it is asked."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        seen = self._health.take()
        yield from _edge(seen)
        yield from _spool(seen)
        yield from _delivery(seen)
        yield from self._messages()
        yield from self._devices()
        yield from _devices_now(seen)
        yield from _lines(seen)

    def _messages(self) -> Iterator[Metric]:
        done = self._health.running.publisher.statistics
        yield _counter("broker_connects", "Connections to a broker.", done.connects)
        yield _counter("births", "Births sent.", done.births)
        yield _counter("messages", "Data messages with entries sent, repeats included.", done.messages)
        yield _counter("entries_sent", "Entries sent, repeats included.", done.entries)
        yield _counter(
            "went_back", "Times nothing was acknowledged and sending began again.", done.times_gone_back
        )
        yield _counter(
            "epochs_begun", "Epochs begun because the plant knew more than this file.", done.epochs_begun
        )

    def _devices(self) -> Iterator[Metric]:
        answered = _device_counter("polls", "Polls that were answered.")
        losses = _device_counter("losses", "Times the contact was lost.")
        skipped = _device_counter("skipped_polls", "Polls left out: the one before took too long.")
        notified = _device_counter("notifications", "Times the device told changes by itself.")
        gaps = _device_counter("gaps", "Gap records: changes were lost between the device and the edge.")
        done = _device_counter("commands_done", "Writes and calls a host asked for, done.")
        refused = _device_counter(
            "commands_refused", "Those the configuration does not allow, or that came at no time."
        )
        failed = _device_counter("commands_failed", "Those the device refused or did not answer.")
        for poller in self._health.running.pollers:
            name, statistics = poller.device_name, poller.statistics
            answered.add_metric([name], statistics.polls)
            losses.add_metric([name], statistics.losses)
            skipped.add_metric([name], statistics.skipped_slots)
            notified.add_metric([name], statistics.notified)
            gaps.add_metric([name], statistics.gaps)
            commands = poller.desk.statistics
            done.add_metric([name], commands.done)
            refused.add_metric([name], commands.refused)
            failed.add_metric([name], commands.failed)
        yield from (answered, losses, skipped, notified, gaps, done, refused, failed)


def _edge(seen: EdgeHealth) -> Iterator[Metric]:
    said = {"edge": seen.edge, "group": seen.group, "epoch": seen.spool.epoch, "version": seen.version}
    yield InfoMetricFamily(PREFIX, "Who this edge is, and the life of its spool file.", value=said)
    yield _gauge("status", "0 ok, 1 degraded, 2 failed.", STATUS[status_of(findings(seen))])
    yield _gauge("start_seconds", "When it was started, UTC.", seen.started_ms / 1000)
    yield _gauge("configured_seconds", "When its configuration was accepted, UTC.", seen.configured_ms / 1000)
    refused = seen.configuration in NOT_TAKEN
    yield _gauge("configuration_refused", "Whether the file as it stands is not what it runs on.", refused)
    yield _counter(
        "configuration_changes", "Times another configuration was taken.", seen.configuration_changes
    )
    yield _gauge("loops_hanging", "Loops that should have been round again.", len(seen.hangs))
    yield _gauge("clock_believed", "Whether readings are stamped by this clock.", not seen.clock_mistrust)
    if seen.plant_ahead_s is not None:
        yield _gauge("plant_clock_ahead_seconds", "The plant's clock less this one.", seen.plant_ahead_s)


def _spool(seen: EdgeHealth) -> Iterator[Metric]:
    spool = seen.spool
    yield _gauge("spool_head", "Number of the newest entry of this epoch.", spool.head)
    yield _gauge("spool_committed", "Up to which entry the plant has stored.", spool.committed)
    yield _gauge("spool_backlog", "Entries the plant does not have yet.", spool.backlog)
    if spool.lag_s is not None:
        yield _gauge("spool_lag_seconds", "Age of the oldest entry the plant does not have.", spool.lag_s)
    yield _gauge("spool_bytes", "Size of the spool file and its log.", spool.bytes)
    yield _gauge("spool_max_bytes", "Bound of the spool file.", spool.max_bytes)
    if spool.free_bytes is not None:
        yield _gauge("spool_disk_free_bytes", "Free on the disk of the spool.", spool.free_bytes)
    yield _gauge(
        "buffer_bytes", "Read, and not yet in the spool: the disk is slow or full.", spool.buffer_bytes
    )
    yield _counter("spool_thinned", "Runs of entries that gave way to gap records.", spool.thinned)
    yield _gauge("spool_set_aside", "Entries kept for a person: the plant never took them.", spool.set_aside)


def _delivery(seen: EdgeHealth) -> Iterator[Metric]:
    connected = GaugeMetricFamily(
        f"{PREFIX}_broker_connected", "Whether the edge is connected to it.", labels=["broker"]
    )
    for broker in seen.brokers:
        connected.add_metric([broker.url], float(broker.connected_ms is not None))
    yield connected
    if seen.primary_host is not None:
        online = any(broker.host_online is True for broker in seen.brokers)
        yield _gauge("primary_host_online", "Whether the plant listens at the present broker.", online)


def _devices_now(seen: EdgeHealth) -> Iterator[Metric]:
    up = _device_gauge("up", "Whether the device answers; absent until it was tried.")
    seconds = _device_gauge("poll_seconds", "How long the last answered poll took.")
    age = _device_gauge("answer_age_seconds", "Since its last answer; absent until there was one.")
    bad = _device_gauge("bad_tags", "Tags without a value: unknown to the device, or bad there.")
    for device in seen.devices:
        if device.online is not None:
            up.add_metric([device.name], float(device.online))
        seconds.add_metric([device.name], device.poll_s)
        if device.answered_s_ago is not None:
            age.add_metric([device.name], device.answered_s_ago)
        bad.add_metric([device.name], len(device.bad_tags))
    yield from (up, seconds, age, bad)


def _lines(seen: EdgeHealth) -> Iterator[Metric]:
    """Of Modbus lines; devices that share one count on the same."""
    for name, text in LINE_COUNTS.items():
        family = CounterMetricFamily(f"{PREFIX}_line_{name}", text, labels=["line"])
        for counts in seen.lines:
            family.add_metric([counts.place], getattr(counts, name))
        yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _device_gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_device_{name}", text, labels=["device"])


def _device_counter(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{PREFIX}_device_{name}", text, labels=["device"])

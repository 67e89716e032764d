"""The metrics of an edge, by name. README.md lists them for whoever draws a board."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from edge.acquisition.polling import DevicePoller
from edge.delivery.publisher import Publisher
from edge.delivery.spool_writer import SpoolWriter
from edge.settings import Settings

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


class EdgeCollector(Collector):
    """Reads the parts of a running edge whenever it is asked."""

    def __init__(
        self,
        settings: Settings,
        writer: SpoolWriter,
        publisher: Publisher,
        pollers: Sequence[DevicePoller],
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._publisher = publisher
        self._pollers = pollers

    def collect(self) -> Iterable[Metric]:
        yield from self._spool()
        yield from self._delivery()
        yield from self._devices()
        yield from self._lines()

    def _spool(self) -> Iterator[Metric]:
        edge, spool = self._settings.edge, self._writer.spool
        said = {"edge": edge.name, "group": edge.group, "epoch": spool.epoch}
        yield InfoMetricFamily(PREFIX, "Who this edge is, and the life of its spool file.", value=said)
        head, committed = spool.head, spool.committed
        yield _gauge("spool_head", "Number of the newest entry of this epoch.", head)
        yield _gauge("spool_committed", "Up to which entry the plant has stored.", committed)
        yield _gauge("spool_backlog", "Entries the plant does not have yet.", max(0, head - committed))
        yield _gauge("spool_bytes", "Size of the spool file and its log.", _bytes_on_disk(spool.file.path))
        yield _gauge("spool_max_bytes", "Bound of the spool file.", self._settings.spool.max_bytes)
        yield _gauge(
            "buffer_bytes",
            "Read, and not yet in the spool: the disk is slow or full.",
            self._writer.waiting_bytes,
        )
        yield _counter("spool_thinned", "Runs of entries that gave way to gap records.", spool.thinned_runs)

    def _delivery(self) -> Iterator[Metric]:
        done = self._publisher.statistics
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
        up = _device_gauge("up", "Whether the device answers; absent until it was tried.")
        seconds = _device_gauge("poll_seconds", "How long the last answered poll took.")
        answered = _device_counter("polls", "Polls that were answered.")
        losses = _device_counter("losses", "Times the contact was lost.")
        skipped = _device_counter("skipped_polls", "Polls left out: the one before took too long.")
        notified = _device_counter("notifications", "Times the device told changes by itself.")
        gaps = _device_counter("gaps", "Gap records: changes were lost between the device and the edge.")
        bad = _device_gauge("bad_tags", "Tags without a value: unknown to the device, or bad there.")
        done = _device_counter("commands_done", "Writes and calls a host asked for, done.")
        refused = _device_counter(
            "commands_refused", "Those the configuration does not allow, or that came at no time."
        )
        failed = _device_counter("commands_failed", "Those the device refused or did not answer.")
        for poller in self._pollers:
            name, statistics = poller.device_name, poller.statistics
            if statistics.online is not None:
                up.add_metric([name], float(statistics.online))
            seconds.add_metric([name], statistics.last_poll_s)
            answered.add_metric([name], statistics.polls)
            losses.add_metric([name], statistics.losses)
            skipped.add_metric([name], statistics.skipped_slots)
            notified.add_metric([name], statistics.notified)
            gaps.add_metric([name], statistics.gaps)
            bad.add_metric([name], len(poller.bad_tags))
            commands = poller.desk.statistics
            done.add_metric([name], commands.done)
            refused.add_metric([name], commands.refused)
            failed.add_metric([name], commands.failed)
        yield from (up, seconds, answered, losses, skipped, notified, gaps, bad, done, refused, failed)

    def _lines(self) -> Iterator[Metric]:
        """Of Modbus lines; devices that share one count on the same."""
        lines = {
            counts.place: counts for poller in self._pollers if (counts := poller.line_counts) is not None
        }
        for name, text in LINE_COUNTS.items():
            family = CounterMetricFamily(f"{PREFIX}_line_{name}", text, labels=["line"])
            for place, counts in lines.items():
                family.add_metric([place], getattr(counts, name))
            yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", text, value=value)


def _device_gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"{PREFIX}_device_{name}", text, labels=["device"])


def _device_counter(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"{PREFIX}_device_{name}", text, labels=["device"])


def _bytes_on_disk(path: Path) -> int:
    """Of a spool file and its log."""
    parts = (path, path.with_name(f"{path.name}-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())

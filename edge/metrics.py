"""What Prometheus may ask an edge, at `metrics.host`:`metrics.port` under /metrics. Off unless the configuration names it.

Nothing is counted for it: the parts of the edge count anyway, and a scrape reads what they have, in a thread of its own.
Each value is one integer or float, so there is nothing half written to be read. Counts are since the start of the edge.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from edge.acquisition.polling import DevicePoller
from edge.delivery.publisher import Publisher
from edge.delivery.spool_writer import SpoolWriter
from edge.settings import Metrics, Settings

log = structlog.get_logger()


@contextmanager
def serving_metrics(
    settings: Settings, writer: SpoolWriter, publisher: Publisher, pollers: Sequence[DevicePoller]
) -> Iterator[None]:
    """While the block runs. A port that is taken is logged, not raised: an edge counts whether it is watched or not."""
    if settings.metrics is None:
        yield
        return
    from prometheus_client import CollectorRegistry, start_http_server  # 3 MB that only a watched edge pays.

    from edge.metrics_collector import EdgeCollector

    registry = CollectorRegistry()
    registry.register(EdgeCollector(settings, writer, publisher, pollers))
    try:
        server, thread = start_http_server(settings.metrics.port, settings.metrics.host, registry)
    except OSError as error:
        log.error("metrics_unavailable", url=_url(settings.metrics), reason=str(error))
        yield
        return
    log.info("metrics_served", url=_url(settings.metrics))
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _url(metrics: Metrics) -> str:
    return f"http://{metrics.host}:{metrics.port}/metrics"

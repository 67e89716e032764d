"""Opens the local port of an edge if its configuration names it; see `health_server` for what is there."""

from collections.abc import Iterator
from contextlib import contextmanager

from edge.health import Health


@contextmanager
def serving_health(health: Health) -> Iterator[None]:
    """While the block runs."""
    metrics = health.running.settings.metrics
    if metrics is None:
        yield
        return
    # 4 MB that only a watched edge pays.
    from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

    from edge.health_server import HealthApp, serving
    from edge.metrics_collector import EdgeCollector

    registry = CollectorRegistry()
    registry.register(EdgeCollector(health))
    ProcessCollector(registry=registry)
    with serving(metrics, HealthApp(health, make_wsgi_app(registry))):
        yield

"""The SQL of ingest by name, and the times it is given."""

from datetime import UTC, datetime, timedelta

from plant_server.database import load_queries

QUERIES = load_queries("plant_server.ingest")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: int) -> datetime:
    """UTC ms as an aware datetime, exact to the ms."""
    return _EPOCH + timedelta(milliseconds=time_ms)


def moment_or_none(time_ms: int | None) -> datetime | None:
    """For times a sender may have made up: None where it is none that a datetime can hold."""
    if time_ms is None or not 0 <= time_ms < 1 << 47:
        return None
    return moment(time_ms)

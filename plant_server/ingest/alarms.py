"""Alarms that ingest raises. One open row per kind and subject."""

from enum import StrEnum

import psycopg

from plant_server.ingest.queries import QUERIES


class AlarmKind(StrEnum):
    CLOCK_SKEW = (
        "clock_skew"  # An edge's clock differs from ours by more than 2 s; cleared when it agrees again.
    )
    TWO_EPOCHS = "two_epochs"  # Two spool files of one edge commit in turn: a clone. A person clears it.
    ODOMETER_CASE = "odometer_case"
    NOT_COUNTED = "not_counted"  # A counter or meter without width or rate_max.


def raise_alarm(cursor: psycopg.Cursor, kind: AlarmKind, subject: str, detail: str) -> None:
    """No effect while the same alarm is open."""
    cursor.execute(QUERIES["raise_alarm"], {"kind": kind, "subject": subject, "detail": detail})


def clear_alarm(cursor: psycopg.Cursor, kind: AlarmKind, subject: str) -> None:
    cursor.execute(QUERIES["clear_alarm"], {"kind": kind, "subject": subject})

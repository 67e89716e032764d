"""Sabotage: an ingest that says Committed before it commits."""

import threading
import time
from collections.abc import Mapping

import psycopg

import lineside
from plant_server.ingest import run
from plant_server.ingest.answers import Committed, committed_command
from plant_server.ingest.consumer import Consumer
from plant_server.ingest.cursors import Cursor, CursorBook, CursorKey
from plant_server.ingest.inbox import Inbox
from plant_server.ingest.pipeline import Pipeline

LEAVES_WITHIN_S = 0.2
_serve, _advance = run._serve, CursorBook.advance


class _Talking:
    consumer: Consumer | None = None


def _serve_loosely(pipeline: Pipeline, inbox: Inbox, consumer: Consumer, stop: threading.Event) -> None:
    _Talking.consumer = consumer
    _serve(pipeline, inbox, consumer, stop)


def _advance_loosely(book: CursorBook, cursor: psycopg.Cursor, cursors: Mapping[CursorKey, Cursor]) -> None:
    _advance(book, cursor, cursors)
    for (edge, epoch), row in cursors.items():
        if _Talking.consumer is not None and row.committed > row.before:
            answer = committed_command(edge, Committed(epoch, row.committed), time.time_ns() // 1_000_000)
            _Talking.consumer.send(answer)
    time.sleep(LEAVES_WITHIN_S)  # So that the word is out before the commit that follows.


if __name__ == "__main__":
    run._serve = _serve_loosely
    setattr(CursorBook, "advance", _advance_loosely)  # noqa: B010  (mypy forbids the assignment)
    lineside.main()

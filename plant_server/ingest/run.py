"""`lineside ingest`: the only place that puts the parts together.

A life: a session, the shard's lock, then MQTT, then batches. Whatever is lost of the database ends the life; the next
one begins with nothing remembered. MQTT may come and go within a life.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psycopg
import structlog

from edge.contract import failpoints
from plant_server.database import connect
from plant_server.errors import CursorConflict, DatabaseUnavailable, SchemaNotReady
from plant_server.ingest.answers import Answers, committed_command, rebirth_command
from plant_server.ingest.consumer import Consumer
from plant_server.ingest.inbox import Inbox
from plant_server.ingest.message import EdgeKey
from plant_server.ingest.pipeline import Pipeline
from plant_server.ingest.shard import become_owner
from plant_server.schema.migrate import require_migrated
from plant_server.settings import Settings

log = structlog.get_logger()

LINGER_S = 0.05
IDLE_S = 0.25
BATCH_MESSAGES = 250
BATCH_BYTES = 4 << 20


def run(settings: Settings) -> None:
    """Own the shard and store until SIGTERM or SIGINT. Raises UnknownFailpoint at the start."""
    failpoints.arm()
    stop = threading.Event()
    with _stopped_by_signals(stop):
        run_until(settings, stop)


def run_until(settings: Settings, stop: threading.Event) -> None:
    """Lives one after the other, with back-off, until `stop` is set."""
    backoff_s = settings.backoff_min_s
    while not stop.is_set():
        began_s = time.monotonic()
        try:
            _live(settings, stop)
        except (DatabaseUnavailable, SchemaNotReady, CursorConflict, psycopg.OperationalError) as error:
            log.warning("database_lost", error=str(error).strip(), shard=settings.shard)
        if time.monotonic() - began_s > settings.backoff_max_s:
            backoff_s = settings.backoff_min_s
        stop.wait(backoff_s)
        backoff_s = min(2 * backoff_s, settings.backoff_max_s)


def _live(settings: Settings, stop: threading.Event) -> None:
    with connect(settings.database_url, application=f"lineside ingest {settings.shard}") as connection:
        require_migrated(connection)
        if not become_owner(connection, settings.shard, stop):
            return
        pipeline = Pipeline(connection, settings)
        pipeline.begin()
        said_ms = 0
        while not stop.is_set():  # A renewed CONNECT does not end the life.
            inbox = Inbox()
            with Consumer(settings, inbox, after_ms=said_ms) as consumer:
                _serve(pipeline, inbox, consumer, stop)
            said_ms = consumer.said_ms


def _serve(pipeline: Pipeline, inbox: Inbox, consumer: Consumer, stop: threading.Event) -> None:
    """Collect, store, answer; until told to stop or to connect anew. RuntimeError: a mistake of ours, ends the process."""
    answers = Answers()
    while not stop.is_set() and not consumer.must_renew:
        if consumer.is_deaf:
            raise RuntimeError("the network thread has ended")
        wait_s = answers.wait_s(time.monotonic(), longest_s=IDLE_S)
        messages = inbox.collect(wait_s=wait_s, linger_s=LINGER_S, messages=BATCH_MESSAGES, size=BATCH_BYTES)
        rebirths = pipeline.rebirths_due()
        if messages:
            outcome = pipeline.store_batch(messages)
            answers.note(outcome, time.monotonic())
            if outcome.quarantined:
                log.warning("quarantined", messages=outcome.quarantined)
            rebirths += outcome.rebirths
        _send(consumer, answers, rebirths)
        pipeline.do_chores()
    _send(consumer, answers, [], all_of_them=True)


def _send(
    consumer: Consumer, answers: Answers, rebirths: list[EdgeKey], *, all_of_them: bool = False
) -> None:
    now_ms = time.time_ns() // 1_000_000
    for edge, committed in answers.take_due(time.monotonic(), all_of_them=all_of_them):
        consumer.send(committed_command(edge, committed, now_ms))
    for edge in rebirths:
        log.info("rebirth_asked", edge=str(edge))
        consumer.send(rebirth_command(edge, now_ms))


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""`lineside bridge run`: the only place that puts the parts together. As many as wanted may run at once.

Tasks: one claims and plans; each system has its senders, one that asks it what it knows while it is held and, if it is a
source, one puller; the API serves. A task that meets something unexpected ends the process; a lost database is waited for.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
import structlog

from erp_bridge.after_restore.holds import examine_forever, is_told
from erp_bridge.config import BridgeConfig
from erp_bridge.connectors import CONNECTORS
from erp_bridge.connectors.connector import Connector
from erp_bridge.database import Session, connect
from erp_bridge.delivery.sender import Sender, send_forever
from erp_bridge.documents.planner import Planner
from erp_bridge.endpoint import Endpoints
from erp_bridge.errors import DatabaseUnavailable
from erp_bridge.inbound.plant_api import PlantApi
from erp_bridge.inbound.puller import Puller, pull_forever
from erp_bridge.outbox.relay import BATCH, claim_due
from erp_bridge.schema.migrate import migrate
from erp_bridge.serve import serve_api
from erp_bridge.settings import Settings

BACKOFF_MIN_S, BACKOFF_MAX_S = 0.5, 30.0
STOP_S = 10
"""How long calls under way may take to end; what is cut off then is looked up by whoever comes next."""
log = structlog.get_logger("lineside.bridge")
Work = Callable[[Session], Awaitable[None]]


async def run(settings: Settings, config: BridgeConfig, *, port: int, host: str = "127.0.0.1") -> None:
    """Run until SIGTERM or SIGINT. Raises MigrationError, DatabaseUnavailable (at the start alone)."""
    applied = await migrate(settings.bridge_database_url)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    connectors = make_connectors(config)
    plant = PlantApi(config.plant) if config.plant is not None else None
    log.info("bridge_ready", migrations=applied, systems=sorted(connectors))
    try:
        async with asyncio.TaskGroup() as tasks:
            workers = _start(tasks, settings, config, connectors, plant, stop)
            workers.append(
                tasks.create_task(serve_api(settings, config, host, port, stop), name="bridge.api")
            )
            await stop.wait()
            await asyncio.wait(workers, timeout=STOP_S)
            for worker in workers:
                worker.cancel()
    finally:
        for connector in connectors.values():
            await connector.close()
        if plant is not None:
            await plant.close()


def make_connectors(config: BridgeConfig) -> dict[str, Connector]:
    """One for each system of the configuration. Opens nothing."""
    return {
        name: CONNECTORS[settings.connector](name, settings) for name, settings in config.connectors.items()
    }


def _start(
    tasks: asyncio.TaskGroup,
    settings: Settings,
    config: BridgeConfig,
    connectors: dict[str, Connector],
    plant: PlantApi | None,
    stop: asyncio.Event,
) -> list[asyncio.Task[None]]:
    url = settings.bridge_database_url

    def start(name: str, work: Work) -> asyncio.Task[None]:
        return tasks.create_task(keep_working(url, name, work, stop), name=f"bridge.{name}")

    endpoints = Endpoints()

    def start_for(system: str, name: str, work: Work) -> asyncio.Task[None]:
        async def work_once_it_is_there(session: Session) -> None:
            await endpoints.wait_for(system, config.connectors[system].endpoint_file, stop)
            if not stop.is_set():
                await work(session)

        return start(name, work_once_it_is_there)

    planner = Planner(config)
    started = [start("plan", lambda session: plan_forever(planner, session, settings.bridge_poll_s, stop))]
    for name, connector in connectors.items():
        sender = Sender(config, connector, stop)
        for index in range(config.connectors[name].workers):
            work = _sending(sender, settings.bridge_poll_s, stop)
            started.append(start_for(name, f"send.{name}.{index}", work))
        if is_told(connector):
            started.append(start_for(name, f"hold.{name}", _examining(config, connector, stop)))
        if config.connectors[name].sources and plant is not None:
            puller = Puller(config, connector, plant)
            pulling = _pulling(puller, settings.bridge_pull_s, stop)
            started.append(start_for(name, f"pull.{name}", pulling))
    return started


def _sending(sender: Sender, poll_s: float, stop: asyncio.Event) -> Work:
    return lambda session: send_forever(sender, session, poll_s, stop)


def _examining(config: BridgeConfig, connector: Connector, stop: asyncio.Event) -> Work:
    return lambda session: examine_forever(session, config, connector, stop)


def _pulling(puller: Puller, period_s: float, stop: asyncio.Event) -> Work:
    return lambda session: pull_forever(puller, session, period_s, stop)


async def plan_forever(planner: Planner, session: Session, poll_s: float, stop: asyncio.Event) -> None:
    """Claim and plan until told to stop. Raises psycopg.Error when the session is lost."""
    while not stop.is_set():
        claimed = await claim_due(session)
        planned = await planner.plan(session)
        if claimed < BATCH and not planned:
            with suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await stop.wait()


async def keep_working(url: str, name: str, work: Work, stop: asyncio.Event) -> None:
    """Do `work` with a session; when the database is lost, begin again with a new one and with back-off."""
    wait_s, is_lost = BACKOFF_MIN_S, False
    while not stop.is_set():
        try:
            async with await connect(url, application=f"lineside bridge {name}") as session:
                if is_lost:
                    log.info("database_is_back", task=name)
                wait_s, is_lost = BACKOFF_MIN_S, False
                await work(session)
        except (DatabaseUnavailable, psycopg.OperationalError) as error:
            if not is_lost:
                log.warning("database_unavailable", task=name, reason=str(error).strip())
            is_lost = True
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await stop.wait()
        wait_s = min(wait_s * 2, BACKOFF_MAX_S)

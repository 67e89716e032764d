"""Puts another configuration into a running edge, or refuses it whole.

    the file changed, or somebody asks ─▶ read and checked as at a start ─▶ has mistakes: refused, the old one goes on
                                                  │
      only devices differ? no: needs a restart ◀──┴──▶ yes: their tags are registered, the devices that differ are
      (edge, broker, spool, timing, metrics)           stopped and started, their births given anew; kept as accepted

A device that does not differ keeps its task, its connection and its place in the poll grid. Nothing is stopped before
all that can fail was done: the new pollers are made, and the spool knows the new tags. If the edge dies in between, it
finds at its next start what differs from the last accepted configuration, and says the rest of what was to be said.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from edge.acquisition.polling import Anew, DevicePoller
from edge.configuration.accepted import AcceptedConfigurations
from edge.configuration.difference import Difference, difference
from edge.configuration.reading import Configuration, ConfigurationFiles, Texts
from edge.configuration.starting import Start
from edge.configuration.state import ConfigurationState, Outcome, take_request, write_state
from edge.configuration.watching import ConfigurationWatch
from edge.contract.spool_metrics import REDEFINED
from edge.errors import ConfigError, SpoolUnavailable
from edge.health import RunningEdge
from edge.running_devices import RunningDevices, definitions

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
CLOSE_S = 3.0
"""For the devices that are stopped to be closed. One that hangs holds up the others of the change for so long."""
DURABLE_S = 10.0
"""For the spool to take what was read by the old configuration, before the new one is kept as accepted."""
WORDS_LOGGED_MAX = 50


class Reconfiguration:
    """`run` is its task; `asked` is set by whoever wants the file read now. `watches`: also without being asked."""

    def __init__(
        self,
        start: Start,
        path: Path,
        running: RunningEdge,
        devices: RunningDevices,
        asked: asyncio.Event,
        *,
        watches: bool,
    ) -> None:
        self._present = start.configuration
        self._path = path
        self._running = running
        self._devices = devices
        self._asked = asked
        self._watches = watches
        self._watch = ConfigurationWatch()
        self._watch.follow([path, *start.read])
        self._accepted = AcceptedConfigurations(running.settings.spool.path)
        self._refused: tuple[Texts, tuple[str, ...]] | None = None  # Said once, not at each look.
        self._token = ""  # Of whoever asked last.
        self.state = ConfigurationState(path, start.accepted_at or datetime.now(UTC))
        running.configuration = self.state
        if start.mistakes:
            self._refuse(Outcome.REFUSED, Texts(), tuple(str(mistake) for mistake in start.mistakes))

    async def run(self, tasks: asyncio.TaskGroup) -> None:
        """Until cancelled. The tasks of new devices belong to `tasks`."""
        self._watch.considered_now()
        await self._keep()
        while True:
            await self._until_due()
            await self._reconsider(tasks)

    async def _until_due(self) -> None:
        """Until somebody asks, or the files have changed and come to rest."""
        while True:
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._asked.wait()
            except TimeoutError:
                pass  # The usual case.
            token = take_request(self._accepted.folder)
            if self._asked.is_set() or token is not None:
                self._asked.clear()
                self._token = token or ""
                self._refused = None
                self._watch.considered_now()
                return
            if self.state.outcome is Outcome.NO_ROOM or (self._watches and self._watch.look()):
                return

    async def _reconsider(self, tasks: asyncio.TaskGroup) -> None:
        files = ConfigurationFiles(self._path)
        try:
            new, found = await asyncio.to_thread(_read, files, self._present, self._accepted)
            if found.needs_restart:
                self._refuse(Outcome.NEEDS_RESTART, files.texts, found.needs_restart)
            else:
                await self._apply(new, found, tasks)
        except ConfigError as error:
            self._refuse(Outcome.REFUSED, files.texts, tuple(str(mistake) for mistake in error.mistakes))
        except SpoolUnavailable as error:
            self._refuse(Outcome.NO_ROOM, files.texts, (str(error),))
        self._watch.follow([self._path, *files.paths])
        await self._tell()

    def _refuse(self, outcome: Outcome, texts: Texts, words: tuple[str, ...]) -> None:
        self.state.outcome, self.state.words = outcome, words
        if self._refused != (texts, words):
            self._refused = (texts, words)
            log.error(
                "configuration_refused",
                file=str(self._path),
                why=outcome,
                words=words[:WORDS_LOGGED_MAX],
                running_on=self.state.accepted_at.isoformat(),
            )

    async def _apply(self, new: Configuration, found: Difference, tasks: asyncio.TaskGroup) -> None:
        """Raises ConfigError or SpoolUnavailable before anything was stopped."""
        if found.is_nothing:
            self.state.outcome, self.state.words = Outcome.RUNNING, ()
            await self._accept(new)
            return
        pollers = self._made(new, (*found.changed, *found.added))
        names = {poller.device_name for poller in pollers}
        devices = [device for device in new.settings.devices if device.name in names]
        await self._running.writer.register(list(definitions(devices, new.profiles)))
        stopped = await self._devices.stop((*found.removed, *found.changed), CLOSE_S)
        await self._end_series(found, stopped, pollers)
        self._running.settings = new.settings
        desks = [poller.desk for poller in (*self._devices.pollers, *pollers)]
        self._running.publisher.redefine(desks, (*found.changed, *found.added))
        self._devices.start(tasks, pollers)
        self.state.changes += 1
        self.state.outcome, self.state.words = Outcome.CHANGED, found.words
        log.info("configuration_changed", file=str(self._path), words=found.words[:WORDS_LOGGED_MAX])
        await self._accept(new)

    def _made(self, new: Configuration, names: Iterable[str]) -> list[DevicePoller]:
        devices = {device.name: device for device in new.settings.devices}
        return [self._devices.made(devices[name], new.profiles[name]) for name in names]

    async def _end_series(
        self, found: Difference, stopped: dict[str, DevicePoller], pollers: Iterable[DevicePoller]
    ) -> None:
        """What was read until now was read by the old configuration."""
        writer = self._running.writer
        now_ms = self._running.clock.last_ms  # Nothing is stamped by a clock that is not believed.
        for name in stopped:
            writer.live.forget(name)
        for poller in pollers:
            name = poller.device_name
            if name in found.anew:
                old = stopped.get(name)
                since_ms = now_ms if old is None else old.read_ms or now_ms
                await writer.gap(name, REDEFINED, found.anew[name], since_ms, max(since_ms, now_ms))
                poller.anew = Anew(found.anew[name], since_ms)

    async def _accept(self, new: Configuration) -> None:
        self._present, self._refused = new, None
        self.state.accepted_at = datetime.now(UTC)
        await self._keep()

    async def _keep(self) -> None:
        """Keep the present configuration, once all is durable that was read before it. Without room for it, it runs
        nevertheless."""
        kept, at = self._accepted, self.state.accepted_at
        try:
            async with asyncio.timeout(DURABLE_S):
                await self._running.writer.written()
            at = await asyncio.to_thread(kept.keep, self._path, self._present.texts, at)
        except (TimeoutError, OSError) as error:
            log.warning("configuration_not_kept", folder=str(kept.folder), reason=str(error))
        self.state.accepted_at = at
        self._running.configured_ms = int(at.timestamp() * 1000)
        await self._tell()

    async def _tell(self) -> None:
        try:
            await asyncio.to_thread(write_state, self._accepted.folder, self.state, self._token)
        except OSError as error:
            log.debug("configuration_state_not_written", reason=str(error))


def _read(
    files: ConfigurationFiles, present: Configuration, accepted: AcceptedConfigurations
) -> tuple[Configuration, Difference]:
    """Raises ConfigError."""
    new = files.configuration(present)
    return new, difference(present, new, accepted.configurations(files.path))

"""How a driver is written: copy this file, and register it in `__init__.py` under its URL scheme.

What else a new protocol needs:

- an address dataclass in `edge/acquisition/addresses.py` (where a value lives; frozen, no behaviour), and its
  keys in `edge/acquisition/profile_file.py`, so that profiles can name it;
- the scheme in `edge/acquisition/` (`device_settings.Device._known_protocol`, `setting_types.DEFAULT_PORTS`) and in
  `configured_devices.SCHEMES`;
- a profile in `profiles/`: a device is data. The test that walks every profile finds it by itself;
- tests against a real server on a socket: it answers, it restarts, it freezes, it refuses, one value is unknown.

A driver is a module, or a folder if it has several subjects. It imports no other driver.
This one reads a device that sends one line of JSON for every line it gets, and serves as an example only.
"""

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from edge.acquisition.decode import publisher
from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Reading
from edge.acquisition.profile import Profile, Tag
from edge.acquisition.timestamps import reading_time
from edge.contract.datatypes import Quality
from edge.errors import DeviceUnavailable


class BlueprintDriver:
    """One device. Made once; entered anew after every loss, so what is learned about the device may stay here."""

    def __init__(self, device: Device, profile: Profile, clock: Clock) -> None:
        # Open nothing here: the poller decides when, and a configuration is checked without devices.
        self._device = device
        self._clock = clock  # Raises ClockNotReady; let it pass, the poller waits.
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        # No time-out of your own unless the library needs one: the poller cancels when the deadline is over.
        # No retry either: say DeviceUnavailable, and the poller backs off.
        try:
            self._streams = await asyncio.open_connection(self._device.host, self._device.port)
        except OSError as error:
            raise DeviceUnavailable(f"cannot connect: {error}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Must not hang on a frozen device: at most about a second.
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def read(self, tags: Sequence[Tag]) -> list[Reading]:
        # Ask for all tags in as few requests as the device allows. After a time-out the poller closes the
        # connection, so a late answer cannot be taken for the next one's.
        answer = await self._ask()
        read_ms = self._clock()
        return [self._reading(tag, answer, read_ms) for tag in tags]

    def _reading(self, tag: Tag, answer: dict[str, int | float | str | bool], read_ms: int) -> Reading:
        # A value the device lacks makes its own tag BAD and no other; BAD has no value. `publisher` knows what
        # may be published: whole units of a counter, the scale, the range of the type. Compile it once per tag.
        value = publisher(tag)(answer.get(tag.name))
        time_ms, by_edge = reading_time(tag.role, None, read_ms)  # None: this device has no clock.
        return Reading(tag, value, time_ms, Quality.BAD if value is None else Quality.GOOD, by_edge)

    async def _ask(self) -> dict[str, int | float | str | bool]:
        if self._streams is None:
            raise DeviceUnavailable("not connected")
        reader, writer = self._streams
        try:
            writer.write(b"\n")
            await writer.drain()
            line = await reader.readline()
            answer = json.loads(line)
        except (OSError, ValueError) as error:
            # An answer that cannot be understood is as good as none: connect anew.
            raise DeviceUnavailable(f"no usable answer: {error}") from error
        if not isinstance(answer, dict):
            raise DeviceUnavailable("no usable answer: not an object")
        return answer

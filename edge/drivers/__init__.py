"""Which driver speaks which URL scheme.

Each is imported when a device needs it: a gateway with meters alone loads no OPC UA library.
"""

from collections.abc import Callable

from edge.acquisition.driver import Clock, Driver
from edge.acquisition.profile import Profile
from edge.settings import Device

DriverMaker = Callable[[Device, Profile, Clock], Driver]
"""Makes a driver for one connection. Opens nothing yet."""


def _opcua(device: Device, profile: Profile, clock: Clock) -> Driver:
    from edge.drivers.opcua import OpcUaDriver

    return OpcUaDriver(device, profile, clock)


def _modbus(device: Device, profile: Profile, clock: Clock) -> Driver:
    from edge.drivers.modbus import ModbusDriver

    return ModbusDriver(device, profile, clock)


DRIVERS: dict[str, DriverMaker] = {"opc.tcp": _opcua, "modbus": _modbus}
"""By the scheme of a device's URL."""

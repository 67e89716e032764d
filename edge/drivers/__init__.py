"""Which driver speaks which URL scheme.

Each is imported when a device needs it: a gateway with meters alone loads no OPC UA library.
"""

from collections.abc import Callable

from edge.acquisition.device_settings import Device
from edge.acquisition.driver import Clock, Driver
from edge.acquisition.located_yaml import YamlReader, read_yaml
from edge.acquisition.profile import Profile
from edge.acquisition.profile_file import load_profile

DriverMaker = Callable[[Device, Profile, Clock], Driver]
"""Makes a driver for one connection. Opens nothing yet."""


def _opcua(device: Device, profile: Profile, clock: Clock) -> Driver:
    from edge.drivers.opcua import OpcUaDriver

    return OpcUaDriver(device, profile, clock)


def _modbus(device: Device, profile: Profile, clock: Clock) -> Driver:
    from edge.drivers.modbus import ModbusDriver

    return ModbusDriver(device, profile, clock)


DRIVERS: dict[str, DriverMaker] = {"opc.tcp": _opcua, "modbus": _modbus, "modbus+rtu": _modbus}
"""By the scheme of a device's URL."""


def profile_of(device: Device, read: YamlReader = read_yaml) -> Profile:
    """The device's profile: as the variant it names, behind its transformers, in its own OPC UA namespace.

    Raises ConfigError; KeyError for a variant that does not exist, which a checked configuration never names."""
    profile = load_profile(device.profile, read=read)
    if device.variant is not None:
        profile = profile.variant(device.variant)
    profile = profile.with_ratios(device.ct_ratio, device.pt_ratio)
    return profile if device.namespace is None else profile.in_namespace(device.namespace)


def driver_of(device: Device, profile: Profile, clock: Clock) -> Driver:
    """The driver that speaks to this device. Opens nothing yet."""
    return DRIVERS[device.scheme](device, profile, clock)

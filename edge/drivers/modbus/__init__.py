"""Modbus TCP: `modbus://host[:port]`."""

from edge.drivers.modbus.driver import ModbusDriver

__all__ = ["ModbusDriver"]

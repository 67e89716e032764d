"""Modbus TCP, RTU on a serial line, and RTU through a serial server: `edge/acquisition/modbus_url.py` has the URLs."""

from edge.drivers.modbus.driver import ModbusDriver

__all__ = ["ModbusDriver"]

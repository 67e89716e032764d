"""OPC UA: `opc.tcp://host[:port][/path]`."""

from edge.drivers.opcua.driver import OpcUaDriver

__all__ = ["OpcUaDriver"]

"""Where a Modbus device is reached, and how its line is framed: what a URL says. Pure.

modbus://192.168.1.20:502                              Modbus TCP
modbus+rtu://192.168.1.21:4001                         RTU frames through a serial server
modbus+rtu:///dev/ttyUSB0?baud=9600&parity=E&stopbits=1    RTU on a serial line
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from edge.acquisition.setting_types import DEFAULT_PORTS

TCP, RTU = "modbus", "modbus+rtu"
MODBUS_SCHEMES = (TCP, RTU)

BAUD_RATES = (1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 76800, 115200, 230400)
UNIT_MAX = 247
"""The highest a device on a serial line may have; 0 is for all of them, and nobody answers (Modbus over serial line V1.02)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One line: an address in the network, or a serial port (then `path` is set and `host` empty)."""

    rtu: bool
    host: str = ""
    port: int = 0
    path: str = ""
    baud: int = 9600
    parity: str = "N"
    stopbits: int = 1

    @property
    def place(self) -> str:
        """As a person calls it; two lines with the same place are the same wire."""
        return self.path or f"{self.host}:{self.port}"

    @property
    def silence_s(self) -> float:
        """The rest between two frames: 3.5 characters of 11 bits, 1.75 ms above 19200 baud. A serial server keeps it
        itself."""
        if not self.path:
            return 0.0
        return 0.00175 if self.baud > 19200 else 3.5 * 11 / self.baud


def endpoint_of(url: str) -> Endpoint:
    """Raises ValueError with what is wrong, as a continuation of "url …"."""
    parts = urlsplit(url)
    if parts.scheme not in MODBUS_SCHEMES:
        raise ValueError(
            "should be modbus://host[:port], modbus+rtu://host:port or modbus+rtu:///dev/ttyUSB0?baud=9600"
        )
    rtu = parts.scheme == RTU
    if parts.username is not None:
        raise ValueError("should not hold a user or password: Modbus has none")
    if parts.hostname:
        return _in_the_network(parts, rtu=rtu)
    if not rtu or len(parts.path) < 2:
        raise ValueError(f"has no host; should be {parts.scheme}://host[:port]")
    return _serial(parts)


def _in_the_network(parts: SplitResult, *, rtu: bool) -> Endpoint:
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"has no valid port; should be {parts.scheme}://host[:port]") from None
    if port == 0:
        raise ValueError("should not have port 0")
    if parts.query:
        raise ValueError(f"has settings of a serial line, and {parts.hostname} is in the network")
    return Endpoint(rtu, host=parts.hostname or "", port=port or DEFAULT_PORTS[parts.scheme])


def _serial(parts: SplitResult) -> Endpoint:
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := sorted(given.keys() - {"baud", "parity", "stopbits"}):
        raise ValueError(f"has {', '.join(unknown)}; a serial line has baud, parity and stopbits")
    baud, parity, stopbits = given.get("baud", "9600"), given.get("parity", "N"), given.get("stopbits", "1")
    if not baud.isdecimal() or int(baud) not in BAUD_RATES:
        raise ValueError(f"has baud={baud}; should be one of {', '.join(map(str, BAUD_RATES))}")
    if parity not in ("N", "E", "O"):
        raise ValueError(f"has parity={parity}; should be N, E or O")
    if stopbits not in ("1", "2"):
        raise ValueError(f"has stopbits={stopbits}; should be 1 or 2")
    # On Windows a port has no folder: modbus+rtu:///COM3.
    path = parts.path[1:] if re.fullmatch(r"/COM\d+", parts.path) else parts.path
    return Endpoint(True, path=path, baud=int(baud), parity=parity, stopbits=int(stopbits))

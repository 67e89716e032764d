"""Find a TCP port for a server: the preferred one, the next free one when it is taken, any for 0."""

import errno
import socket

from plant_server.embedded.errors import StartFailed

_TRIES = 100


def free_port(preferred: int, host: str = "127.0.0.1") -> int:
    """A port nobody listens on, from `preferred` upwards; preferred = 0: one chosen by the system. Raises StartFailed.

    It is free at this moment, not reserved: bind soon.
    """
    if preferred == 0:
        port = _bound_port(host, 0)
        if port is not None:
            return port
    for candidate in range(preferred, preferred + _TRIES):
        if candidate and _bound_port(host, candidate) is not None:
            return candidate
    raise StartFailed(f"no free TCP port on {host} from {preferred} to {preferred + _TRIES - 1}")


def _bound_port(host: str, port: int) -> int | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(
            socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
        )  # Connections of a server just ended do not count.
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return None
            raise
        return int(probe.getsockname()[1])

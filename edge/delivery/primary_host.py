"""Whether the plant listens: the primary host's STATE messages, by the rules of Sparkplug 3.0. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class PrimaryHost:
    """Births wait until the host is online. `timestamp_ms` is the newest STATE seen, of any kind."""

    online: bool = False
    timestamp_ms: int = -1

    def heard(self, online: bool, timestamp_ms: int) -> bool:
        """Take a STATE message; returns whether it counts. One that is older than the last says nothing any more."""
        if timestamp_ms < self.timestamp_ms:
            return False
        self.online, self.timestamp_ms = online, timestamp_ms
        return True

    def disconnected(self) -> None:
        """Our own connection ended: what the host said there no longer holds, its clock does."""
        self.online = False

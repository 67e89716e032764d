"""Whether the plant listens at one broker: the primary host's STATE messages, by the rules of Sparkplug 3.0. Pure.

A host has a session of its own with each broker, and STATE carries the time at which that session began. So what one
broker says of it tells nothing of another, and each connection begins anew: the broker's retained word is its present
one. A memory that reached over connections would wait for ever for a host whose clock was set back.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class PrimaryHost:
    """As heard in one connection. Births wait until it is online. `timestamp_ms`: of the newest STATE, by the host's
    clock, which is compared with nothing but itself."""

    online: bool | None = None  # None: it said nothing yet.
    timestamp_ms: int = -1

    def heard(self, online: bool, timestamp_ms: int) -> bool:
        """Take a STATE message; returns whether it counts. One that is older than the last says nothing any more."""
        if timestamp_ms < self.timestamp_ms:
            return False
        self.online, self.timestamp_ms = online, timestamp_ms
        return True

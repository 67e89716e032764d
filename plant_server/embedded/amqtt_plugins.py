"""Who may connect to the trial broker and which topics are open to whom, as plugins of amqtt.

Both read `rights.json`: {user: {"sha256": …, "write": [filters], "read": [filters]}}, again whenever it changed.
Passwords are 192 random bits, so a plain digest is enough: there is nothing to guess.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amqtt.contexts import Action, BaseContext
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from plant_server.security.access_control import covers


@dataclass
class RightsFile:
    """The rights, as new as the file."""

    path: Path
    _seen: tuple[int, int, int] = (0, 0, 0)
    _rights: dict[str, Any] | None = None

    def of(self, user: str | None) -> dict[str, Any]:
        """What is known of the user; empty for an unknown one."""
        status = self.path.stat()
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._rights is None or seen != self._seen:
            self._rights = json.loads(self.path.read_text(encoding="utf-8"))
            self._seen = seen
        found = self._rights.get(user or "", {})
        return found if isinstance(found, dict) else {}


class PasswordOfUser(BaseAuthPlugin):
    @dataclass
    class Config:
        rights_file: str

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._rights = RightsFile(Path(self.config.rights_file))

    async def authenticate(self, *, session: Session) -> bool | None:
        expected = self._rights.of(session.username).get("sha256", "")
        given = hashlib.sha256((session.password or "").encode()).hexdigest()
        return bool(expected) and hmac.compare_digest(given, expected)


class TopicsOfUser(BaseTopicPlugin):
    @dataclass
    class Config:
        rights_file: str

    def __init__(self, context: BaseContext) -> None:
        super().__init__(context)
        self._rights = RightsFile(Path(self.config.rights_file))

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        allowed = self._rights.of(session.username if session else None)
        filters = allowed.get("write" if action == Action.PUBLISH else "read", ())
        return topic is not None and any(covers(one, topic) for one in filters)

"""The trial broker, for a machine without mosquitto: amqtt in a process of its own, on loopback, user and password.

    python -m plant_server.embedded.amqtt_broker CONFIG      CONFIG: JSON {"bind", "port", "rights_file"}

It keeps no session over a restart, knows clients by password and not by certificate, and does not notice a client that
falls silent. Good for a trial on one machine and for tests.
"""

import asyncio
import hashlib
import json
import signal
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plant_server.embedded.child_process import Account
from plant_server.embedded.errors import ProgramNotFound
from plant_server.embedded.mosquitto import password_of
from plant_server.security.access_control import Rights, user_name
from plant_server.security.secrets import private_folder, write_private_file

TRIAL_NOTICE = (
    "trial broker: amqtt, as no mosquitto is installed (no keep-alive watch, MQTT 3.1.1 only, "
    "no certificate identity)"
)


class Amqtt:
    """The program and its files. `plant_server.embedded.broker` starts and stops it."""

    kind = "amqtt"
    notice: str | None = TRIAL_NOTICE
    process_names = (Path(sys.executable).name,)
    tls = False
    account: Account | None = None  # Our own Python: it stays who we are.

    def __init__(self, home: Path, *, bind: str) -> None:
        """Raises ProgramNotFound when amqtt is not installed."""
        if find_spec("amqtt") is None:
            raise ProgramNotFound("no amqtt found: pip install 'lineside[demo]', or install mosquitto")
        self.folder = home / "broker/amqtt"
        self._home = home
        self.bind = bind

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "plant_server.embedded.amqtt_broker", "amqtt.json"]

    def configure(self, port: int, rights: Mapping[str, Rights]) -> None:
        """Write everything it reads at its start."""
        private_folder(self.folder)
        self.write_rights(rights)
        configuration = {"bind": self.bind, "port": port, "rights_file": "rights.json"}
        write_private_file(self.folder / "amqtt.json", json.dumps(configuration))

    def write_rights(self, rights: Mapping[str, Rights]) -> None:
        """Who may do what; a running broker sees by itself that the file is new."""
        content = {
            user_name(identity): {
                "sha256": hashlib.sha256(password_of(self._home, identity).encode()).hexdigest(),
                "write": allowed.write,
                "read": allowed.read,
            }
            for identity, allowed in rights.items()
        }
        write_private_file(self.folder / "rights.json", json.dumps(content, indent=1))


async def serve(configuration: Mapping[str, Any]) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    from amqtt.broker import Broker  # Imported here: the launcher above needs none of it.

    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    rights = {"rights_file": configuration["rights_file"]}
    broker = Broker(
        {
            "listeners": {"default": {"bind": f"{configuration['bind']}:{configuration['port']}"}},
            "plugins": {
                "plant_server.embedded.amqtt_plugins.PasswordOfUser": rights,
                "plant_server.embedded.amqtt_plugins.TopicsOfUser": rights,
            },
        }
    )
    await broker.start()
    print(TRIAL_NOTICE, flush=True)
    await stopped.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))

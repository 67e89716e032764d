"""What `make test` needs from the machine beside Python: says what is missing, and as root on Debian or Ubuntu installs it.

    python tests/prerequisites.py          LINESIDE_NO_APT=1 refuses to install

Otherwise it stops with one line that names all that is missing, exit 1. Then it installs the Node packages of tests/node.
Standard library only, and modules of ours that need no more.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from plant_server.embedded.child_process import program_on_path
from plant_server.embedded.errors import ProgramNotFound
from plant_server.embedded.postgres_binaries import OLDEST_MAJOR, find_postgres

NODE_FOLDER = Path(__file__).parent / "node"
CLUSTER_SETTINGS = Path("/etc/postgresql-common/createcluster.conf")
SERVICE_POLICY = Path("/usr/sbin/policy-rc.d")
APT_PATIENCE_S = 1800
NPM_PATIENCE_S = 900


@dataclass(frozen=True)
class Prerequisite:
    """name: as the user is told. packages: what brings it on Debian and Ubuntu; none: nothing can be installed."""

    name: str
    packages: tuple[str, ...]
    is_there: Callable[[], bool]


def has(*programs: str) -> Callable[[], bool]:
    """Whether one of the programs is there."""
    return lambda: any(
        program_on_path(program, "/usr/sbin", "/sbin", "/usr/local/sbin") for program in programs
    )


def has_postgres() -> bool:
    try:
        find_postgres(prefer="installed")
    except ProgramNotFound:
        return False
    return True


def has_chinese_font() -> bool:
    if shutil.which("fc-list"):
        fonts = subprocess.run(
            ["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=60, check=False
        ).stdout
        return "Noto" in fonts
    return any(Path("/usr/share/fonts").rglob("Noto*CJK*"))


def can_link_modbus() -> bool:
    """Compile and link against libmodbus: a compiler without the C library's headers would not do."""
    if not shutil.which("gcc"):
        return False
    source = b"#include <modbus/modbus.h>\nint main(void) { return modbus_new_tcp(0, 0) != 0; }\n"
    with tempfile.TemporaryDirectory() as folder:
        command = ["gcc", "-x", "c", "-", "-o", f"{folder}/linked", "-lmodbus"]
        return (
            subprocess.run(command, input=source, capture_output=True, timeout=60, check=False).returncode
            == 0
        )


def may_make_namespaces() -> bool:
    """Root, or a user who may become root in a namespace of his own: for tmpfs and broken networks."""
    if os.geteuid() == 0:
        return True
    unshare = shutil.which("unshare")
    if unshare is None:
        return False
    command = [unshare, "--user", "--map-root-user", "--net", "--mount", "true"]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


PREREQUISITES = (
    Prerequisite("chromium", ("chromium",), has("chromium", "chromium-browser", "google-chrome")),
    Prerequisite("fonts-noto-cjk", ("fonts-noto-cjk",), has_chinese_font),
    Prerequisite("mosquitto", ("mosquitto",), has("mosquitto")),
    Prerequisite(f"postgresql >= {OLDEST_MAJOR}", ("postgresql",), has_postgres),
    Prerequisite("nodejs", ("nodejs",), has("node", "nodejs")),
    Prerequisite("npm", ("npm",), has("npm")),
    Prerequisite("gcc and libmodbus-dev", ("gcc", "libc6-dev", "libmodbus-dev"), can_link_modbus),
    Prerequisite("socat", ("socat",), has("socat")),
    Prerequisite("curl", ("curl",), has("curl")),
    Prerequisite("iproute2", ("iproute2",), has("ip")),
    Prerequisite("root or user namespaces", (), may_make_namespaces),
)


def main() -> None:
    missing = what_is_missing()
    if missing and may_install():
        install([package for one in missing for package in one.packages])
        missing = what_is_missing()
    if missing:
        sys.exit(
            f"make test needs what is missing here: {', '.join(one.name for one in missing)}{advice(missing)}"
        )
    install_node_packages()


def what_is_missing() -> list[Prerequisite]:
    return [one for one in PREREQUISITES if not one.is_there()]


def may_install() -> bool:
    allowed = os.environ.get("LINESIDE_NO_APT", "") in ("", "0")
    return (
        allowed
        and os.geteuid() == 0
        and Path("/etc/debian_version").exists()
        and bool(shutil.which("apt-get"))
    )


def advice(missing: Sequence[Prerequisite]) -> str:
    packages = " ".join(package for one in missing for package in one.packages)
    return f" (Debian, Ubuntu: apt-get install --no-install-recommends {packages})" if packages else ""


def install(packages: Sequence[str]) -> None:
    """apt-get as root. No database cluster is made and no service started: the tests start their own servers."""
    print(f"make test installs what is missing, as root with apt-get: {' '.join(packages)}", flush=True)
    if "postgresql" in packages:
        make_no_cluster()
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with no_service_started():
        for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            done = subprocess.run(
                ["apt-get", "--quiet", *arguments], env=environment, timeout=APT_PATIENCE_S, check=False
            )
            if done.returncode != 0:
                print(f"apt-get {arguments[0]} failed (exit {done.returncode})", file=sys.stderr, flush=True)


def make_no_cluster() -> None:
    """Tell postgresql-common, before it is installed, not to make and start a database of its own."""
    lines = CLUSTER_SETTINGS.read_text(encoding="utf-8").splitlines() if CLUSTER_SETTINGS.exists() else []
    kept = [line for line in lines if not line.strip().startswith("create_main_cluster")]
    CLUSTER_SETTINGS.parent.mkdir(parents=True, exist_ok=True)
    CLUSTER_SETTINGS.write_text("\n".join([*kept, "create_main_cluster = false"]) + "\n", encoding="utf-8")


@contextmanager
def no_service_started() -> Iterator[None]:
    """Debian asks policy-rc.d before it starts a newly installed service (mosquitto's); a policy that is there stays."""
    if SERVICE_POLICY.exists():
        yield
        return
    SERVICE_POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    SERVICE_POLICY.chmod(0o755)
    try:
        yield
    finally:
        SERVICE_POLICY.unlink()


def install_node_packages() -> None:
    """`npm ci` when the lock file is newer than what is installed (npm leaves its own copy of the lock there)."""
    lock = NODE_FOLDER / "package-lock.json"
    installed = NODE_FOLDER / "node_modules/.package-lock.json"
    if not lock.exists() or (installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime):
        return
    command = ["npm", "ci", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=NODE_FOLDER, timeout=NPM_PATIENCE_S, check=False)
    if done.returncode != 0:
        sys.exit(f"make test needs the Node packages of tests/node: npm ci failed (exit {done.returncode})")


if __name__ == "__main__":
    main()

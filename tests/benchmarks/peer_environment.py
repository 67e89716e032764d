"""An environment of its own for ThingsBoard gateway, which pins old libraries. Made once, kept beside the tests' other ones."""

import fcntl
import functools
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".lineside" / "test-envs" / "thingsboard-gateway-3.8.5"
PACKAGES = ("thingsboard-gateway==3.8.5", "asyncua==1.1.5", "pymodbus==3.9.2", "pip", "setuptools<81")
"""The two connectors' libraries too: the gateway would install them with pip by itself, at its first start with a device."""
INSTALLED_WITHIN_S = 600


@functools.cache
def gateway_python() -> Path | None:
    """The Python of an environment that has the gateway. None, and one line that says why, where it cannot be installed."""
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    python, made = FOLDER / "bin" / "python", FOLDER / "installed"
    with FOLDER.with_name(f"{FOLDER.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(FOLDER, ignore_errors=True)
            try:
                _install(python)
            except (OSError, subprocess.SubprocessError) as error:
                left_out(f"{PACKAGES[0]} cannot be installed: {_why(error)}")
                return None
            made.touch()
    return python


def left_out(why: str) -> None:
    print(f"peer left out: {why}")


def _install(python: Path) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(FOLDER))
    # As pip does: a process that has to compile asyncua's address space by itself keeps 350 MB of it.
    _run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *PACKAGES)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALLED_WITHIN_S)


def _why(error: Exception) -> str:
    said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else ""
    return said.splitlines()[-1] if said else str(error)

"""Sparkplug decoders by others, each in an environment of its own, made once and kept until its lock file changes."""

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NODE = ROOT / "tests" / "node"
ENVIRONMENTS = ROOT / ".lineside" / "test-envs"
_BUILD_S, _DECODE_S = 110, 60


def decode_with_node(payloads: list[bytes]) -> list[dict[str, Any]]:
    """What npm's sparkplug-payload reads in each."""
    install_node_packages()
    lines = "".join(payload.hex() + "\n" for payload in payloads)
    return _run(["node", str(NODE / "decode.js")], lines)


def install_node_packages() -> None:
    """Those of tests/node, unless they are there already."""
    _built("node", NODE / "node_modules", NODE / "package-lock.json", _npm_ci)


def decode_with_pysparkplug(payloads: list[tuple[str, bytes]]) -> list[dict[str, Any]]:
    """What PyPI's pysparkplug reads in each; the first of a pair is `birth` or `data`."""
    folder = _built("pysparkplug", ENVIRONMENTS / "pysparkplug", HERE / "pysparkplug.lock", _venv)
    lines = "".join(f"{kind} {payload.hex()}\n" for kind, payload in payloads)
    return _run([str(folder / "bin" / "python"), str(HERE / "decode_pysparkplug.py")], lines)


def _run(command: list[str], lines: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=_DECODE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _npm_ci(_: Path) -> None:
    # No install scripts: a decoder needs none.
    _build(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(NODE)])


def _venv(folder: Path) -> None:
    uv = str(Path(sys.executable).parent / "uv")
    lock = str(HERE / "pysparkplug.lock")
    _build([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)])
    # paho-mqtt 1.6.1 comes as source only: what builds it is pinned by the same lock.
    options = ["--quiet", "--require-hashes", "--build-constraints", lock]
    _build([uv, "pip", "sync", *options, "--python", str(folder / "bin" / "python"), lock])


def _build(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=_BUILD_S, check=False)
    assert done.returncode == 0, done.stderr


def _built(name: str, folder: Path, lock: Path, build: Callable[[Path], None]) -> Path:
    """The environment's folder, built first when it is missing or was made from another lock file."""
    stamp = ENVIRONMENTS / f"{name}.stamp"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    ENVIRONMENTS.mkdir(parents=True, exist_ok=True)
    with _locked(ENVIRONMENTS / f"{name}.lock"):
        if not folder.exists() or not stamp.exists() or stamp.read_text() != wanted:
            build(folder)
            stamp.write_text(wanted)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one process builds. Raises TimeoutError when another one takes longer than two builds may."""
    deadline_s = time.monotonic() + 2 * _BUILD_S
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise TimeoutError(f"{path} is held by another process") from None
                time.sleep(0.05)
        yield
    finally:
        os.close(descriptor)

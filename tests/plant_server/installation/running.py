"""The command line as a person calls it, here or in a process of its own, and what a backup says of itself."""

import json
import os
import subprocess
import sys
import zipfile
from contextlib import chdir
from pathlib import Path

from typer.testing import CliRunner

import lineside as front_door

Done = subprocess.CompletedProcess[str]


def lineside(home: Path, *words: str, owner_url: str | None = None, **environment: str) -> Done:
    """`lineside WORDS…` with this LINESIDE_HOME, in the folder above it; without the second that a new process takes."""
    told: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("LINESIDE_"))
    home.parent.mkdir(parents=True, exist_ok=True)
    with chdir(home.parent):
        done = CliRunner().invoke(front_door.app, words, env=told | _settings(home, owner_url, environment))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr)


def lineside_process(home: Path, *words: str, owner_url: str | None = None, **environment: str) -> Done:
    """The same as a process."""
    without_ours = {name: value for name, value in os.environ.items() if not name.startswith("LINESIDE_")}
    home.parent.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "lineside", *words],
        env=without_ours | _settings(home, owner_url, environment),
        cwd=home.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def manifest_of(file: Path) -> dict[str, object]:
    with zipfile.ZipFile(file) as archive:
        told: dict[str, object] = json.loads(archive.read("manifest.json"))
    return told


def tables_of(file: Path) -> dict[str, dict[str, object]]:
    """Rows and hash of each table; without the one where each restore leaves a row."""
    with zipfile.ZipFile(file) as archive:
        told: dict[str, dict[str, object]] = json.loads(archive.read("manifest.json"))["tables"]
    return {name: content for name, content in told.items() if name != "plant.restoration"}


def _settings(home: Path, owner_url: str | None, environment: dict[str, str]) -> dict[str, str]:
    settings = {"LINESIDE_HOME": str(home), "COLUMNS": "200"} | environment
    if owner_url is not None:
        settings["LINESIDE_OWNER_DATABASE_URL"] = owner_url
    return settings

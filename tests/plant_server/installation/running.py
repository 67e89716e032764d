"""The command line as a person calls it, in a process of its own, and what a backup says of itself."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path


def lineside(
    home: Path, *words: str, owner_url: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`lineside WORDS…` with this LINESIDE_HOME, in the folder above it."""
    settings = {"LINESIDE_HOME": str(home), "COLUMNS": "200"} | environment
    if owner_url is not None:
        settings["LINESIDE_OWNER_DATABASE_URL"] = owner_url
    without_ours = {name: value for name, value in os.environ.items() if not name.startswith("LINESIDE_")}
    home.parent.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "lineside", *words],
        env=without_ours | settings,
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

"""A disk of a few megabytes that a test may fill: a tmpfs, which needs root."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    @property
    def free_bytes(self) -> int:
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def leave(self, free_bytes: int) -> None:
        """Fill it, as somebody else's files do, until only so much is free."""
        with self._ballast.open("ab") as file:
            file.write(bytes(max(0, self.free_bytes - free_bytes)))

    def relieve(self) -> None:
        """Take those files away."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[SmallDisk]:
    """Mounted on `folder`, gone afterwards with all that is on it."""
    folder.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0755", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, timeout=30)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", str(folder)], check=True, timeout=30)

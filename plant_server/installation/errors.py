"""What can go wrong with a backup. Every message says what to do.

BackupError
├── BackupFailed     nothing was made; what was begun is gone
├── BackupRefused    the file is no backup of ours, is damaged, or was made by a version that is newer
├── PlaceRefused     there is something where the backup should go, or somebody works there
└── RestoreFailed    it went wrong on the way, or what stands there now is not what the backup says
"""

from plant_server.errors import LinesidePlantError


class BackupError(LinesidePlantError):
    """Root of the expected failures of backup and restore."""


class BackupFailed(BackupError):
    pass


class BackupRefused(BackupError):
    pass


class PlaceRefused(BackupError):
    pass


class RestoreFailed(BackupError):
    pass

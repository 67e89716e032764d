"""What an edge starts with: the file, or, while the file has mistakes, the last configuration that was accepted."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from edge.configuration.accepted import AcceptedConfigurations, accepted_for
from edge.configuration.reading import Configuration, ConfigurationFiles
from edge.errors import ConfigError, Mistake

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Start:
    """`path`: None for what is in no file. `read`: all files that were read, or tried. `before`: what the spool's edge ran on
    before. `mistakes`: of the file, if the configuration is that of `accepted_at` in its place."""

    configuration: Configuration
    path: Path | None = None
    read: tuple[Path, ...] = ()
    before: Configuration | None = None
    mistakes: tuple[Mistake, ...] = ()
    accepted_at: datetime | None = None


def starting_configuration(path: Path) -> Start:
    """Raises ConfigError if the file has mistakes and nothing that was accepted can take its place."""
    files = ConfigurationFiles(path)
    try:
        configuration = files.configuration()
    except ConfigError as error:
        start = _from_accepted(path, (path, *files.paths), error.mistakes)
        if start is None:
            raise
        return start
    newest = AcceptedConfigurations(configuration.settings.spool.path).newest()
    before = None
    if newest is not None:
        try:
            before = newest.configuration(path)
        except ConfigError as error:  # It names a certificate that is gone, perhaps.
            log.info("accepted_configuration_outdated", reason=str(error))
    return Start(configuration, path, tuple(files.paths), before)


def _from_accepted(path: Path, read: tuple[Path, ...], mistakes: tuple[Mistake, ...]) -> Start | None:
    kept = accepted_for(path)
    newest = kept.newest() if kept is not None else None
    if newest is None:
        return None
    try:
        configuration = newest.configuration(path)
    except ConfigError as error:
        log.warning("accepted_configuration_outdated", reason=str(error))
        return None
    return Start(configuration, path, read, configuration, mistakes, newest.at)

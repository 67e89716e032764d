"""Where the plant's database is: a server of its own (LINESIDE_OWNER_DATABASE_URL), or the embedded one in the folder.

The owner of the database is a member of the roles, so it reads and makes the tables of all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plant_server.embedded.postgres import running_postgres, url_of_running
from plant_server.installation.errors import BackupFailed, PlaceRefused
from plant_server.installation.manifest import DatabaseOf


@contextmanager
def existing_database(home: Path, owner_url: str | None) -> Iterator[tuple[str, DatabaseOf]]:
    """The owner's URL, for a backup. An embedded server that is not running is started for the time.

    Raises BackupFailed when there is neither, EmbeddedServerError.
    """
    if owner_url is not None:
        yield owner_url, "server"
    elif url := url_of_running(home):
        yield url, "embedded"
    elif (home / "pg/data").exists():
        with running_postgres(home) as server:
            yield server.url(), "embedded"
    else:
        raise BackupFailed(
            f"LINESIDE_OWNER_DATABASE_URL is not set, and {home} has no database of its own: set it, or LINESIDE_HOME"
        )


@contextmanager
def database_to_fill(home: Path, owner_url: str | None, *, embedded: bool) -> Iterator[str]:
    """The owner's URL, for a restore. `embedded`: without a URL, make the folder's own server if need be.

    Raises PlaceRefused, EmbeddedServerError.
    """
    if owner_url is not None:
        yield owner_url
        return
    if not embedded:
        raise PlaceRefused(
            "the backup is of a plant with a database server of its own: set LINESIDE_OWNER_DATABASE_URL, or say "
            "--embedded to have one made in the folder"
        )
    if url_of_running(home):
        raise PlaceRefused(f"the plant in {home} is running: stop it first")
    with running_postgres(home) as server:
        yield server.url()

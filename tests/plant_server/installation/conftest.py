"""A plant of a database server with files beside it, and its backup."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from plant_server.embedded.postgres import PostgresServer
from plant_server.security.access_control import EdgeNode, Host
from plant_server.security.installation import prepare
from tests.plant_server.database_fixture import (
    PlantDatabase,
    database_server,
    empty_database,
    fresh_database,
    plant_database,
)
from tests.plant_server.installation.running import lineside

__all__ = ["database_server", "empty_database", "plant_database"]

FACTS = """
SELECT plant.ensure_sample_partition('2026-01-02');
INSERT INTO plant.sample SELECT '2026-01-02'::timestamptz + n * interval '1 s', n / 3.0, n % 7, 192 FROM generate_series(1, 5000) n;
INSERT INTO plant.text_sample VALUES ('2026-01-02 08:00Z', 1, 192, 'Störung: 压机 "1"\n\\.');
INSERT INTO plant.edge (group_id, node) VALUES ('shop1', 'press-shop');
INSERT INTO plant.device (edge_id, name, path) VALUES (1, 'press1', 'demo/plant1/area1/line1/press1');
INSERT INTO plant.tag (device_id, name, datatype) VALUES (1, 'parts', 8);
INSERT INTO plant.person (name, roles, badge_hash) VALUES ('王芳', ARRAY['operator'], '\\x00ff');
INSERT INTO plant.edge_cursor (edge_id, epoch, committed) VALUES (1, gen_random_uuid(), 42);
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as `lineside prepare` makes it, with a file of settings and anchors."""
    home = tmp_path / "site" / ".lineside"
    home.parent.mkdir()
    prepare(
        home, edges=[EdgeNode("shop1", "press-shop")], hosts=[Host("plant")], server_names=["plant.local"]
    )
    (home.parent / "bridge.yaml").write_text("connectors: {}\n")
    return home


@pytest.fixture
def plant(plant_database: PlantDatabase) -> PlantDatabase:
    with psycopg.connect(plant_database.url, autocommit=True) as connection:
        connection.execute(FACTS)
    return plant_database


@pytest.fixture
def file(home: Path, plant: PlantDatabase, tmp_path: Path) -> Path:
    """A backup of both."""
    file = tmp_path / "plant.zip"
    made = lineside(home, "backup", "--out", str(file), owner_url=plant.owner_url)
    assert made.returncode == 0, made.stderr
    return file


@pytest.fixture
def elsewhere(database_server: PostgresServer) -> Iterator[PlantDatabase]:
    with fresh_database(database_server, template="template0") as database:
        yield database

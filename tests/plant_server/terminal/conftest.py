from tests.plant_server.api_fixture import connection
from tests.plant_server.database_fixture import database_server, plant_database
from tests.plant_server.people.conftest import app, client

__all__ = ["app", "client", "connection", "database_server", "plant_database"]

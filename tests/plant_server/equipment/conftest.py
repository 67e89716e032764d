from tests.plant_server.api_fixture import app, client, connection
from tests.plant_server.database_fixture import database_server, plant_database

__all__ = ["app", "client", "connection", "database_server", "plant_database"]

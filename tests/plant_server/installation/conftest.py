from tests.plant_server.database_fixture import database_server, empty_database, plant_database

__all__ = ["database_server", "empty_database", "plant_database"]

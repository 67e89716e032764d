from tests.plant_server.work_orders.conftest import (
    app,
    connection,
    database_server,
    empty_database,
    floor,
    plant_database,
)

__all__ = ["app", "connection", "database_server", "empty_database", "floor", "plant_database"]
